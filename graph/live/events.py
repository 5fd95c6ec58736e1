"""Events: what one change of a document means to a subscriber.

They are derived by comparing the document before and after the change. Neither the change's own
description of the update nor a look-up would do: MongoDB describes the same update in several ways,
and after three quick updates a look-up sees the last one three times.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import Document, PydanticObjectId
from bson import ObjectId
from pydantic import ValidationError

from graph.live.cursors import END_OF_CHANGE, Position
from models import (
    REACTION,
    Account,
    Contact,
    Conversation,
    Message,
    MessageDirection,
    MessageStatus,
)

logger = logging.getLogger(__name__)

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
STATUS_FIELDS = ("wamid", "status_times", "status_rank", "unknown_statuses", "errors", "pricing")
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
ACCOUNT_SECRETS = ("access_token", "app_secret", "verify_token")
_UNREADABLE = (ValidationError, ValueError, TypeError, KeyError, AttributeError)
_STATUS_BY_KEY = {status.key: status for status in MessageStatus}


class EventKind(StrEnum):
    MESSAGE_ADDED = "message_added"
    MESSAGE_STATUS_CHANGED = "message_status_changed"
    MESSAGE_UPDATED = "message_updated"
    CONVERSATION_UPDATED = "conversation_updated"
    CONTACT_UPDATED = "contact_updated"
    ACCOUNT_UPDATED = "account_updated"


class UnreadableDocument(Exception):
    """A document that this version can't read."""


class Snapshot:
    """A document as it was right after one change, read when somebody wants it and then kept."""

    __slots__ = ("_collection", "_document", "_image")

    def __init__(self, collection: str, image: Image) -> None:
        if collection == "accounts":
            # Not even ciphertexts are kept in memory for subscribers.
            image = {**image, **dict.fromkeys(ACCOUNT_SECRETS, "")}
        self._collection = collection
        self._image: Image | None = image
        self._document: Document | None = None

    def read(self) -> Document | None:
        """None where this version can't read it, which is logged once."""
        image, self._image = self._image, None
        if image is not None:
            try:
                self._document = _DOCUMENT_CLASSES[self._collection].model_validate(image)
            except _UNREADABLE as error:
                _log_unreadable(self._collection, image.get("_id"), error)
        return self._document


class LiveEvent:
    """One event. What costs time is done when somebody wants it, and once for everybody."""

    __slots__ = (
        "_cursor",
        "_sign",
        "_snapshot",
        "account_id",
        "at",
        "conversation_id",
        "kind",
        "position",
        "status",
        "status_at",
    )

    def __init__(
        self,
        draft: "_Draft",
        *,
        position: Position,
        at: datetime,
        owner: tuple[PydanticObjectId, PydanticObjectId | None],
        snapshot: Snapshot,
        sign: Callable[[Position], str],
    ) -> None:
        self.kind = draft.kind
        self.status = draft.status
        self.status_at = draft.status_at
        self.position = position
        self.at = at
        """When the database took the change."""
        self.account_id, self.conversation_id = owner
        """No conversation for contacts and accounts."""
        self._snapshot = snapshot
        self._sign = sign
        self._cursor: str | None = None

    @property
    def cursor(self) -> str:
        if self._cursor is None:
            self._cursor = self._sign(self.position)
        return self._cursor

    @property
    def is_readable(self) -> bool:
        return self._snapshot.read() is not None

    @property
    def document(self) -> Document:
        """As it was right after this change. Shared by all subscribers: never change it.

        Raises:
            UnreadableDocument
        """
        document = self._snapshot.read()
        if document is None:
            raise UnreadableDocument
        return document


@dataclass(frozen=True, slots=True)
class _Draft:
    kind: EventKind
    status: MessageStatus | None = None
    status_at: datetime | None = None


def derive_events(change: Image, *, sign: Callable[[Position], str]) -> list[LiveEvent]:
    """The events of one change-stream document, in order; none if nobody can see a difference.

    A change that this version can't read is logged and gives none: it must not stop the feed.
    """
    after = change.get("fullDocument")
    if after is None:
        return []  # deleted meanwhile, or its image is no longer kept
    collection = change["ns"]["coll"]
    try:
        drafts = _draft(collection, change, after)
        return _finish(drafts, change, collection, sign) if drafts else []
    except _UNREADABLE as error:
        _log_unreadable(collection, change.get("documentKey", {}).get("_id"), error)
        return []


