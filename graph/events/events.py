"""Live events, derived from changes, with the document as of the change."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from beanie import Document, PydanticObjectId
from bson import ObjectId
from pydantic import ValidationError

from graph.events.differences import DELETIONS, Difference, EventKind, Image, find_differences
from models import (
    Account,
    Agent,
    Contact,
    Conversation,
    ConversationChange,
    Message,
    Note,
    Template,
    User,
)
from models.changes.position import END_OF_CHANGE, Position
from models.database.conversion import DEFAULT_WORKSPACE_ID, WORKSPACE_FIELD, from_bson

logger = logging.getLogger(__name__)

EVENT_BYTES = 500
# The reference and the object header, measured with CPython 3.11.
ENTRY_BYTES = 64
ACCOUNT_SECRETS = ("access_token", "app_secret", "verify_token")
_UNREADABLE = (ValidationError, ValueError, TypeError, KeyError, AttributeError)


def _estimate_bytes(value: object) -> int:
    """Returns the bytes of `value` and all it contains, within a factor of two."""
    size = 0
    pending = [value]
    while pending:
        entry = pending.pop()
        size += ENTRY_BYTES
        if isinstance(entry, str | bytes):
            size += len(entry)
        elif isinstance(entry, dict):
            size += ENTRY_BYTES * len(entry)
            pending.extend(entry.values())
        elif isinstance(entry, list):
            pending.extend(entry)
    return size


SealCursor = Callable[[Position, PydanticObjectId], str]
"""Makes the cursor of a position in a workspace."""


class UnreadableDocument(Exception):
    """The document can't be read by this version, or was erased."""


class Snapshot:
    """A document as of a change, parsed on first use."""

    __slots__ = ("_collection", "_document", "_image", "size")

    def __init__(self, collection: str, image: Image) -> None:
        if collection == "accounts":
            # Not even ciphertexts stay in memory.
            image = {**image, **dict.fromkeys(ACCOUNT_SECRETS, "")}
        self._collection = collection
        self.size = _estimate_bytes(image)
        """Estimated bytes in memory."""
        self._image: Image | None = image
        self._document: Document | None = None

    def read(self) -> Document | None:
        """Returns the document, or None if this version can't read it, which is logged once."""
        image, self._image = self._image, None
        if image is not None:
            try:
                self._document = from_bson(
                    _DOCUMENT_CLASSES[self._collection], image, tolerant=True
                )
            except _UNREADABLE as error:
                _log_unreadable(self._collection, image.get("_id"), error)
        return self._document

    def erase(self) -> None:
        self._image = self._document = None

    def mark_deleted(self, at: datetime) -> None:
        """Marks a message as deleted for everyone, which hides its content."""
        if isinstance(message := self.read(), Message) and message.deleted_at is None:
            self._document = message.model_copy(update={"deleted_at": at})


class Version(NamedTuple):
    """Equal for events with equal execution results."""

    position: Position
    is_marked_deleted: bool


class LiveEvent:
    """An event. Its document and cursor are computed once, on first use."""

    __slots__ = (
        "_cursor",
        "_seal",
        "_snapshot",
        "account_id",
        "account_ids",
        "at",
        "conversation_id",
        "document_id",
        "is_marked_deleted",
        "kind",
        "position",
        "size",
        "status",
        "status_at",
        "traceparent",
        "workspace_id",
    )

    def __init__(
        self,
        difference: Difference,
        *,
        position: Position,
        at: datetime,
        document_id: PydanticObjectId,
        workspace_id: PydanticObjectId,
        owner: tuple[PydanticObjectId | None, PydanticObjectId | None],
        account_ids: frozenset[PydanticObjectId] | None = None,
        snapshot: Snapshot | None,
        seal: SealCursor,
        size: int = EVENT_BYTES,
        traceparent: str | None = None,
    ) -> None:
        self.kind = difference.kind
        self.status = difference.status
        self.status_at = difference.status_at
        self.position = position
        self.at = at
        """Time of the change in the database."""
        self.document_id = document_id
        self.workspace_id = workspace_id
        self.account_id, self.conversation_id = owner
        """The account, None for agents, and the conversation of a conversation or timeline item."""
        self.account_ids = account_ids
        """The accounts of an agent, for events without `account_id`; None for all accounts."""
        self.is_marked_deleted = False
        """True if its message has been deleted for everyone since."""
        self.size = size
        """Estimated bytes in memory; the first event of a change includes the document."""
        self.traceparent = traceparent
        """The span that stored the message, only while traces are on."""
        self._snapshot = snapshot
        self._seal = seal
        self._cursor: str | None = None

    @property
    def cursor(self) -> str:
        if self._cursor is None:
            self._cursor = self._seal(self.position, self.workspace_id)
        return self._cursor

    @property
    def version(self) -> Version:
        return Version(self.position, self.is_marked_deleted)

    @property
    def has_document(self) -> bool:
        """False for the deletion of a contact or note, of which nothing is kept."""
        return self._snapshot is not None

    @property
    def is_readable(self) -> bool:
        return self._snapshot is None or self._snapshot.read() is not None

    @property
    def document(self) -> Document:
        """The document as of this change. Shared by all subscribers, so it must not be modified.

        Raises:
            UnreadableDocument: unreadable, erased, or without a document.
        """
        document = None if self._snapshot is None else self._snapshot.read()
        if document is None:
            raise UnreadableDocument
        return document

    def erase_document(self) -> None:
        """Erases the document; this event is not delivered any more."""
        if self._snapshot is not None:
            self._snapshot.erase()

    def mark_deleted(self, at: datetime) -> None:
        """Hides the content of a message that has been deleted for everyone since."""
        if self._snapshot is not None and not self.is_marked_deleted:
            self.is_marked_deleted = True
            self._snapshot.mark_deleted(at)


