"""Large texts of documents, which lists do not read: loaded on selection, up to the response limit.

The sizes are read first, so that a response that would be too large costs no memory.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import strawberry
from beanie import Document
from strawberry.dataloader import DataLoader
from strawberry.permission import BasePermission
from strawberry.types.fields.resolver import StrawberryResolver

from graph.core.context import Info, get_loaders
from graph.core.errors import deleted_meanwhile
from graph.core.responses import ResponseTooLarge
from graph.core.stored import reads
from models.database.base import collection


def large_text(
    document_class: type[Document],
    field: str,
    *,
    description: str,
    missing: str | None = None,
    permission_classes: Sequence[type[BasePermission]] = (),
) -> Any:
    """Declares a field with a large text of the document.

    `missing` is the document's name in the error for a document that was just deleted; if None,
    the field is null.
    """

    async def resolve(self: Any, info: Info) -> Any:
        text = await _load_text(info, document_class, field, self.node_id)
        if text is None and missing is not None:
            raise deleted_meanwhile(missing)
        return text

    return strawberry.field(
        resolver=StrawberryResolver(resolve),
        description=description,
        permission_classes=list(permission_classes),
        metadata=reads("id"),
    )


async def _load_text(
    info: Info, document_class: type[Document], field: str, document_id: str
) -> str | None:
    """Returns a text of a visible document, or None if the document was deleted meanwhile.

    Raises:
        ResponseTooLarge: the texts of this field in the operation exceed the limit together.
    """
    texts = get_loaders(info).large_texts
    loader = texts.get((document_class, field))
    if loader is None:
        max_bytes = info.context.services.settings.max_response_bytes
        reader = _TextReader(document_class, field, max_bytes=max_bytes)
        loader = texts[document_class, field] = DataLoader(reader.read)
    # Callers with the same key share a future; a cancelled caller must not cancel it.
    return await asyncio.shield(loader.load(document_id))


class _TextReader:
    """Reads the texts of a field for one operation."""

    def __init__(self, document_class: type[Document], field: str, *, max_bytes: int) -> None:
        self._document_class = document_class
        self._field = field
        self._max_bytes = max_bytes
        self._left = max_bytes

    async def read(self, ids: list[str]) -> list[str | None]:
        self._left -= await self._measure(ids)
        if self._left < 0:
            raise ResponseTooLarge(self._max_bytes)
        query = {"_id": {"$in": ids}}
        documents = collection(self._document_class).find(query, {self._field: 1})
        texts = {document["_id"]: document.get(self._field) async for document in documents}
        return [texts.get(document_id) for document_id in ids]

    async def _measure(self, ids: Sequence[str]) -> int:
        size = {"$strLenBytes": {"$ifNull": [f"${self._field}", ""]}}
        stages: list[dict[str, Any]] = [
            {"$match": {"_id": {"$in": list(ids)}}},
            {"$group": {"_id": None, "bytes": {"$sum": size}}},
        ]
        cursor = await collection(self._document_class).aggregate(stages)
        groups = await cursor.to_list()
        return int(groups[0]["bytes"]) if groups else 0
