"""A small, strict reader of event streams."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson

SECONDS = 60
EVENT_STREAM = {"Accept": "text/event-stream"}


class StreamReader:
    """A stream with events as (name, data) and separate comments."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self._chunks = response.aiter_raw()
        self._buffer = b""

    async def read(self) -> tuple[str, Any]:
        """The next event, or ("end", None) where the stream ends."""
        async with asyncio.timeout(SECONDS):
            while True:
                frame = await self._read_frame()
                if frame is None:
                    return ("end", None)
                if frame.startswith(b":"):
                    self.comments += 1
                    continue
                name, data = frame.decode().split("\n")
                text = data.removeprefix("data:").strip()
                return name.removeprefix("event: "), orjson.loads(text) if text else None

    async def take(self, count: int) -> list[Any]:
        """The data of the next results."""
        taken = []
        for _ in range(count):
            name, result = await self.read()
            assert name == "next", (name, result)
            assert "errors" not in result, result
            taken.append(result["data"])
        return taken

    async def read_to_the_end(self) -> list[tuple[str, Any]]:
        events = []
        while (event := await self.read())[0] != "end":
            events.append(event)
        return events

    async def wait_for_comments(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while self.comments < count:
                frame = await self._read_frame()
                assert frame is not None
                assert frame.startswith(b":")
                self.comments += 1

    async def _read_frame(self) -> bytes | None:
        while b"\n\n" not in self._buffer:
            try:
                self._buffer += await anext(self._chunks)
            except StopAsyncIteration:
                assert self._buffer == b""
                return None
            assert b"\r" not in self._buffer
        frame, _, self._buffer = self._buffer.partition(b"\n\n")
        return frame


@contextlib.asynccontextmanager
async def open_stream(
    url: str,
    token: str | None,
    query: str | None,
    *,
    document_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    **variables: Any,
) -> AsyncIterator[StreamReader]:
    """Returns the response to an operation that requests a stream."""
    headers = {**EVENT_STREAM, **(headers or {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = {"query": query, "documentId": document_id, "variables": variables}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client,
        client.stream("POST", f"{url}/graphql", json=body, headers=headers) as response,
    ):
        yield StreamReader(response)
