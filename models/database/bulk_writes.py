"""Bulk writes: inserts that skip duplicates, and deletes and updates in bounded batches."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import Document
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from models.database.base import collection

BATCH_SIZE = 1000
DUPLICATE_KEY = 11000
"""MongoDB's error code of a write that would repeat a unique key."""

Write = InsertOne[dict[str, Any]] | UpdateOne


@dataclass(frozen=True)
class WriteResult:
    """The outcome of `write_unless_duplicate`, by positions in its list of writes."""

    duplicates: Collection[int] = ()
    """Writes that were skipped because a document with their unique key exists."""
    upserted: Collection[int] = ()
    """Upserts that created a document."""


async def write_unless_duplicate(
    document_class: type[Document], writes: Sequence[Write]
) -> WriteResult:
    """Executes inserts and upserts in an unordered command, and skips duplicates.

    Raises:
        BulkWriteError: a write failed for another reason, or may not be durable. The rest may
            have been executed.
    """
    if not writes:
        return WriteResult()
    try:
        result = await collection(document_class).bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        problems = error.details["writeErrors"]
        is_duplicate = all(problem["code"] == DUPLICATE_KEY for problem in problems)
        if not is_duplicate or error.details["writeConcernErrors"]:
            raise
        return WriteResult(
            duplicates={problem["index"] for problem in problems},
            upserted={upsert["index"] for upsert in error.details["upserted"]},
        )
    return WriteResult(upserted=result.upserted_ids or ())


async def list_batches(
    document_class: type[Document], query: Mapping[str, Any], *fields: str
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yields the matching documents in batches, each with its `_id` and `fields`.

    Process each batch before you request the next, so that its documents no longer match.
    Otherwise they are yielded again. An interrupted caller can therefore start from the beginning.
    """
    projection = dict.fromkeys(("_id", *fields), 1)
    while True:
        cursor = collection(document_class).find(query, projection).limit(BATCH_SIZE)
        batch = await cursor.to_list()
        if batch:
            yield batch
        if len(batch) < BATCH_SIZE:
            return


async def delete_in_batches(document_class: type[Document], query: Mapping[str, Any]) -> None:
    """Deletes the matching documents; `query` needs an index."""
    async for batch in list_batches(document_class, query):
        ids = [fields["_id"] for fields in batch]
        await collection(document_class).delete_many({"_id": {"$in": ids}})


async def update_in_batches(
    document_class: type[Document],
    query: Mapping[str, Any],
    update: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> int:
    """Updates the matching documents, which must no longer match then. Returns their number."""
    updated = 0
    async for batch in list_batches(document_class, query):
        ids = {"_id": {"$in": [fields["_id"] for fields in batch]}}
        result = await collection(document_class).update_many({**query, **ids}, update)
        updated += result.modified_count
    return updated
