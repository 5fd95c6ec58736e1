"""Amendments: what is said about a message instead of being one: reactions, edits, deletions.

Each is one update of its message that any order and any repetition of amendments leaves equal.
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

# What an edit replaces, and what is kept of it as it was first written.
_SAID = ("type", "content", "raw", "text")
REACTION_ORDER = {"at": 1, "wamid": 1, "contact_id": 1, "message_id": 1}


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """Names its message by Meta's id of it; `at` and `wamid` are the amendment's own."""

    kind: ClassVar[str]
    target: str
    at: datetime
    wamid: str
    contact_id: PydanticObjectId | None = None
    """The customer it comes from; None for the business itself."""

    def limit_targets(self) -> dict[str, Any]:
        """Everybody may react to every message, but nobody changes another side's words."""
        is_customer = self.contact_id is not None
        writer = MessageDirection.INBOUND if is_customer else MessageDirection.OUTBOUND
        return {"direction": writer.value}

    def make_stage(self) -> dict[str, Any]:
        """The `$set` of a pipeline; outside text is a `$literal`, so that "$x" is no path."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Reaction(Amendment):
    kind: ClassVar[str] = "reaction"
    emoji: str
    """Empty where the reaction is taken back: that is remembered, so that a late older one of the
    same person does not come back."""

    def limit_targets(self) -> dict[str, Any]:
        return {}

    def make_stage(self) -> dict[str, Any]:
        # The order of the keys is that of the comparison: the newest, then the greater id.
        names = ("contact_id", "at", "wamid", "emoji")
        given = {"$literal": [{name: getattr(self, name) for name in names}]}
        union = {"$setUnion": [{"$ifNull": ["$reactions", []]}, given]}
        # Those that were sent from here are kept by `whatsapp.messages.reactions`, each by itself.
        is_sent = {"$ne": [{"$type": "$$this.message_id"}, "missing"]}
        is_own = {"$and": [{"$eq": ["$$this.contact_id", self.contact_id]}, {"$not": [is_sent]}]}
        own = {"$max": {"$filter": {"input": union, "as": "this", "cond": is_own}}}
        others = {"$filter": {"input": union, "as": "this", "cond": {"$not": [is_own]}}}
        both = {"$concatArrays": [others, [own]]}
        return {"reactions": {"$sortArray": {"input": both, "sortBy": REACTION_ORDER}}}


@dataclass(frozen=True, kw_only=True)
class Edit(Amendment):
    kind: ClassVar[str] = "edit"
    type: str
    content: dict[str, Any] = field(default_factory=dict)
    raw: str | None = None
    text: str | None = None
    is_partial: bool = False
    """The content has only what is new: the rest is as it was first written."""

    def make_stage(self) -> dict[str, Any]:
        given = [self.at, {"$literal": self.wamid}]
        is_newer = {"$lt": [["$edited_at", "$edit_wamid"], given]}
        first = {"$ifNull": ["$original", {name: f"${name}" for name in _SAID}]}
        said: dict[str, Any] = {name: {"$literal": getattr(self, name)} for name in _SAID}
        if self.is_partial:
            content = {"$ifNull": ["$original.content", "$content"]}
            said["content"] = {"$mergeObjects": [content, said["content"]]}
        words = {"$cond": [{"$gt": ["$deleted_at", None]}, [], list_message_words(self.text)]}
        wanted = said | {"words": words, "edited_at": self.at, "edit_wamid": given[1]}
        newest = {name: {"$cond": [is_newer, value, f"${name}"]} for name, value in wanted.items()}
        return newest | {"original": first}


@dataclass(frozen=True, kw_only=True)
class Revoke(Amendment):
    kind: ClassVar[str] = "revoke"

    def make_stage(self) -> dict[str, Any]:
        return {
            "deleted_at": {"$min": ["$deleted_at", self.at]},
            "unread": False,
            "words": {"$literal": []},
        }


_CLASSES: dict[str, type[Amendment]] = {one.kind: one for one in (Reaction, Edit, Revoke)}


async def record_amendment(account_id: PydanticObjectId, amendment: Amendment) -> bool:
    """Applies it, or keeps it until its message is known; returns whether it applied.

    Of a customer who was erased meanwhile nothing is kept.
    """
    if await _apply(account_id, amendment):
        return True
    change = asdict(amendment)
    target = change.pop("target")
    pending_id = await store_pending_update(account_id, target, kind=amendment.kind, change=change)
    # The message may have been stored between our look and our write.
    has_applied = await _apply(account_id, amendment)
    # Looked for after the write: who erases the contact from now on finds what is kept of it.
    if has_applied or await _is_gone(amendment.contact_id):
        await delete_pending_update(pending_id)
    if not has_applied and amendment.contact_id is not None:
        merge = await find_merge({"_id": amendment.contact_id})
        if merge is not None:
            return await record_amendment(account_id, replace(amendment, contact_id=merge.into_id))
    return has_applied


async def _is_gone(contact_id: PydanticObjectId | None) -> bool:
    if contact_id is None:
        return False
    return await collection(Contact).find_one({"_id": contact_id}, {"_id": 1}) is None


async def apply_pending_amendment(
    account_id: PydanticObjectId, wamid: str, *, kind: str, change: Mapping[str, Any]
) -> bool:
    """Applies what waited for this message; False for a kind that is no amendment."""
    amendment_class = _CLASSES.get(kind)
    if amendment_class is None:
        return False
    return await _apply(account_id, amendment_class(target=wamid, **change))


async def _apply(account_id: PydanticObjectId, amendment: Amendment) -> bool:
    query = {"account_id": account_id, "wamid": amendment.target, **amendment.limit_targets()}
    found = await collection(Message).find_one_and_update(
        query, [{"$set": amendment.make_stage()}], projection={"conversation_id": 1}
    )
    if found is not None and isinstance(amendment, Revoke):
        # After the message: whoever sees this change sees the new unread count.
        await record_deletion(found["conversation_id"], found["_id"])
    return found is not None
