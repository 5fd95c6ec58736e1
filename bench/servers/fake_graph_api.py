"""A minimal fake Graph API that accepts every message.

It shares a core with the load, so it must cost next to nothing; `sandbox` has a realistic API.
"""

import asyncio
import itertools
from typing import cast

from bench.load.http_load import CONTENT_LENGTH, HOST

_numbers = itertools.count(1)


class FakeGraphAPI:
    """Counts accepted messages in `messages`."""

    def __init__(self) -> None:
        self.messages = 0
        self.url = ""

    async def __aenter__(self) -> "FakeGraphAPI":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Peer(self), HOST, 0)
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


class _Peer(asyncio.Protocol):
    def __init__(self, api: FakeGraphAPI) -> None:
        self._api = api
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        while head_end >= 0:
            length = CONTENT_LENGTH.search(self._buffer, 0, head_end + 2)
            end = head_end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            self._answer(request)
            head_end = self._buffer.find(b"\r\n\r\n")

    def _answer(self, request: bytes) -> None:
        body = b"{}"
        if request.startswith(b"POST") and b"/messages" in request[: request.index(b"\r\n")]:
            self._api.messages += 1
            body = (
                b'{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.FAKE%d"}]}'
                % next(_numbers)
            )
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)
