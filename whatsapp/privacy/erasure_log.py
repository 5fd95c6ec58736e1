"""The erasure log: ids of erased contacts and deleted accounts, kept outside the database.

After a restore from a backup, the erasures since then are repeated from it. It has no personal
data: an object's key has the id, and its content the time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum

import obstore
from beanie import PydanticObjectId
from obstore.store import ObjectStore

from models.database.base import utc_now
from whatsapp.common.timeouts import Timeouts
from whatsapp.media.media_store import StoreUnavailable, open_objects, translating_store_errors

PAGE_SIZE = 1000


class ErasedKind(StrEnum):
    """The first part of the keys, so it never changes."""

    CONTACT = "contacts"
    ACCOUNT = "accounts"


class ErasureLogUnavailable(Exception):
    """The erasure log can't be reached or refuses the request. A retry may succeed."""


class ErasureLog:
    """The folder or bucket of ERASURE_LOG_URL. Without the setting it records nothing."""

    def __init__(self, url: str | None, *, timeouts: Timeouts = Timeouts()) -> None:
        """Raises SettingsError if the folder or bucket can't be opened."""
        self._seconds = timeouts.erasure_log_seconds
        self._objects: ObjectStore | None = None
        if url is not None:
            self._objects = open_objects(url, setting="ERASURE_LOG_URL")

    @property
    def is_kept(self) -> bool:
        """False without the setting."""
        return self._objects is not None

    async def record(self, kind: ErasedKind, ids: Iterable[PydanticObjectId]) -> None:
        """Stores the ids; idempotent.

        Raises:
            ErasureLogUnavailable
        """
        for document_id in ids:
            await self._put(f"erasures/{kind.value}/{document_id}", utc_now().isoformat())

    async def list_ids(self, kind: ErasedKind) -> AsyncIterator[list[PydanticObjectId]]:
        """Yields the recorded ids in pages.

        Raises:
            ErasureLogUnavailable
        """
        if self._objects is None:
            return
        prefix = f"erasures/{kind.value}/"
        pages = aiter(obstore.list(self._objects, prefix, chunk_size=PAGE_SIZE))
        while True:
            async with self._requesting():
                page = await anext(pages, None)
            if page is None:
                return
            names = [entry["path"].rpartition("/")[2] for entry in page]
            yield [PydanticObjectId(name) for name in names if PydanticObjectId.is_valid(name)]

    async def write_mark(self, generation: str, mark: int) -> None:
        """Records how far a generation of the database has got.

        Raises:
            ErasureLogUnavailable
        """
        await self._put(_name_mark(generation), str(mark))

    async def read_mark(self, generation: str) -> int:
        """Returns the recorded mark, or 0 if there is none.

        Raises:
            ErasureLogUnavailable
        """
        if self._objects is None:
            return 0
        try:
            async with self._requesting():
                stored = await obstore.get_async(self._objects, _name_mark(generation))
                content = bytes(await stored.bytes_async())
        except FileNotFoundError:
            return 0
        if not content.isdigit():
            raise ErasureLogUnavailable("a mark is not a number")
        return int(content)

    async def _put(self, key: str, content: str) -> None:
        if self._objects is not None:
            async with self._requesting():
                await obstore.put_async(self._objects, key, content.encode())

    @asynccontextmanager
    async def _requesting(self) -> AsyncIterator[None]:
        """Limits the time of a request, which obstore repeats for minutes, and names its errors."""
        try:
            async with asyncio.timeout(self._seconds):
                with translating_store_errors():
                    yield
        except StoreUnavailable as error:
            raise ErasureLogUnavailable(str(error)) from None
        except TimeoutError:
            raise ErasureLogUnavailable(f"no answer within {self._seconds:g} s") from None


def _name_mark(generation: str) -> str:
    return f"marks/{generation}"
