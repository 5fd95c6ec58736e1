"""Deletes and updates of any number of documents, in commands of bounded length.

Each command ends well within the driver's deadline. Work that was interrupted continues where it
ended, as nothing is left of what is done.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from beanie import Document

from models.database.base import collection

BATCH_SIZE = 1000


async def list_batches(
    document_class: type[Document], query: Mapping[str, Any], *fields: str
) -> AsyncIterator[list[dict[str, Any]]]:
    """Ids, and these fields, of the documents that match. Handle each batch before the next one:
    its documents must not match any more then, or they come again.
    """
    shown = dict.fromkeys(("_id", *fields), 1)
    batch = []
    while len(batch := await _read(document_class, query, shown)) == BATCH_SIZE:
        yield batch
    if batch:
        yield batch


async def _read(
    document_class: type[Document], query: Mapping[str, Any], shown: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return await collection(document_class).find(query, shown).limit(BATCH_SIZE).to_list()


async def delete_in_batches(document_class: type[Document], query: Mapping[str, Any]) -> None:
    """Deletes the documents that match; `query` needs an index."""
    async for batch in list_batches(document_class, query):
        ids = [fields["_id"] for fields in batch]
        await collection(document_class).delete_many({"_id": {"$in": ids}})


async def update_in_batches(
    document_class: type[Document],
    query: Mapping[str, Any],
    update: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> int:
    """Updates the documents that match; after it they must not match any more. Returns how many."""
    updated = 0
    async for batch in list_batches(document_class, query):
        ids = {"_id": {"$in": [fields["_id"] for fields in batch]}}
        result = await collection(document_class).update_many({**query, **ids}, update)
        updated += result.modified_count
    return updated
