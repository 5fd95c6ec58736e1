"""Combines the fields of two contacts, users or conversations."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models import Contact, ConversationStatus, User
from models.database.base import new_id, to_bson
from whatsapp.contacts.contact_identities import MAX_DUPLICATES
from whatsapp.contacts.users import SCOPES
from whatsapp.conversations.summaries import NEWEST_KEPT, record_reopening, unite_answers

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = ("bsuid", "username", "profile_name")


def combine_contacts(kept: Contact, other: Contact) -> dict[str, Any]:
    """Returns the stored fields of the surviving contact, except its user.

    Fields from WhatsApp come from the newest message; fields set by staff come from `kept`.
    """
    newest = sorted((kept, other), key=lambda contact: contact.profile_at or _NEVER, reverse=True)
    number_holder = next((contact for contact in newest if contact.wa_id is not None), kept)
    # The last parent id is the displayed one.
    later, earlier = (to_bson(contact)["identities"] for contact in newest)
    merged_ids = {kept.id, other.id}
    duplicate_ids = [*kept.duplicate_ids, *other.duplicate_ids]
    duplicates = [duplicate for duplicate in duplicate_ids if duplicate not in merged_ids]
    return {
        **{name: _find_first(getattr(contact, name) for contact in newest) for name in _SHOWN},
        "wa_id": number_holder.wa_id,
        "phone_number": number_holder.phone_number,
        "profile_at": max(filter(None, (kept.profile_at, other.profile_at)), default=None),
        "identities": _unite_lists(earlier, later),
        "name": kept.name or other.name,
        "tags": _unite_lists(kept.tags, other.tags),
        "attributes": {**other.attributes, **kept.attributes},
        "unlinked_at": kept.unlinked_at or other.unlinked_at,
        "erased_before": max(filter(None, (kept.erased_before, other.erased_before)), default=None),
        "blocked": kept.blocked or other.blocked,
        "has_conversation": kept.has_conversation or other.has_conversation,
        "marketing_opt_out": _find_marketing_choice(kept, other),
        "changed_at": _take_newest(kept.changed_at, other.changed_at),
        "duplicate_ids": list(dict.fromkeys(duplicates))[:MAX_DUPLICATES],
        "created_at": min(kept.created_at, other.created_at),
    }


def combine_users(kept: User, other: User) -> dict[str, Any]:
    """Returns the fields of the surviving user; unique fields come with their scope."""
    combined: dict[str, Any] = {"attributes": {**other.attributes, **kept.attributes}}
    for name in ("name", "phone", "email", "external_id"):
        source = other if getattr(kept, name) is None else kept
        combined[name] = getattr(source, name)
        if name in SCOPES:
            combined[SCOPES[name]] = getattr(source, SCOPES[name])
    return combined


def combine_conversations(other: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the `$set` of a pipeline that adds another stored conversation to a conversation.

    A repetition changes only the time of the merge.
    """
    added = {name: {"$literal": other.get(name)} for name in _CONVERSATION_FIELDS}
    is_open = other.get("status") == ConversationStatus.OPEN.value
    last = [added["last_message_at"], added["last_message_id"]]
    is_newer = {"$gt": [last, ["$last_message_at", "$last_message_id"]]}
    has_no_read_mark = {"$eq": [{"$ifNull": ["$read_up_to", None]}, None]}
    has_messages = {"$gt": [{"$ifNull": ["$last_message_at", None]}, None]}
    fields: dict[str, Any] = {
        "assignee_id": {"$ifNull": ["$assignee_id", added["assignee_id"]]},
        "tags": _add_missing("$tags", added["tags"]),
        "last_message_at": {"$cond": [is_newer, last[0], "$last_message_at"]},
        "last_message_id": {"$cond": [is_newer, last[1], "$last_message_id"]},
        # Before the first message this is the time of creation, which is not an activity.
        "last_activity_at": {
            "$cond": [
                has_messages,
                {"$max": ["$last_activity_at", added["last_activity_at"]]},
                added["last_activity_at"],
            ]
        },
        "read_up_to": {"$cond": [has_no_read_mark, added["read_up_to"], "$read_up_to"]},
        "receipt": {"$cond": [has_no_read_mark, added["receipt"], "$receipt"]},
        "created_at": {"$min": ["$created_at", added["created_at"]]},
        **unite_answers({"$ifNull": [added["unanswered_at"], []]}, added["last_outbound_at"], now),
        # Either side may have more unanswered messages than it keeps.
        "answers_stale_at": now,
        "merged_at": now,
        "updated_at": now,
    }
    for name in ("last_inbound_at", "late_read_at", "phone_read_at", "typing_at", "changed_at"):
        fields[name] = {"$max": [f"${name}", added[name]]}
    for name in ("newest_unread_ids", "newest_deleted_ids"):
        fields[name] = _unite_newest(f"${name}", added[name])
    fields["reopenings"] = {
        "$concatArrays": [
            {"$ifNull": ["$reopenings", []]},
            {"$ifNull": [added["reopenings"], []]},
        ]
    }
    if is_open:
        reopening = {"change_id": new_id(), "at": now, "message_id": None}
        was_closed = {"$eq": ["$status", ConversationStatus.CLOSED.value]}
        recorded = record_reopening({"$literal": reopening}, stored=fields["reopenings"])
        for name, value in recorded.items():
            fields[name] = {"$cond": [was_closed, value, fields[name]]}
        fields |= {"status": ConversationStatus.OPEN.value, "closed_at": None}
    return fields


_CONVERSATION_FIELDS = (
    "assignee_id",
    "tags",
    "last_message_at",
    "last_message_id",
    "last_activity_at",
    "last_inbound_at",
    "last_outbound_at",
    "unanswered_at",
    "newest_unread_ids",
    "newest_deleted_ids",
    "read_up_to",
    "receipt",
    "late_read_at",
    "phone_read_at",
    "typing_at",
    "changed_at",
    "reopenings",
    "created_at",
)
COMBINED_FIELDS = (*_CONVERSATION_FIELDS, "status", "closed_at")
"""Fields that must be unchanged since a conversation was read for its removal."""


def _unite_newest(stored: str, added: Mapping[str, Any]) -> dict[str, Any]:
    joined = {"$setUnion": [{"$ifNull": [stored, []]}, {"$ifNull": [added, []]}]}
    return {"$slice": [{"$sortArray": {"input": joined, "sortBy": -1}}, NEWEST_KEPT]}


def _add_missing(stored: str, added: Mapping[str, Any]) -> dict[str, Any]:
    is_missing = {"$not": [{"$in": ["$$this", stored]}]}
    missing = {"$filter": {"input": {"$ifNull": [added, []]}, "as": "this", "cond": is_missing}}
    return {"$concatArrays": [stored, missing]}


def _find_marketing_choice(kept: Contact, other: Contact) -> bool:
    decided_at = [kept.changed_at.get("marketing"), other.changed_at.get("marketing")]
    if decided_at[0] == decided_at[1]:
        return kept.marketing_opt_out or other.marketing_opt_out
    newest = kept if (decided_at[0] or _NEVER) > (decided_at[1] or _NEVER) else other
    return newest.marketing_opt_out


def _take_newest(
    kept: Mapping[str, datetime], other: Mapping[str, datetime]
) -> dict[str, datetime]:
    names = {**kept, **other}
    return {name: max(kept.get(name, _NEVER), other.get(name, _NEVER)) for name in names}


def _unite_lists(kept: list[Any], added: list[Any]) -> list[Any]:
    return kept + [value for value in added if value not in kept]


def _find_first(values: Any) -> Any:
    return next((value for value in values if value is not None), None)
