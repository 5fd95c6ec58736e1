"""Abrupt ends of connections, and a stop while they are open, leave no trace in the log."""

import asyncio
import signal
from pathlib import Path

import httpx

from tests.fixtures.live import open_live
from tests.fixtures.sandbox_process import SandboxProcess
from tests.graph.stream_kit import open_stream

ADDED = "subscription { messageAdded { message { id } } }"
NOISE = ("Task was destroyed", "Traceback", "never retrieved", "ERROR")


async def read_first(url: str) -> None:
    """Reads the beginning of a response, then resets the connection."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as http,
        http.stream("GET", url) as response,
    ):
        await anext(response.aiter_raw())


async def reset_after(port: str, request: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(request)
    await writer.drain()
    writer.transport.abort()


async def end_abruptly(sandbox: SandboxProcess) -> None:
    key, port = sandbox.api_key, sandbox.url.rsplit(":", 1)[1]
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n".encode()
    head += b"Content-Type: application/json\r\n"
    body = b'{"query":"{ contacts { edges { node { id } } } }"}'
    for _ in range(3):
        await read_first(f"{sandbox.sandbox_url}/")
        await read_first(f"{sandbox.sandbox_url}/sandbox/stream")
        async with open_stream(sandbox.url, key, ADDED) as stream:
            await stream.wait_for_comments(1)
        async with open_live(sandbox.websocket_url, key) as live:
            await live.subscribe(ADDED)
            live.socket.transport.abort()
        await reset_after(port, head + b"Content-Length: 100\r\n\r\n{")
        await reset_after(port, head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


async def test_abrupt_ends_are_quiet(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path)
    await asyncio.to_thread(sandbox.start)
    try:
        await end_abruptly(sandbox)
        async with (
            httpx.AsyncClient(trust_env=False, timeout=60) as http,
            http.stream("GET", f"{sandbox.sandbox_url}/sandbox/stream") as phone,
            open_stream(sandbox.url, sandbox.api_key, ADDED) as stream,
            open_live(sandbox.websocket_url, sandbox.api_key) as live,
        ):
            await anext(phone.aiter_raw())
            await stream.wait_for_comments(1)
            await live.subscribe(ADDED)
            await asyncio.to_thread(sandbox.stop)
    finally:
        sandbox.child.send_signal(signal.SIGKILL)

    log = sandbox.log.read_text()
    assert "Stopping" in log
    assert [noise for noise in NOISE if noise in log] == [], log
