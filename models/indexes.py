"""Checks the indexes of all documents, and builds missing ones before or while serving."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pymongo
from beanie import Document
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from models import DOCUMENTS
from models.database.base import collection

logger = logging.getLogger(__name__)

# MongoDB indexes this many documents in well under a second.
BUILT_AT_ONCE = 10_000


class IndexConflict(Exception):
    """An index exists with the same name but other keys or options."""


@dataclass(frozen=True)
class MissingIndex:
    """An index that a collection lacks."""

    document_class: type[Document]
    index: IndexModel

    @property
    def name(self) -> str:
        """Collection and index, as operators know them."""
        return f"{collection(self.document_class).name}.{self.index.document['name']}"

    async def is_needed_first(self) -> bool:
        """Returns True if it is unique, as it prevents duplicate contacts, or quick to build."""
        if self.index.document.get("unique"):
            return True
        return await collection(self.document_class).estimated_document_count() <= BUILT_AT_ONCE

    async def build(self) -> None:
        """Builds the index without a timeout; waits if another process builds it."""
        # 0 is without a limit; None would leave the client's own timeout in force.
        with pymongo.timeout(0):
            await collection(self.document_class).create_indexes([self.index])


async def list_missing_indexes() -> list[MissingIndex]:
    """Returns the indexes that are not built yet.

    Raises:
        IndexConflict: an index exists with other keys or options.
    """
    missing = []
    for document_class in DOCUMENTS:
        present = await _read_indexes(document_class)
        for index in document_class.Settings.indexes:
            expected: dict[str, Any] = {**index.document, "key": [*index.document["key"].items()]}
            actual = present.get(expected.pop("name"))
            missing_index = MissingIndex(document_class, index)
            if actual is None:
                missing.append(missing_index)
            elif not _is_as(expected, actual):
                raise IndexConflict(
                    f"The index {index.document['name']} of {collection(document_class).name} has"
                    " other keys or options than wagraph needs: drop it, then start again to have"
                    " it made."
                )
    return missing


async def list_extra_indexes() -> list[str]:
    """Returns the indexes that no document class declares, as collection and name."""
    extra = []
    for document_class in DOCUMENTS:
        declared = {index.document["name"] for index in document_class.Settings.indexes}
        names = {*await _read_indexes(document_class)} - declared - {"_id_"}
        extra += [f"{collection(document_class).name}.{name}" for name in sorted(names)]
    return extra


async def _read_indexes(document_class: type[Document]) -> Mapping[str, Any]:
    try:
        return await collection(document_class).index_information()
    except OperationFailure:
        return {}  # no such collection yet


def _is_as(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    return all(actual.get(name) == value for name, value in expected.items())
