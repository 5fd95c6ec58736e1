"""Shared writes: concurrent inserts or updates of a kind in one command, each with its own outcome.

A command with a majority write concern takes the server and the driver about as long for fifty
documents as for one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import bson
import pymongo
from beanie import Document
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    PyMongoError,
    WriteConcernError,
    WriteError,
)

from models.database.base import collection
from models.database.bulk_writes import DUPLICATE_KEY
from models.database.coalescing import (
    MAX_WAIT_SECONDS,
    Call,
    Coalescer,
    Item,
    find_max_wait,
    get_shared_commands,
)

MAX_ITEMS = 100


class SharedWrite(Coalescer[Item, None]):
    """Batches writes. The `execute` callback returns each item's error or None, in their order.

    If `execute` raises an error that is not transient, it is called again with each item alone.
    """

    def __init__(
        self, execute: Callable[[list[Item]], Awaitable[Sequence[Exception | None]]]
    ) -> None:
        super().__init__("shared-write", max_wait=MAX_WAIT_SECONDS)
        self._execute = execute

    def _weigh(self, item: Item) -> float:  # noqa: ARG002 - all items weigh the same
        return 1 / MAX_ITEMS

    async def _process(self, calls: Sequence[Call[Item, None]]) -> None:
        calls = [call for call in calls if not call.result.done()]
        if not calls:
            return
        try:
            with pymongo.timeout(find_max_wait(calls)):
                errors = await self._execute([call.item for call in calls])
        except Exception as error:  # noqa: BLE001 - raised again, or by each call alone
            await self.run_alone(calls, error)
            return
        for call, failure in zip(calls, errors, strict=True):
            if call.result.done():
                continue
            if failure is None:
                call.result.set_result(None)
            else:
                call.result.set_exception(failure)


async def insert_shared(document_class: type[Document], fields: Mapping[str, Any]) -> None:
    """Inserts a document; concurrent inserts share a command.

    Raises:
        DuplicateKeyError: a document with one of its unique keys exists.
        PyMongoError: it may or may not be stored.
    """

    async def execute(documents: list[RawBSONDocument]) -> list[PyMongoError | None]:
        inserts: list[Any] = [InsertOne(document) for document in documents]
        try:
            await collection(document_class).bulk_write(inserts, ordered=False)
        except BulkWriteError as error:
            return list_write_errors(error, len(inserts))
        return [None] * len(inserts)

    # Encoded by each caller, because an invalid document would fail the whole command.
    document = RawBSONDocument(bson.encode(fields))
    write = get_shared_commands(document_class).get("insert", lambda: SharedWrite(execute))
    await write.submit(document)


def list_write_errors(error: BulkWriteError, count: int) -> list[PyMongoError | None]:
    """Returns the error of each of the `count` writes of an unordered bulk write."""
    concerns = error.details["writeConcernErrors"]
    # A write without an error was executed, but may not be on a majority.
    unconfirmed = WriteConcernError(*_describe(concerns[-1])) if concerns else None
    errors: list[PyMongoError | None] = [unconfirmed] * count
    for problem in error.details["writeErrors"]:
        is_duplicate = problem["code"] == DUPLICATE_KEY
        error_class = DuplicateKeyError if is_duplicate else WriteError
        errors[problem["index"]] = error_class(*_describe(problem))
    return errors


def _describe(problem: Mapping[str, Any]) -> tuple[str, int, Mapping[str, Any]]:
    return problem["errmsg"], problem["code"], problem
