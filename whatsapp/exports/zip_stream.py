"""A ZIP file written as a stream, with the standard library's writer.

Each entry has its size behind its data, since its beginning has left the process by then. Memory
has a chunk of data and the names of all entries.
"""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

# The ZIP format knows no earlier year.
FIRST_YEAR = 1980


@dataclass(frozen=True)
class Entry:
    """A file of the archive."""

    name: str
    at: datetime
    chunks: AsyncIterable[bytes]
    size: int | None = None
    """Size in bytes, if it is known."""
    is_compressed: bool = True
    """False for files of formats that are compressed already."""


async def make_chunks(data: bytes) -> AsyncIterator[bytes]:
    """Yields the data in pieces that take little time to compress."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


CHUNK_BYTES = 256 * 1024


class _Output:
    """The file that ZipFile writes to: has no positions, and gives its bytes away."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Does nothing: the bytes are taken after each chunk."""

    def close(self) -> None:
        """Does nothing: ZipFile leaves this to its caller."""

    def take(self) -> bytes:
        data = b"".join(self._written)
        self._written = []
        return data


async def stream_zip(entries: AsyncIterator[Entry]) -> AsyncGenerator[bytes]:
    """Yields the bytes of a ZIP file with these entries; texts are compressed in a thread."""
    output = _Output()
    archive = zipfile.ZipFile(output, "w")
    try:
        async for entry in entries:
            async with aclosing(_write_entry(archive, entry, output)) as parts:
                async for part in parts:
                    yield part
    finally:
        archive.close()
    yield output.take()


async def _write_entry(
    archive: zipfile.ZipFile, entry: Entry, output: _Output
) -> AsyncGenerator[bytes]:
    at = entry.at
    moment = (max(at.year, FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second)
    info = zipfile.ZipInfo(entry.name, moment)
    info.compress_type = zipfile.ZIP_DEFLATED if entry.is_compressed else zipfile.ZIP_STORED
    info.file_size = entry.size or 0
    info.external_attr = 0o600 << 16
    with archive.open(info, "w", force_zip64=entry.size is None) as writer:
        async for chunk in entry.chunks:
            if entry.is_compressed:
                await asyncio.to_thread(writer.write, chunk)
            else:
                writer.write(chunk)
            if part := output.take():
                yield part
    yield output.take()
