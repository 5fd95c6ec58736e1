"""Differences between a document before and after a change, as far as subscribers see them.

The change's own update description is not used, because MongoDB describes equal updates in several
ways. A lookup would return the newest version for each of several quick updates.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models import REACTION, MessageDirection, MessageStatus

Image = Mapping[str, Any]

# Fields that subscribers can see. Changes of other fields (leases, attempts, updated_at) are not
# events.
MESSAGE_FIELDS = (
    "type",
    "content",
    "raw",
    "text",
    "media_state",
    "timestamp",
    "reply_to_wamid",
    "referred_product",
    "forwarded",
    "frequently_forwarded",
    "referral",
    "reactions",
    "edited_at",
    "deleted_at",
)
# Shown by the event of a status change; without a status change they are an update.
STATUS_FIELDS = (
    "wamid",
    "status_times",
    "status_rank",
    "unknown_statuses",
    "errors",
    "warnings",
    "pricing",
    "billing_conversation",
    "payments",
    "callback_data",
)
CONVERSATION_FIELDS = (
    "status",
    "assignee_id",
    "tags",
    "last_message_id",
    "last_inbound_at",
    "unanswered_at",
    "last_activity_at",
    "newest_unread_ids",  # the unread count
    "newest_deleted_ids",  # the unread count
    "read_up_to",
    "late_read_at",  # the unread count
    "merged_at",  # a longer history
)
NOTE_FIELDS = ("body", "mention_ids")
CONTACT_FIELDS = (
    "identities",
    "wa_id",
    "phone_number",
    "bsuid",
    "username",
    "profile_name",
    "name",
    "user_id",
    "duplicate_ids",
    "tags",
    "attributes",
    "blocked",
    "marketing_opt_out",
    "has_conversation",  # `conversation`, and filters of conversations by their contact
)
ACCOUNT_FIELDS = (
    "name",
    "phone_number_id",
    "business_account_id",
    "display_phone_number",
    "verified_name",
    "graph_api_version",
    "enabled",
    "health",
    "send_read_receipts",
    "last_check",
    "last_event_at",
    "webhook_verified_at",
)
USER_FIELDS = ("name", "phone", "email", "external_id", "attributes")
TEMPLATE_FIELDS = (
    "name",
    "language",
    "category",
    "sub_category",
    "previous_category",
    "status",
    "status_reason",
    "recommendation",
    "disabled_at",
    "quality_score",
    "previous_quality_score",
    "components",
    "parameter_format",
)
AGENT_FIELDS = ("name", "email", "grants", "retired_at")
_STATUS_BY_KEY = {status.key: status for status in MessageStatus}


class EventKind(StrEnum):
    MESSAGE_ADDED = "message_added"
    MESSAGE_STATUS_CHANGED = "message_status_changed"
    MESSAGE_UPDATED = "message_updated"
    CONVERSATION_UPDATED = "conversation_updated"
    NOTE_ADDED = "note_added"
    NOTE_UPDATED = "note_updated"
    NOTE_DELETED = "note_deleted"
    CONVERSATION_CHANGE_ADDED = "conversation_change_added"
    CONTACT_UPDATED = "contact_updated"
    CONTACT_DELETED = "contact_deleted"
    USER_UPDATED = "user_updated"
    TEMPLATE_UPDATED = "template_updated"
    ACCOUNT_UPDATED = "account_updated"
    ACCOUNT_DELETED = "account_deleted"
    AGENT_UPDATED = "agent_updated"


# Events of inserted and of deleted documents, by collection.
_ADDITIONS = {
    "messages": EventKind.MESSAGE_ADDED,
    "notes": EventKind.NOTE_ADDED,
    "conversation_changes": EventKind.CONVERSATION_CHANGE_ADDED,
}
DELETIONS = {"contacts": EventKind.CONTACT_DELETED, "notes": EventKind.NOTE_DELETED}


@dataclass(frozen=True, slots=True)
class Difference:
    kind: EventKind
    status: MessageStatus | None = None
    status_at: datetime | None = None
    account_id: Any = None
    """The account, if the document belongs to several."""


def find_differences(collection: str, change: Image, after: Image) -> list[Difference]:
    """Returns a difference for each event of a change.

    For a deleted document `after` is the document before the deletion.
    """
    if change["operationType"] == "delete":
        deleted = DELETIONS.get(collection)
        return [] if deleted is None else [Difference(deleted)]
    added = _ADDITIONS.get(collection)
    if added is not None and change["operationType"] == "insert":
        # A reaction is shown on its message; only its status has events of its own.
        return [] if _is_own_reaction(after) else [Difference(added)]
    # Without the previous image every change counts as an update.
    return _COMPARISONS[collection](change.get("fullDocumentBeforeChange"), after)


def _is_own_reaction(image: Image) -> bool:
    is_outbound = image.get("direction") == MessageDirection.OUTBOUND.value
    return is_outbound and image.get("type") == REACTION


def _compare_messages(before: Image | None, after: Image) -> list[Difference]:
    reached = [] if before is None else _list_reached_statuses(before, after)
    fields = MESSAGE_FIELDS if reached else MESSAGE_FIELDS + STATUS_FIELDS
    return reached + _compare(EventKind.MESSAGE_UPDATED, fields, before, after)


def _list_reached_statuses(before: Image, after: Image) -> list[Difference]:
    """Returns a difference for each new status above the current status, lowest rank first."""
    known, times = before.get("status_times") or {}, after.get("status_times") or {}
    reached = [
        status
        for key, status in _STATUS_BY_KEY.items()
        if key in times and key not in known and status.rank > before["status_rank"]
    ]
    return [
        Difference(EventKind.MESSAGE_STATUS_CHANGED, status, times[status.key])
        for status in sorted(reached, key=lambda status: status.rank)
    ]


def _compare_conversations(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.CONVERSATION_UPDATED, CONVERSATION_FIELDS, before, after)


def _compare_notes(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.NOTE_UPDATED, NOTE_FIELDS, before, after)


def _compare_conversation_changes(_before: Image | None, _after: Image) -> list[Difference]:
    """Returns nothing: a record only moves, with the history of a merged contact."""
    return []


def _compare_contacts(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.CONTACT_UPDATED, CONTACT_FIELDS, before, after)


def _compare_accounts(before: Image | None, after: Image) -> list[Difference]:
    if after.get("deleted_at") is not None:
        # The account is invisible from now on, so later changes are not events.
        was_deleted = before is not None and before.get("deleted_at") is not None
        return [] if was_deleted else [Difference(EventKind.ACCOUNT_DELETED)]
    return _compare(EventKind.ACCOUNT_UPDATED, ACCOUNT_FIELDS, before, after)


def _compare_users(before: Image | None, after: Image) -> list[Difference]:
    """Returns a difference for each account that sees the change or newly knows the user."""
    account_ids_before = (
        [] if before is None or _differ(before, after, USER_FIELDS) else before["account_ids"]
    )
    return [
        Difference(EventKind.USER_UPDATED, account_id=account_id)
        for account_id in after["account_ids"]
        if account_id not in account_ids_before
    ]


def _compare_templates(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.TEMPLATE_UPDATED, TEMPLATE_FIELDS, before, after)


def _compare_agents(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.AGENT_UPDATED, AGENT_FIELDS, before, after)


def _compare(
    kind: EventKind, fields: Iterable[str], before: Image | None, after: Image
) -> list[Difference]:
    return [Difference(kind)] if before is None or _differ(before, after, fields) else []


def _differ(before: Image, after: Image, fields: Iterable[str]) -> bool:
    return any(before.get(field) != after.get(field) for field in fields)


_COMPARISONS: dict[str, Callable[[Image | None, Image], list[Difference]]] = {
    "messages": _compare_messages,
    "notes": _compare_notes,
    "conversations": _compare_conversations,
    "conversation_changes": _compare_conversation_changes,
    "contacts": _compare_contacts,
    "accounts": _compare_accounts,
    "users": _compare_users,
    "templates": _compare_templates,
    "agents": _compare_agents,
}
