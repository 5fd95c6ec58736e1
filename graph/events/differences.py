"""Differences: what a subscriber can see of one change of a document.

The document before the change is compared with the one after it. Neither the change's own
description of the update nor a look-up would do: MongoDB describes the same update in several ways,
and after three quick updates a look-up sees the last one three times.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models import REACTION, MessageDirection, MessageStatus

Image = Mapping[str, Any]

# What a subscriber can see of each document. A change of bookkeeping alone (leases, attempts,
# updated_at) is no event.
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
# These change along with a status, whose event then shows them; by themselves they are an update.
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
    "last_activity_at",
    "newest_unread_ids",  # seen as the unread count
    "newest_deleted_ids",  # so are these
    "read_up_to",
    "late_read_at",  # seen as the unread count too
    "merged_at",  # seen as a longer history
)
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
_STATUS_BY_KEY = {status.key: status for status in MessageStatus}


class EventKind(StrEnum):
    MESSAGE_ADDED = "message_added"
    MESSAGE_STATUS_CHANGED = "message_status_changed"
    MESSAGE_UPDATED = "message_updated"
    CONVERSATION_UPDATED = "conversation_updated"
    CONTACT_UPDATED = "contact_updated"
    CONTACT_DELETED = "contact_deleted"
    USER_UPDATED = "user_updated"
    TEMPLATE_UPDATED = "template_updated"
    ACCOUNT_UPDATED = "account_updated"
    ACCOUNT_DELETED = "account_deleted"


@dataclass(frozen=True, slots=True)
class Difference:
    kind: EventKind
    status: MessageStatus | None = None
    status_at: datetime | None = None
    account_id: Any = None
    """The account that it belongs to, where the document belongs to several."""


def find_differences(collection: str, change: Image, after: Image) -> list[Difference]:
    """One for each event; none where nobody can see a difference. Of a deleted document, `after` is
    what it was before.
    """
    if change["operationType"] == "delete":
        return [Difference(EventKind.CONTACT_DELETED)] if collection == "contacts" else []
    if collection == "messages" and change["operationType"] == "insert":
        # A reaction is seen on its message, and its own status is all there is to hear of it.
        return [] if _is_own_reaction(after) else [Difference(EventKind.MESSAGE_ADDED)]
    # Without an image from before nobody can tell what differs: it counts as an update.
    return _COMPARISONS[collection](change.get("fullDocumentBeforeChange"), after)


def _is_own_reaction(image: Image) -> bool:
    is_outbound = image.get("direction") == MessageDirection.OUTBOUND.value
    return is_outbound and image.get("type") == REACTION


def _compare_messages(before: Image | None, after: Image) -> list[Difference]:
    reached = [] if before is None else _list_reached_statuses(before, after)
    looked_at = MESSAGE_FIELDS if reached else MESSAGE_FIELDS + STATUS_FIELDS
    return reached + _compare(EventKind.MESSAGE_UPDATED, looked_at, before, after)


def _list_reached_statuses(before: Image, after: Image) -> list[Difference]:
    """One for each new status that raised the shown one, lowest rank first."""
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


def _compare_contacts(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.CONTACT_UPDATED, CONTACT_FIELDS, before, after)


def _compare_accounts(before: Image | None, after: Image) -> list[Difference]:
    if after.get("deleted_at") is not None:
        # Invisible from that moment; what is written to it later is nobody's business.
        was_deleted = before is not None and before.get("deleted_at") is not None
        return [] if was_deleted else [Difference(EventKind.ACCOUNT_DELETED)]
    return _compare(EventKind.ACCOUNT_UPDATED, ACCOUNT_FIELDS, before, after)


def _compare_users(before: Image | None, after: Image) -> list[Difference]:
    """One for each account whose staff see the user, of what they had not seen."""
    known = [] if before is None or _differ(before, after, USER_FIELDS) else before["account_ids"]
    return [
        Difference(EventKind.USER_UPDATED, account_id=account_id)
        for account_id in after["account_ids"]
        if account_id not in known
    ]


def _compare_templates(before: Image | None, after: Image) -> list[Difference]:
    return _compare(EventKind.TEMPLATE_UPDATED, TEMPLATE_FIELDS, before, after)


def _compare(
    kind: EventKind, fields: Iterable[str], before: Image | None, after: Image
) -> list[Difference]:
    return [Difference(kind)] if before is None or _differ(before, after, fields) else []


def _differ(before: Image, after: Image, fields: Iterable[str]) -> bool:
    return any(before.get(field) != after.get(field) for field in fields)


_COMPARISONS: dict[str, Callable[[Image | None, Image], list[Difference]]] = {
    "messages": _compare_messages,
    "conversations": _compare_conversations,
    "contacts": _compare_contacts,
    "accounts": _compare_accounts,
    "users": _compare_users,
    "templates": _compare_templates,
}
