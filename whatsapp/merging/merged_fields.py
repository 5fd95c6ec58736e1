"""The fields of two contacts, users or conversations as those of one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models import Contact, ConversationStatus, User
from models.database.base import to_bson
from whatsapp.contacts.contact_identities import MAX_DUPLICATES
from whatsapp.contacts.users import SCOPES
from whatsapp.conversations.summaries import NEWEST_KEPT

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = ("bsuid", "username", "profile_name")


def combine_contacts(kept: Contact, other: Contact) -> dict[str, Any]:
    """The stored fields of the contact that is left, besides its user.

    What WhatsApp shows of a customer is that of the newest message; of what staff gave them, that
    of `kept` stands.
    """
    newest = sorted((kept, other), key=lambda one: one.profile_at or _NEVER, reverse=True)
    number = next((one for one in newest if one.wa_id is not None), kept)
    # The last parent id is the one that is shown.
    later, earlier = (to_bson(one)["identities"] for one in newest)
    own_ids = {kept.id, other.id}
    duplicates = [one for one in [*kept.duplicate_ids, *other.duplicate_ids] if one not in own_ids]
    return {
        **{name: _first(getattr(one, name) for one in newest) for name in _SHOWN},
        "wa_id": number.wa_id,
        "phone_number": number.phone_number,
        "profile_at": max(filter(None, (kept.profile_at, other.profile_at)), default=None),
        "identities": _unite(earlier, later),
        "name": kept.name or other.name,
        "tags": _unite(kept.tags, other.tags),
        "attributes": {**other.attributes, **kept.attributes},
        "unlinked_at": kept.unlinked_at or other.unlinked_at,
        "blocked": kept.blocked or other.blocked,
        "marketing_opt_out": _find_marketing(kept, other),
        "changed_at": _take_newest(kept.changed_at, other.changed_at),
        "duplicate_ids": list(dict.fromkeys(duplicates))[:MAX_DUPLICATES],
        "created_at": min(kept.created_at, other.created_at),
    }


def combine_users(kept: User, other: User) -> dict[str, Any]:
    """What `kept` learns of a user who is the same person; what is unique comes with its scope."""
    combined: dict[str, Any] = {"attributes": {**other.attributes, **kept.attributes}}
    for name in ("name", "phone", "email", "external_id"):
        source = other if getattr(kept, name) is None else kept
        combined[name] = getattr(source, name)
        if name in SCOPES:
            combined[SCOPES[name]] = getattr(source, SCOPES[name])
    return combined


def combine_conversations(other: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The `$set` of a pipeline that gives a conversation what another one, as stored, adds to it.

    To do it again changes nothing but the time of the merge.
    """
    told = {name: {"$literal": other.get(name)} for name in _CONVERSATION_FIELDS}
    is_open = other.get("status") == ConversationStatus.OPEN.value
    last = [told["last_message_at"], told["last_message_id"]]
    is_newer = {"$gt": [last, ["$last_message_at", "$last_message_id"]]}
    is_unread_by_staff = {"$eq": [{"$ifNull": ["$read_up_to", None]}, None]}
    has_said = {"$gt": [{"$ifNull": ["$last_message_at", None]}, None]}
    fields: dict[str, Any] = {
        "assignee_id": {"$ifNull": ["$assignee_id", told["assignee_id"]]},
        "tags": _add_missing("$tags", told["tags"]),
        "last_message_at": {"$cond": [is_newer, last[0], "$last_message_at"]},
        "last_message_id": {"$cond": [is_newer, last[1], "$last_message_id"]},
        # Before the first message it is the time of creation, which is no activity.
        "last_activity_at": {
            "$cond": [
                has_said,
                {"$max": ["$last_activity_at", told["last_activity_at"]]},
                told["last_activity_at"],
            ]
        },
        "read_up_to": {"$cond": [is_unread_by_staff, told["read_up_to"], "$read_up_to"]},
        "receipt": {"$cond": [is_unread_by_staff, told["receipt"], "$receipt"]},
        "created_at": {"$min": ["$created_at", told["created_at"]]},
        "merged_at": now,
        "updated_at": now,
    }
    for name in ("last_inbound_at", "late_read_at", "phone_read_at", "typing_at"):
        fields[name] = {"$max": [f"${name}", told[name]]}
    for name in ("newest_unread_ids", "newest_deleted_ids"):
        fields[name] = _unite_newest(f"${name}", told[name])
    if is_open:
        fields |= {"status": ConversationStatus.OPEN.value, "closed_at": None}
    return fields


_CONVERSATION_FIELDS = (
    "assignee_id",
    "tags",
    "last_message_at",
    "last_message_id",
    "last_activity_at",
    "last_inbound_at",
    "newest_unread_ids",
    "newest_deleted_ids",
    "read_up_to",
    "receipt",
    "late_read_at",
    "phone_read_at",
    "typing_at",
    "created_at",
)
COMBINED_FIELDS = (*_CONVERSATION_FIELDS, "status", "closed_at")
"""A conversation in which these are as they were when it was read has nothing new to add."""


def _unite_newest(stored: str, added: Mapping[str, Any]) -> dict[str, Any]:
    joined = {"$setUnion": [{"$ifNull": [stored, []]}, {"$ifNull": [added, []]}]}
    return {"$slice": [{"$sortArray": {"input": joined, "sortBy": -1}}, NEWEST_KEPT]}


def _add_missing(stored: str, added: Mapping[str, Any]) -> dict[str, Any]:
    is_missing = {"$not": [{"$in": ["$$this", stored]}]}
    missing = {"$filter": {"input": {"$ifNull": [added, []]}, "as": "this", "cond": is_missing}}
    return {"$concatArrays": [stored, missing]}


def _find_marketing(kept: Contact, other: Contact) -> bool:
    decided = [kept.changed_at.get("marketing"), other.changed_at.get("marketing")]
    if decided[0] == decided[1]:
        return kept.marketing_opt_out or other.marketing_opt_out
    newest = kept if (decided[0] or _NEVER) > (decided[1] or _NEVER) else other
    return newest.marketing_opt_out


def _take_newest(
    kept: Mapping[str, datetime], other: Mapping[str, datetime]
) -> dict[str, datetime]:
    names = {**kept, **other}
    return {name: max(kept.get(name, _NEVER), other.get(name, _NEVER)) for name in names}


def _unite(kept: list[Any], added: list[Any]) -> list[Any]:
    return kept + [one for one in added if one not in kept]


def _first(values: Any) -> Any:
    return next((one for one in values if one is not None), None)
