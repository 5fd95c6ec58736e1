"""An uploaded file while it is received: in memory, or as an unnamed file on disk if larger."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile

from whatsapp.media.media_types import HEAD_BYTES

MEMORY_BYTES = 256 * 1024
PIECE_BYTES = 256 * 1024


class ReceivedFile:
    """An uploaded file. `filename` and `told_type` (a MIME type) are stated by the sender."""

    def __init__(self, *, filename: str | None, told_type: str | None) -> None:
        self.filename = filename
        self.told_type = told_type
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()
        # The operating system removes an unnamed file even if this process is killed.
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - see close
        self._buffer = bytearray()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, data: bytes) -> None:
        """Adds bytes. Call `finish` after the last."""
        self.size += len(data)
        self._hash.update(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[:HEAD_BYTES]
        self._buffer += data
        if len(self._buffer) >= PIECE_BYTES:
            await self.finish()

    async def finish(self) -> None:
        """Writes buffered bytes to the file."""
        piece = bytes(self._buffer)
        self._buffer.clear()
        if self._file.tell() + len(piece) <= MEMORY_BYTES:
            self._file.write(piece)
        else:
            await asyncio.to_thread(self._file.write, piece)

    async def read(self) -> AsyncIterator[bytes]:
        """Yields the bytes in pieces, from the start."""
        self._file.seek(0)
        while piece := await asyncio.to_thread(self._file.read, PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self._file.close()
