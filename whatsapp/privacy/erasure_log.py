"""The erasure log: ids of erased contacts and deleted accounts, kept outside the database.

After a restore from a backup, the erasures since then are repeated from it. It has no personal
data: an object's key has the id, and its content the time. The objects of contacts also have keyed
digests of their identities, since a backup may have webhooks about a contact that it lacks.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import obstore
from beanie import PydanticObjectId
from obstore.store import ObjectStore

from models.database.base import utc_now
from whatsapp.common.timeouts import Timeouts
from whatsapp.media.media_store import StoreUnavailable, open_objects, translating_store_errors

PAGE_SIZE = 1000
MIN_LINES = 3
READ_AT_ONCE = 16


class ErasedKind(StrEnum):
    """The first part of the keys, so it never changes."""

    CONTACT = "contacts"
    ACCOUNT = "accounts"
    WORKSPACE = "workspaces"


@dataclass(frozen=True)
class ErasedTraces:
    """What identifies an erased customer after the erasure."""

    account_id: PydanticObjectId
    people: Sequence[bytes]
    """Keyed digests of the customer's identities."""
    erased_at: datetime
    marketing_opt_out: bool

    def to_text(self) -> str:
        opt_out = "opted out" if self.marketing_opt_out else "-"
        lines = [self.erased_at.isoformat(), str(self.account_id), opt_out]
        return "\n".join([*lines, *sorted(person.hex() for person in self.people)])

    @classmethod
    def from_text(cls, text: str) -> "ErasedTraces | None":
        """Returns None for an object of version 0.1, which has only the time."""
        lines = text.split("\n")
        if len(lines) < MIN_LINES:
            return None
        erased_at, account_id, opt_out, *people = lines
        return cls(
            PydanticObjectId(account_id),
            [bytes.fromhex(person) for person in people],
            datetime.fromisoformat(erased_at),
            opt_out != "-",
        )


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

    async def record_account(self, account_id: PydanticObjectId) -> None:
        """Stores the deletion of an account; idempotent.

        Raises:
            ErasureLogUnavailable
        """
        await self._put(f"erasures/{ErasedKind.ACCOUNT.value}/{account_id}", utc_now().isoformat())

    async def record_workspace(self, workspace_id: PydanticObjectId) -> None:
        """Stores the deletion of a workspace; idempotent.

        Raises:
            ErasureLogUnavailable
        """
        key = f"erasures/{ErasedKind.WORKSPACE.value}/{workspace_id}"
        await self._put(key, utc_now().isoformat())

    async def record_contact(self, contact_id: PydanticObjectId, traces: ErasedTraces) -> None:
        """Stores the erasure of a contact; idempotent.

        Raises:
            ErasureLogUnavailable
        """
        await self._put(_name_contact(contact_id), traces.to_text())

    async def read_traces(
        self, contact_ids: Sequence[PydanticObjectId]
    ) -> dict[PydanticObjectId, ErasedTraces]:
        """Returns what identifies these erased contacts, as far as it was recorded.

        Raises:
            ErasureLogUnavailable
        """
        found: dict[PydanticObjectId, ErasedTraces] = {}
        for start in range(0, len(contact_ids), READ_AT_ONCE):
            ids = contact_ids[start : start + READ_AT_ONCE]
            contents = await asyncio.gather(*(self._get(_name_contact(each)) for each in ids))
            for contact_id, content in zip(ids, contents, strict=True):
                traces = None if content is None else ErasedTraces.from_text(content.decode())
                if traces is not None:
                    found[contact_id] = traces
        return found

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
        """Records the counter of a generation of the database.

        Raises:
            ErasureLogUnavailable
        """
        await self._put(_name_mark(generation), str(mark))

    async def read_mark(self, generation: str) -> int:
        """Returns the recorded mark, or 0 if there is none.

        Raises:
            ErasureLogUnavailable
        """
        content = await self._get(_name_mark(generation))
        if content is None:
            return 0
        if not content.isdigit():
            raise ErasureLogUnavailable("a mark is not a number")
        return int(content)

    async def _get(self, key: str) -> bytes | None:
        """Returns None if there is no such object."""
        if self._objects is None:
            return None
        try:
            async with self._requesting():
                stored = await obstore.get_async(self._objects, key)
                return bytes(await stored.bytes_async())
        except FileNotFoundError:
            return None

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


def _name_contact(contact_id: PydanticObjectId) -> str:
    return f"erasures/{ErasedKind.CONTACT.value}/{contact_id}"


def _name_mark(generation: str) -> str:
    return f"marks/{generation}"
