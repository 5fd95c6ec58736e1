"""Shared writes: concurrent inserts in one command, each with its own outcome."""

import asyncio
from typing import Any

from bson.errors import InvalidDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from models import PendingUpdate
from models.database.base import collection
from models.database.shared_writes import SharedWrite, insert_shared


async def test_insert_reports_error_to_its_caller(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    documents: list[dict[str, Any]] = [
        {"_id": 1},
        {"_id": 2},
        {"_id": 1},
        {"_id": 3, "a": object()},
        {"_id": 4},
    ]

    outcomes = await asyncio.gather(
        *(insert_shared(PendingUpdate, fields) for fields in documents), return_exceptions=True
    )

    expected = [type(None), type(None), DuplicateKeyError, InvalidDocument, type(None)]
    assert [type(outcome) for outcome in outcomes] == expected
    stored = await collection(PendingUpdate).find().to_list()
    assert sorted(fields["_id"] for fields in stored) == [1, 2, 4]


async def test_cancelled_caller_writes_nothing_unless_started() -> None:
    groups: list[list[str]] = []
    has_begun, go_on = asyncio.Event(), asyncio.Event()

    async def execute(items: list[str]) -> list[None]:
        groups.append(items)
        has_begun.set()
        await go_on.wait()
        return [None] * len(items)

    write = SharedWrite[str](execute)
    started = asyncio.create_task(write.submit("started"))
    await has_begun.wait()
    waiting = [asyncio.create_task(write.submit(item)) for item in ("cancelled", "kept")]
    await asyncio.sleep(0)
    waiting[0].cancel()
    started.cancel()
    go_on.set()
    await waiting[1]

    assert groups == [["started"], ["kept"]]


async def test_invalid_write_does_not_fail_others() -> None:
    async def execute(items: list[str]) -> list[None]:
        if "bad" in items:
            raise ValueError("bad")
        return [None] * len(items)

    write = SharedWrite[str](execute)

    outcomes = await asyncio.gather(
        *(write.submit(item) for item in ("a", "bad", "b")), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
