"""Events: what one change of a document means to a subscriber, with the document as it was then."""

import logging
from collections.abc import Callable
from datetime import datetime

from beanie import Document, PydanticObjectId
from bson import ObjectId
from pydantic import ValidationError

from graph.live.cursors import END_OF_CHANGE, Position
from graph.live.differences import Difference, Image, find_differences
from models import Account, Contact, Conversation, Message

logger = logging.getLogger(__name__)

ACCOUNT_SECRETS = ("access_token", "app_secret", "verify_token")
_UNREADABLE = (ValidationError, ValueError, TypeError, KeyError, AttributeError)


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
        difference: Difference,
        *,
        position: Position,
        at: datetime,
        owner: tuple[PydanticObjectId, PydanticObjectId | None],
        snapshot: Snapshot,
        sign: Callable[[Position], str],
    ) -> None:
        self.kind = difference.kind
        self.status = difference.status
        self.status_at = difference.status_at
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


def derive_events(change: Image, *, sign: Callable[[Position], str]) -> list[LiveEvent]:
    """The events of one change-stream document, in order; none if nobody can see a difference.

    A change that this version can't read is logged and gives none: it must not stop the feed.
    """
    after = change.get("fullDocument")
    if after is None:
        return []  # deleted meanwhile, or its image is no longer kept
    collection = change["ns"]["coll"]
    try:
        found = find_differences(collection, change, after)
        return _finish(found, change, collection, sign) if found else []
    except _UNREADABLE as error:
        _log_unreadable(collection, change.get("documentKey", {}).get("_id"), error)
        return []


def _log_unreadable(collection: str, document_id: object, error: Exception) -> None:
    # No values: they may hold what a customer wrote.
    logger.error(
        "A change of %s %s can't be shown live: %s", collection, document_id, type(error).__name__
    )


def _finish(
    found: list[Difference], change: Image, collection: str, sign: Callable[[Position], str]
) -> list[LiveEvent]:
    image = change["fullDocument"]
    owner, snapshot = _find_owner(collection, image), Snapshot(collection, image)
    token = change["_id"]["_data"]
    at = change.get("wallTime") or change["clusterTime"].as_datetime()
    last = len(found)
    return [
        LiveEvent(
            difference,
            position=Position(token, END_OF_CHANGE if number == last else number),
            at=at,
            owner=owner,
            snapshot=snapshot,
            sign=sign,
        )
        for number, difference in enumerate(found, start=1)
    ]


def _find_owner(collection: str, image: Image) -> tuple[PydanticObjectId, PydanticObjectId | None]:
    account_id = image["_id"] if collection == "accounts" else image["account_id"]
    conversation_id = None
    if collection in {"messages", "conversations"}:
        conversation_id = image["conversation_id" if collection == "messages" else "_id"]
    if not isinstance(account_id, ObjectId) or not isinstance(conversation_id, ObjectId | None):
        raise TypeError(collection)
    return account_id, conversation_id  # type: ignore[return-value]  # subscribers compare them only


_DOCUMENT_CLASSES: dict[str, type[Document]] = {
    "messages": Message,
    "conversations": Conversation,
    "contacts": Contact,
    "accounts": Account,
}
