"""Amendments of a stored message: reactions, edits and deletions.

Each is an update whose result is independent of the order and repetition of amendments.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from beanie import PydanticObjectId

from models import Contact, Message, MessageDirection
from models.database.base import collection
from models.messages.words import list_message_words
from whatsapp.contacts.contacts import find_merge
from whatsapp.conversations.conversations import record_deletion
from whatsapp.messages.early_updates import delete_pending_update, store_pending_update
from whatsapp.messages.wamids import match_wamids

# Fields that an edit replaces; their first version is kept in `original`.
_EDITED = ("type", "content", "raw", "text")
REACTION_ORDER = {"at": 1, "wamid": 1, "contact_id": 1, "message_id": 1}


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """`target` is the message's wamid; `at` and `wamid` belong to the amendment."""

    kind: ClassVar[str]
    target: str
    at: datetime
    wamid: str
    contact_id: PydanticObjectId | None = None
    """The customer who sent it; None for the business."""

    def limit_targets(self) -> dict[str, Any]:
        """Returns the filter for allowed targets: each side may change only its own messages."""
        is_customer = self.contact_id is not None
        writer = MessageDirection.INBOUND if is_customer else MessageDirection.OUTBOUND
        return {"direction": writer.value}

    def make_stage(self) -> dict[str, Any]:
        """Returns the `$set` of a pipeline; external text is a `$literal`, so "$x" is no path."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Reaction(Amendment):
    kind: ClassVar[str] = "reaction"
    emoji: str
    """Empty for a removed reaction. It is kept, so that an older reaction that arrives late does
    not reappear."""

    def limit_targets(self) -> dict[str, Any]:
        return {}

    def make_stage(self) -> dict[str, Any]:
        # The key order defines the comparison: newest first, then greatest id.
        names = ("contact_id", "at", "wamid", "emoji")
        added = {"$literal": [{name: getattr(self, name) for name in names}]}
        union = {"$setUnion": [{"$ifNull": ["$reactions", []]}, added]}
        # Reactions sent by the business have a message id, see `whatsapp.messages.reactions`.
        is_sent = {"$ne": [{"$type": "$$this.message_id"}, "missing"]}
        is_same_author = {
            "$and": [{"$eq": ["$$this.contact_id", self.contact_id]}, {"$not": [is_sent]}]
        }
        newest = {"$max": {"$filter": {"input": union, "as": "this", "cond": is_same_author}}}
        other_reactions = {
            "$filter": {"input": union, "as": "this", "cond": {"$not": [is_same_author]}}
        }
        both = {"$concatArrays": [other_reactions, [newest]]}
        return {"reactions": {"$sortArray": {"input": both, "sortBy": REACTION_ORDER}}}


@dataclass(frozen=True, kw_only=True)
class Edit(Amendment):
    kind: ClassVar[str] = "edit"
    type: str
    content: dict[str, Any] = field(default_factory=dict)
    raw: str | None = None
    text: str | None = None
    is_partial: bool = False
    """The content has only changed fields; other fields keep their original values."""

    def make_stage(self) -> dict[str, Any]:
        version = [self.at, {"$literal": self.wamid}]
        is_newer = {"$lt": [["$edited_at", "$edit_wamid"], version]}
        original = {"$ifNull": ["$original", {name: f"${name}" for name in _EDITED}]}
        edited: dict[str, Any] = {name: {"$literal": getattr(self, name)} for name in _EDITED}
        if self.is_partial:
            content = {"$ifNull": ["$original.content", "$content"]}
            edited["content"] = {"$mergeObjects": [content, edited["content"]]}
        words = {"$cond": [{"$gt": ["$deleted_at", None]}, [], list_message_words(self.text)]}
        edited |= {"words": words, "edited_at": self.at, "edit_wamid": version[1]}
        newest = {name: {"$cond": [is_newer, value, f"${name}"]} for name, value in edited.items()}
        return newest | {"original": original}


@dataclass(frozen=True, kw_only=True)
class Revoke(Amendment):
    kind: ClassVar[str] = "revoke"

    def make_stage(self) -> dict[str, Any]:
        return {
            "deleted_at": {"$min": ["$deleted_at", self.at]},
            "unread": False,
            "words": {"$literal": []},
        }


_CLASSES: dict[str, type[Amendment]] = {
    amendment.kind: amendment for amendment in (Reaction, Edit, Revoke)
}


async def record_amendment(account_id: PydanticObjectId, amendment: Amendment) -> bool:
    """Applies the amendment, or stores it until its message is known. Returns True if applied.

    Nothing is stored for an erased customer.

    Raises:
        ErasedPerson: the target message was erased.
    """
    if await _apply_amendment(account_id, amendment):
        return True
    change = asdict(amendment)
    target = change.pop("target")
    pending_id = await store_pending_update(account_id, target, kind=amendment.kind, change=change)
    # The message may have been stored between the first attempt and this write.
    has_applied = await _apply_amendment(account_id, amendment)
    # Checked after the write, so that a later erasure finds the pending update.
    if has_applied or await _is_erased(amendment.contact_id):
        await delete_pending_update(pending_id)
    if not has_applied and amendment.contact_id is not None:
        merge = await find_merge({"_id": amendment.contact_id})
        if merge is not None:
            return await record_amendment(account_id, replace(amendment, contact_id=merge.into_id))
    return has_applied


async def _is_erased(contact_id: PydanticObjectId | None) -> bool:
    if contact_id is None:
        return False
    return await collection(Contact).find_one({"_id": contact_id}, {"_id": 1}) is None


async def apply_pending_amendment(
    account_id: PydanticObjectId, wamid: str, *, kind: str, change: Mapping[str, Any]
) -> bool:
    """Applies a pending update; returns False for a kind that is not an amendment."""
    amendment_class = _CLASSES.get(kind)
    if amendment_class is None:
        return False
    return await _apply_amendment(account_id, amendment_class(target=wamid, **change))


async def _apply_amendment(account_id: PydanticObjectId, amendment: Amendment) -> bool:
    query = match_wamids(account_id, [amendment.target]) | amendment.limit_targets()
    message = await collection(Message).find_one_and_update(
        query, [{"$set": amendment.make_stage()}], projection={"conversation_id": 1}
    )
    if message is not None and isinstance(amendment, Revoke):
        # Written after the message, so that readers of this change see the new unread count.
        await record_deletion(message["conversation_id"], message["_id"])
    return message is not None
