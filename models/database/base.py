"""Shared by all documents: ids, times, the plain collection, and conversion from and to BSON."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from beanie import Document, PydanticObjectId
from bson import ObjectId
from pydantic import ConfigDict, Field
from pymongo.asynchronous.collection import AsyncCollection

from models.database.clock import server_clock
from models.database.reading import DocumentType, from_bson
from models.database.writing import to_bson

__all__ = [
    "ANY_ID",
    "ANY_STRING",
    "DocumentType",
    "ObjectIdDocument",
    "collection",
    "from_bson",
    "new_id",
    "to_bson",
    "utc_now",
]

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


def collection(document_class: type[Document]) -> AsyncCollection[dict[str, Any]]:
    """Returns the pymongo collection of a document class, for atomic writes."""
    return document_class.get_pymongo_collection()
