"""Files in GridFS, written and read a few chunks at a time.

pymongo's own classes buffer 48 MB before they write, and read 16 MB at once. The stored form
follows the GridFS specification of MongoDB's drivers.
"""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import Any

import pymongo
from bson.int64 import Int64
from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from models.database.base import utc_now

CHUNK_BYTES = 255 * 1024
CHUNKS_AT_ONCE = 4
ABORT_SECONDS = 5.0


class NoFile(Exception):
    """The file is missing or incomplete."""


class GridFSFiles:
    """All methods raise PyMongoError."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], *, bucket: str) -> None:
        self._files = database[f"{bucket}.files"]
        self._chunks = database[f"{bucket}.chunks"]
        self._has_indexes = False

    async def write(self, key: str, data: AsyncIterable[bytes]) -> None:
        """Stores all data under a new key. If `data` raises, nothing is stored."""
        try:
            size = await self._write_chunks(key, data)
            file = {"_id": key, "filename": key, "length": Int64(size), "chunkSize": CHUNK_BYTES}
            await self._files.insert_one({**file, "uploadDate": utc_now()})
        except BaseException:
            # Also on cancellation. Chunks left behind are removed with the next attempt.
            with suppress(PyMongoError), pymongo.timeout(ABORT_SECONDS):
                await self._chunks.delete_many({"files_id": key})
            raise

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `start` up to but excluding `end`. Raises NoFile."""
        file = await self._files.find_one({"_id": key})
        if file is None or file["length"] < end:
            raise NoFile(key)
        size = file["chunkSize"]
        number = start // size
        # No cursor stays open between pieces, because the reader may stop at any of them.
        while number * size < end:
            for data in await self._read_chunks(key, number):
                yield data[max(start - number * size, 0) : end - number * size]
                number += 1
                if number * size >= end:
                    return

    async def _read_chunks(self, key: str, number: int) -> list[bytes]:
        """Returns up to `CHUNKS_AT_ONCE` chunks, beginning with `number`."""
        query = {"files_id": key, "n": {"$gte": number, "$lt": number + CHUNKS_AT_ONCE}}
        chunks = await self._chunks.find(query).sort("n", ASCENDING).to_list()
        if not chunks or any(chunk["n"] != number + at for at, chunk in enumerate(chunks)):
            raise NoFile(key)
        return [bytes(chunk["data"]) for chunk in chunks]

    async def delete(self, key: str) -> None:
        """Removes the file if it exists, even if it is incomplete."""
        await self._files.delete_one({"_id": key})
        await self._chunks.delete_many({"files_id": key})

    async def _write_chunks(self, key: str, data: AsyncIterable[bytes]) -> int:
        await self._create_indexes()
        size = number = 0
        chunks: list[dict[str, Any]] = []
        async for chunk in split_chunks(data, CHUNK_BYTES):
            chunks.append({"files_id": key, "n": number, "data": chunk})
            size, number = size + len(chunk), number + 1
            if len(chunks) == CHUNKS_AT_ONCE:
                await self._chunks.insert_many(chunks)
                chunks = []
        if chunks:
            await self._chunks.insert_many(chunks)
        return size

    async def _create_indexes(self) -> None:
        if self._has_indexes:
            return
        by_name = [("filename", ASCENDING), ("uploadDate", ASCENDING)]
        await self._files.create_index(by_name)
        await self._chunks.create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)
        self._has_indexes = True


async def split_chunks(data: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    """Yields the data in chunks of `size` bytes; the last may be shorter."""
    buffer = bytearray()
    async for piece in data:
        buffer += piece
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)