def derive_events(change: Image, *, seal: SealCursor) -> list[LiveEvent]:
    """Returns the events of a change, in order.

    A change that this version can't read is logged and has no events, so that the feed continues.
    """
    collection = change["ns"]["coll"]
    before, after = change.get("fullDocumentBeforeChange"), change.get("fullDocument")
    # A deletion shows the owner only in the previous image.
    image = before if change["operationType"] == "delete" else after
    if image is None:
        return []  # deleted meanwhile, or the image has expired
    try:
        differences = find_differences(collection, change, image)
        return _make_events(differences, change, collection, image, seal) if differences else []
    except _UNREADABLE as error:
        _log_unreadable(collection, change.get("documentKey", {}).get("_id"), error)
        return []


_ID_FIELDS = {
    "accounts": "account_id",
    "contacts": "contact_id",
    "conversations": "conversation_id",
    "messages": "message_id",
}


def _log_unreadable(collection: str, document_id: object, error: Exception) -> None:
    # Without values, which may be a customer's message.
    logger.error(
        "Skipped the events of an unreadable change in %s: %s",
        collection,
        type(error).__name__,
        extra={_ID_FIELDS.get(collection, "document_id"): document_id},
    )


def _make_events(
    differences: list[Difference],
    change: Image,
    collection: str,
    image: Image,
    seal: SealCursor,
) -> list[LiveEvent]:
    snapshot = _take_snapshot(differences[0].kind, change, collection, image)
    token = change["_id"]["_data"]
    at = change.get("wallTime") or change["clusterTime"].as_datetime()
    last = len(differences)
    return [
        LiveEvent(
            difference,
            position=Position(
                token, END_OF_CHANGE if number == last else min(number, END_OF_CHANGE - 1)
            ),
            at=at,
            document_id=image["_id"],
            workspace_id=image.get(WORKSPACE_FIELD) or DEFAULT_WORKSPACE_ID,
            owner=_find_owner(collection, image, difference),
            account_ids=_list_agent_accounts(collection, image),
            snapshot=snapshot,
            seal=seal,
            size=EVENT_BYTES + (snapshot.size if snapshot and number == 1 else 0),
            traceparent=image.get("traceparent"),
        )
        for number, difference in enumerate(differences, start=1)
    ]


def _take_snapshot(
    kind: EventKind, change: Image, collection: str, image: Image
) -> Snapshot | None:
    if kind in DELETIONS.values():
        return None  # nothing is kept of an erased contact or a deleted note
    if kind is EventKind.ACCOUNT_DELETED:
        # The deletion clears unique fields such as the phone number id.
        image = change.get("fullDocumentBeforeChange") or image
    return Snapshot(collection, image)


def _find_owner(
    collection: str, image: Image, difference: Difference
) -> tuple[PydanticObjectId | None, PydanticObjectId | None]:
    if collection == "agents":
        return None, None
    account_id = difference.account_id
    if account_id is None:
        account_id = image["_id"] if collection == "accounts" else image["account_id"]
    field = _CONVERSATION_IDS.get(collection)
    conversation_id = None if field is None else image[field]
    if not isinstance(account_id, ObjectId) or not isinstance(conversation_id, ObjectId | None):
        raise TypeError(collection)
    return account_id, conversation_id  # type: ignore[return-value]  # only compared


def _list_agent_accounts(collection: str, image: Image) -> frozenset[PydanticObjectId] | None:
    account_ids = image["account_ids"] if collection == "agents" else None
    return None if account_ids is None else frozenset(account_ids)


# The field with the conversation's id, for the collections that have one.
_CONVERSATION_IDS = {
    "messages": "conversation_id",
    "notes": "conversation_id",
    "conversations": "_id",
    "conversation_changes": "conversation_id",
}
_DOCUMENT_CLASSES: dict[str, type[Document]] = {
    "agents": Agent,
    "messages": Message,
    "notes": Note,
    "conversations": Conversation,
    "conversation_changes": ConversationChange,
    "contacts": Contact,
    "accounts": Account,
    "users": User,
    "templates": Template,
}
