"""Requests that were certainly not sent are told from others, on real sockets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures.proxies import write_certificate
from tests.fixtures.raw_server import (
    ACCEPTED,
    Reader,
    RecordingMeta,
    Script,
    Writer,
    make_response,
    open_client,
    read_request,
    send,
    serve,
)
from tests.fixtures.world import find_free_port
from whatsapp.cloud_api.connections import ConnectionTransport
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown

# A connection that is left open fails the test.
pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")


async def be_silent(reader: Reader, _writer: Writer) -> None:
    await reader.read()


async def close_at_once(_reader: Reader, _writer: Writer) -> None:
    pass


async def close_before_body(reader: Reader, _writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def close_after_body(reader: Reader, _writer: Writer) -> None:
    await read_request(reader)


async def reset_after_body(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    # Closing without lingering sends RST.
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def break_off_answer(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(ACCEPTED[:-5])


async def answer_nonsense(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def answer_in_drops(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    for byte in make_response(b" " * 10_000):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def answer_without_end(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


async def test_refused_connection_is_not_reached() -> None:
    async with open_client(f"http://127.0.0.1:{find_free_port()}") as api:
        with pytest.raises(CloudAPINotReached):
            await send(api)


async def test_silent_handshake_is_not_reached() -> None:
    async with serve(be_silent) as url, open_client(url.replace("http", "https"), seconds=1) as api:
        with pytest.raises(CloudAPINotReached):
            await send(api)


async def test_untrusted_certificate_is_not_reached(tmp_path: Path) -> None:
    meta = RecordingMeta()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*write_certificate(tmp_path))
    async with serve(meta.handle, tls=tls) as url, open_client(url) as api:
        with pytest.raises(CloudAPINotReached):
            await send(api)

    assert meta.requests == []


async def test_request_without_free_connection_is_not_reached() -> None:
    is_released = asyncio.Event()

    async def answer(writer: Writer) -> None:
        await is_released.wait()
        writer.write(ACCEPTED)

    meta = RecordingMeta(answer)
    transport = ConnectionTransport(max_connections=2)
    async with serve(meta.handle) as url, open_client(url, seconds=4, transport=transport) as api:
        sends = [asyncio.create_task(send(api)) for _ in range(2)]
        await meta.wait_for_requests(2)
        with pytest.raises(CloudAPINotReached):
            await send(api)
        assert len(meta.requests) == 2
        is_released.set()
        await asyncio.gather(*sends)
        await send(api)


@pytest.mark.parametrize(
    "script",
    [
        close_at_once,
        close_before_body,
        close_after_body,
        reset_after_body,
        break_off_answer,
        answer_nonsense,
        answer_without_end,
    ],
)
async def test_lost_answer_is_unknown(script: Script) -> None:
    assert await count_connections(script, seconds=15) == 1


@pytest.mark.parametrize("script", [be_silent, answer_in_drops])
async def test_answer_after_deadline_is_unknown(script: Script) -> None:
    assert await count_connections(script, seconds=2) == 1


async def count_connections(script: Script, *, seconds: float) -> int:
    """Sends once, with unknown outcome, and waits until the connection is closed."""
    connections = 0
    is_closed = asyncio.Event()

    async def handle(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        try:
            await script(reader, writer)
        finally:
            is_closed.set()

    async with serve(handle) as url, open_client(url, seconds=seconds) as api:
        with pytest.raises(CloudAPIOutcomeUnknown):
            await send(api)
        await is_closed.wait()
    return connections


async def test_connection_closed_while_idle_is_replaced() -> None:
    async def answer(writer: Writer) -> None:
        writer.write(ACCEPTED)
        writer.close()
        await writer.wait_closed()

    meta = RecordingMeta(answer)
    async with serve(meta.handle) as url, open_client(url) as api:
        await send(api)
        await meta.wait_for_closed(1)
        await send(api)

    assert (meta.connections, len(meta.requests)) == (2, 2)


async def test_connection_closed_by_next_request_is_unknown() -> None:
    async def answer(writer: Writer) -> None:
        if len(meta.requests) == 2:
            raise ConnectionAbortedError
        writer.write(ACCEPTED)

    meta = RecordingMeta(answer)
    async with serve(meta.handle) as url, open_client(url) as api:
        await send(api)
        with pytest.raises(CloudAPIOutcomeUnknown):
            await send(api)

    assert (meta.connections, len(meta.requests)) == (1, 2)


async def test_streamed_upload_may_be_refused_early() -> None:
    refusal = make_response(b'{"error": {"code": 131053}}', status="400 Bad Request")

    async def refuse(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await reader.readexactly(1_000_000)
        await reader.read()

    async def make_chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(10_000)

    async with serve(refuse) as url, open_client(url) as api:
        with pytest.raises(CloudAPIError) as error:
            await api.upload(
                "106",
                "media",
                access_token="token",
                graph_api_version=None,
                content=make_chunks(),
                headers={"Content-Length": "1000000"},
                deadline_seconds=15,
            )

    assert error.value.code == 131053
