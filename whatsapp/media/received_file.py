"""A file on its way in: in memory while small, then on disk without a name, gone when closed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile

from whatsapp.media.media_types import HEAD_BYTES

MEMORY_BYTES = 256 * 1024
PIECE_BYTES = 256 * 1024


class ReceivedFile:
    """What somebody uploads. `filename` and `told_type` are what they say of it."""

    def __init__(self, *, filename: str | None, told_type: str | None) -> None:
        self.filename = filename
        self.told_type = told_type
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()
        # A file without a name: the system removes it whatever ends this process.
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - see close
        self._waiting = bytearray()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, data: bytes) -> None:
        """Adds bytes; `finish` comes after the last."""
        self.size += len(data)
        self._hash.update(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[:HEAD_BYTES]
        self._waiting += data
        if len(self._waiting) >= PIECE_BYTES:
            await self.finish()

    async def finish(self) -> None:
        """Puts what waits into the file."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        if self._file.tell() + len(piece) <= MEMORY_BYTES:
            self._file.write(piece)
        else:
            await asyncio.to_thread(self._file.write, piece)

    async def read(self) -> AsyncIterator[bytes]:
        """The bytes in pieces, from the first on."""
        self._file.seek(0)
        while piece := await asyncio.to_thread(self._file.read, PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self._file.close()