def _log_unreadable(collection: str, document_id: object, error: Exception) -> None:
    # No values: they may hold what a customer wrote.
    logger.error(
        "A change of %s %s can't be shown live: %s", collection, document_id, type(error).__name__
    )


def _finish(
    drafts: list[_Draft], change: Image, collection: str, sign: Callable[[Position], str]
) -> list[LiveEvent]:
    image = change["fullDocument"]
    owner, snapshot = _find_owner(collection, image), Snapshot(collection, image)
    token = change["_id"]["_data"]
    at = change.get("wallTime") or change["clusterTime"].as_datetime()
    last = len(drafts)
    return [
        LiveEvent(
            draft,
            position=Position(token, END_OF_CHANGE if number == last else number),
            at=at,
            owner=owner,
            snapshot=snapshot,
            sign=sign,
        )
        for number, draft in enumerate(drafts, start=1)
    ]


def _find_owner(collection: str, image: Image) -> tuple[PydanticObjectId, PydanticObjectId | None]:
    account_id = image["_id"] if collection == "accounts" else image["account_id"]
    conversation_id = None
    if collection in {"messages", "conversations"}:
        conversation_id = image["conversation_id" if collection == "messages" else "_id"]
    if not isinstance(account_id, ObjectId) or not isinstance(conversation_id, ObjectId | None):
        raise TypeError(collection)
    return account_id, conversation_id  # type: ignore[return-value]  # subscribers compare them only


def _draft(collection: str, change: Image, after: Image) -> list[_Draft]:
    if collection == "messages" and change["operationType"] == "insert":
        # A reaction is seen on its message, and its own status is all there is to hear of it.
        return [] if _is_own_reaction(after) else [_Draft(EventKind.MESSAGE_ADDED)]
    # Without an image from before nobody can tell what differs: it counts as an update.
    return _DRAFTERS[collection](change.get("fullDocumentBeforeChange"), after)


def _is_own_reaction(image: Image) -> bool:
    is_outbound = image.get("direction") == MessageDirection.OUTBOUND.value
    return is_outbound and image.get("type") == REACTION


def _draft_message(before: Image | None, after: Image) -> list[_Draft]:
    reached = [] if before is None else _list_reached_statuses(before, after)
    looked_at = MESSAGE_FIELDS if reached else MESSAGE_FIELDS + STATUS_FIELDS
    return reached + _draft_if_seen(EventKind.MESSAGE_UPDATED, looked_at, before, after)


def _list_reached_statuses(before: Image, after: Image) -> list[_Draft]:
    """One draft for each new status that raised the shown one, lowest rank first."""
    known, times = before.get("status_times") or {}, after.get("status_times") or {}
    reached = [
        status
        for key, status in _STATUS_BY_KEY.items()
        if key in times and key not in known and status.rank > before["status_rank"]
    ]
    return [
        _Draft(EventKind.MESSAGE_STATUS_CHANGED, status, times[status.key])
        for status in sorted(reached, key=lambda status: status.rank)
    ]


def _draft_conversation(before: Image | None, after: Image) -> list[_Draft]:
    return _draft_if_seen(EventKind.CONVERSATION_UPDATED, CONVERSATION_FIELDS, before, after)


def _draft_contact(before: Image | None, after: Image) -> list[_Draft]:
    return _draft_if_seen(EventKind.CONTACT_UPDATED, CONTACT_FIELDS, before, after)


def _draft_account(before: Image | None, after: Image) -> list[_Draft]:
    if after.get("deleted_at") is not None:
        return []  # invisible from that moment
    return _draft_if_seen(EventKind.ACCOUNT_UPDATED, ACCOUNT_FIELDS, before, after)


def _draft_if_seen(
    kind: EventKind, fields: Iterable[str], before: Image | None, after: Image
) -> list[_Draft]:
    return [_Draft(kind)] if before is None or _differ(before, after, fields) else []


def _differ(before: Image, after: Image, fields: Iterable[str]) -> bool:
    return any(before.get(field) != after.get(field) for field in fields)


_DRAFTERS: dict[str, Callable[[Image | None, Image], list[_Draft]]] = {
    "messages": _draft_message,
    "conversations": _draft_conversation,
    "contacts": _draft_contact,
    "accounts": _draft_account,
}
_DOCUMENT_CLASSES: dict[str, type[Document]] = {
    "messages": Message,
    "conversations": Conversation,
    "contacts": Contact,
    "accounts": Account,
}
