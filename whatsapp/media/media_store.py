"""Where the bytes of files are: in MongoDB (GridFS), or in a folder or bucket through obstore.

A key is used for one attempt to store one file, so nothing is ever overwritten. Keys are letters,
digits, `/` and `.`.
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
    """The store can't be reached, or refuses; the same later may succeed."""


class FileMissing(Exception):
    """There are no bytes under this key."""


class MediaStore(Protocol):
    """All methods raise StoreUnavailable."""

    name: str
    """Kept with each file, to find it where it was stored."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Stores all chunks, or nothing: what `chunks` raises comes out, and leaves no bytes."""

    def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to but without `end`; raises FileMissing at the first."""

    async def delete(self, key: str) -> None:
        """Removes the bytes, if there are any."""


class GridFSStore:
    name = "gridfs"

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._files = GridFSFiles(database, bucket=BUCKET)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        with _explaining():
            await self._files.write(key, chunks)

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        parts = aiter(self._files.read(key, start=start, end=end))
        try:
            while True:
                with _explaining():
                    part = await anext(parts, None)
                if part is None:
                    return
                yield part
        except NoFile:
            raise FileMissing(key) from None

    async def delete(self, key: str) -> None:
        with _explaining():
            await self._files.delete(key)


class ObjectFileStore:
    name = "objects"

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        # A writer that is never closed leaves nothing behind: the object appears with `close`.
        writer = obstore.open_writer_async(self._objects, key)
        async for chunk in chunks:
            with _explaining():
                await writer.write(chunk)
        with _explaining():
            await writer.close()

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return  # stores refuse an empty range
        try:
            with _explaining():
                found = await obstore.get_async(self._objects, key, options={"range": (start, end)})
        except FileNotFoundError:
            raise FileMissing(key) from None
        parts = aiter(found.stream(min_chunk_size=PART_BYTES))
        while True:
            with _explaining():
                part = await anext(parts, None)
            if part is None:
                return
            yield bytes(part)

    async def delete(self, key: str) -> None:
        with suppress(FileNotFoundError), _explaining():
            await obstore.delete_async(self._objects, key)


class MediaStores:
    """The store for new files, and that of files stored before under another setting."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], *, url: str | None) -> None:
        """Raises SettingsError: the URL's store can't be opened."""
        gridfs: MediaStore = GridFSStore(database)
        self.current: MediaStore = ObjectFileStore(open_objects(url)) if url else gridfs
        self._by_name: dict[str, MediaStore] = {
            gridfs.name: gridfs,
            self.current.name: self.current,
        }

    def list(self) -> list[MediaStore]:
        """All stores that this process can reach."""
        return [*self._by_name.values()]

    def find(self, name: str | None) -> MediaStore | None:
        """None where this process has no such store any more."""
        return self._by_name.get(name or self.current.name)


def open_objects(url: str) -> ObjectStore:
    """The folder or bucket of MEDIA_STORE_URL; whether a bucket can be reached shows later.

    Raises:
        SettingsError: the URL can't be one.
    """
    try:
        if url.startswith("file:"):
            return LocalStore.from_url(url, mkdir=True)
        return from_url(url)
    except (*_OBJECT_ERRORS, ValueError) as error:
        raise SettingsError(f"MEDIA_STORE_URL can't be opened: {type(error).__name__}") from None


@contextmanager
def _explaining() -> Iterator[None]:
    """Turns the stores' many errors into one; what is missing stays what it is."""
    try:
        yield
    except (NoFile, FileNotFoundError):
        raise
    except (PyMongoError, *_OBJECT_ERRORS) as error:
        # No text: a cloud's error quotes addresses and, in parts, requests.
        raise StoreUnavailable(type(error).__name__) from None
