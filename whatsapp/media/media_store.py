"""Stores for the bytes of files: GridFS in MongoDB, or a folder or bucket through obstore.

Each attempt to store a file has a key of its own, so no object is ever overwritten. Keys consist of
letters, digits, `/` and `.`.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from whatsapp.media.gridfs_files import GridFSFiles, NoFile
from whatsapp.settings import SettingsError

BUCKET = "media"
PART_BYTES = 256 * 1024
_OBJECT_ERRORS = (BaseError, OSError)


class StoreUnavailable(Exception):
    """The store can't be reached or refuses the request. A retry may succeed."""


class FileMissing(Exception):
    """The store has no bytes under this key."""


class MediaStore(Protocol):
    """All methods raise StoreUnavailable."""

    name: str
    """Recorded with each file, so that it is found after the setting changes."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Stores all chunks. If `chunks` raises, the error is passed on and no bytes are kept."""

    def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `start` up to but excluding `end`. Raises FileMissing first."""

    async def delete(self, key: str) -> None:
        """Removes the bytes if they exist."""


async def open_bytes(store: MediaStore, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
    """Returns the bytes as `MediaStore.read`, after the first of them were read.

    Raises:
        FileMissing, StoreUnavailable
    """
    chunks = store.read(key, start=start, end=end)
    first = await anext(chunks, b"")

    async def read() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return read()


class GridFSStore:
    name = "gridfs"

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._files = GridFSFiles(database, bucket=BUCKET)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        with translating_store_errors():
            await self._files.write(key, chunks)

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        parts = aiter(self._files.read(key, start=start, end=end))
        try:
            while True:
                with translating_store_errors():
                    part = await anext(parts, None)
                if part is None:
                    return
                yield part
        except NoFile:
            raise FileMissing(key) from None

    async def delete(self, key: str) -> None:
        with translating_store_errors():
            await self._files.delete(key)


class ObjectFileStore:
    name = "objects"

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        # The object is created by `close`, so an unclosed writer leaves nothing behind.
        writer = obstore.open_writer_async(self._objects, key)
        async for chunk in chunks:
            with translating_store_errors():
                await writer.write(chunk)
        with translating_store_errors():
            await writer.close()

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return  # stores refuse an empty range
        try:
            with translating_store_errors():
                file = await obstore.get_async(self._objects, key, options={"range": (start, end)})
        except FileNotFoundError:
            raise FileMissing(key) from None
        parts = aiter(file.stream(min_chunk_size=PART_BYTES))
        while True:
            with translating_store_errors():
                part = await anext(parts, None)
            if part is None:
                return
            yield bytes(part)

    async def delete(self, key: str) -> None:
        with suppress(FileNotFoundError), translating_store_errors():
            await obstore.delete_async(self._objects, key)


class MediaStores:
    """The store for new files, and the stores of files from earlier settings."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], *, url: str | None) -> None:
        """Raises SettingsError if the store at `url` can't be opened."""
        gridfs: MediaStore = GridFSStore(database)
        self.current: MediaStore = ObjectFileStore(open_objects(url)) if url else gridfs
        self._by_name: dict[str, MediaStore] = {
            gridfs.name: gridfs,
            self.current.name: self.current,
        }

    def list(self) -> list[MediaStore]:
        """Returns all stores that this process can use."""
        return [*self._by_name.values()]

    def find(self, name: str | None) -> MediaStore | None:
        """Returns the store of this name, or None if it is no longer configured."""
        return self._by_name.get(name or self.current.name)


def open_objects(url: str, *, setting: str = "MEDIA_STORE_URL") -> ObjectStore:
    """Opens the folder or bucket of a setting, without connecting to a bucket.

    Raises:
        SettingsError: the URL is invalid.
    """
    try:
        if url.startswith("file:"):
            return LocalStore.from_url(url, mkdir=True)
        return from_url(url)
    except (*_OBJECT_ERRORS, ValueError) as error:
        raise SettingsError(f"{setting} can't be opened: {type(error).__name__}") from None


@contextmanager
def translating_store_errors() -> Iterator[None]:
    """Turns the stores' errors into StoreUnavailable, except for missing files."""
    try:
        yield
    except (NoFile, FileNotFoundError):
        raise
    except (PyMongoError, *_OBJECT_ERRORS) as error:
        # Without the error's text, which may quote addresses and parts of requests.
        raise StoreUnavailable(type(error).__name__) from None
