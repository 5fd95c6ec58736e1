"""Shared by all documents: ids, the database's time, and the plain collection.

Processes compare their times with the times of other hosts and of Meta, so all use the same clock:
the primary's, known without extra commands, which is also `$$NOW`. See docs/decisions/0038.
"""

import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from beanie import Document, PydanticObjectId
from bson import ObjectId
from pydantic import BaseModel, ConfigDict, Field
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

from models.database.conversion import (
    DEFAULT_WORKSPACE_ID,
    NO_WORKSPACE_ID,
    WORKSPACE_FIELD,
    DocumentType,
    from_bson,
    to_bson,
)

# The driver sends a heartbeat every ten seconds.
KEPT_SAMPLES = 6


class ServerClock(ServerHeartbeatListener):
    """Adds the offset of the primary's clock to the local monotonic clock.

    Uses the local wall clock until the first heartbeat, which comes before the first command.
    """

    def __init__(self) -> None:
        self._address: tuple[str, int | None] | None = None
        self._samples: deque[float] = deque(maxlen=KEPT_SAMPLES)
        self._offset: float | None = None

    def timestamp(self) -> float:
        """Returns the primary's Unix time, late by at most the fastest recent heartbeat."""
        return time.time() if self._offset is None else time.monotonic() + self._offset

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        """Measures the offset at heartbeats of the primary, or of a sharded cluster's router."""
        local_time = event.reply.document.get("localTime")
        if not event.reply.is_writable or not isinstance(local_time, datetime):
            return
        if event.connection_id != self._address:
            self._address = event.connection_id
            self._samples.clear()
        if local_time.tzinfo is None:
            local_time = local_time.replace(tzinfo=UTC)
        self._samples.append(local_time.timestamp() - time.monotonic())
        # A delayed answer makes the offset too small, never too large.
        self._offset = max(self._samples)

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Does nothing: the offset is measured at the answer."""

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """Does nothing: the last offset stays in use."""


server_clock = ServerClock()

# For partial indexes on an optional string. With {"$type": "string"}, MongoDB would not use the
# index for look-ups by equality.
ANY_STRING = {"$gt": ""}
# The same for an optional ObjectId.
ANY_ID = {"$gt": ObjectId("0" * 24)}
_EPOCH = datetime.fromtimestamp(0, UTC)


def utc_now() -> datetime:
    """Returns the database's current time in UTC, cut to milliseconds as MongoDB stores it."""
    return _EPOCH + timedelta(milliseconds=int(server_clock.timestamp() * 1000))


def new_id() -> PydanticObjectId:
    """Returns an id that begins with the database's time, so that ids of all hosts sort by it."""
    seconds = int(server_clock.timestamp())
    return PydanticObjectId(seconds.to_bytes(4, "big") + ObjectId().binary[4:])


class ObjectIdDocument(Document):
    """A document that gets its ObjectId before the insert, since encryption binds secrets to it."""

    # Errors are logged, and the log must not contain customers' texts.
    model_config = ConfigDict(hide_input_in_errors=True)

    id: PydanticObjectId = Field(default_factory=new_id)

    if not TYPE_CHECKING:
        # Beanie's hook for lazy parsing, which is unused here, is slow: on a page of 50
        # conversations it took longer than anything else.
        __getattribute__ = object.__getattribute__


class InWorkspace(BaseModel):
    """A document of one workspace. Documents of version 0.1 have none: they belong to `default`."""

    # Errors are logged, and the log must not contain customers' texts.
    model_config = ConfigDict(hide_input_in_errors=True)

    workspace_id: PydanticObjectId

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Reads a stored document; Beanie's own queries end here."""
        if isinstance(obj, dict) and WORKSPACE_FIELD not in obj:
            obj = obj | {WORKSPACE_FIELD: DEFAULT_WORKSPACE_ID}
        return super().model_validate(obj, **options)


class Unmigrated:
    """Documents of version 0.1 that have no workspace yet."""

    is_possible = False
    """False if a migration had given each a workspace when the process started."""


def match_workspace(workspace_id: PydanticObjectId) -> dict[str, Any]:
    """Returns the query for the documents of a workspace."""
    if Unmigrated.is_possible and workspace_id == DEFAULT_WORKSPACE_ID:
        return {WORKSPACE_FIELD: {"$in": [workspace_id, None]}}
    return {WORKSPACE_FIELD: workspace_id}


def collection(document_class: type[Document]) -> AsyncCollection[dict[str, Any]]:
    """Returns the pymongo collection of a document class, for atomic writes."""
    return document_class.get_pymongo_collection()


def seconds_from_now(seconds: float) -> dict[str, Any]:
    """Returns an aggregation expression for a time that is `seconds` after the database's now."""
    amount = int(seconds * 1000)
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": amount}}


def has_passed(field: str) -> dict[str, Any]:
    """Returns an expression that is true if the time in `field` has passed or is None."""
    return {"$lte": [f"${field}", "$$NOW"]}  # None is less than every date


def is_due(field: str) -> dict[str, Any]:
    """Returns a query for documents with a time in `field` that has passed."""
    # The type lets MongoDB use a partial index on the field.
    return {field: {"$type": "date"}, "$expr": has_passed(field)}
