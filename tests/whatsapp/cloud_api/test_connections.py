"""The connections of the client, on real sockets: reuse, limits, closing, bytes written."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.conftest import make_settings
from tests.fixtures.proxies import write_certificate
from tests.fixtures.raw_server import (
    ACCEPTED,
    Reader,
    RecordingMeta,
    Writer,
    open_client,
    read_request,
    send,
    serve,
)
from tests.fixtures.waiting import eventually
from version import USER_AGENT
from whatsapp.cloud_api.client import CloudAPI, create_http_client
from whatsapp.cloud_api.connections import ConnectionTransport
from whatsapp.cloud_api.media_api import MediaAPI, MediaRefused
from whatsapp.errors import CloudAPIOutcomeUnknown

# A connection that is left open fails the test.
pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")


async def test_concurrent_requests_reuse_connections() -> None:
    barrier = asyncio.Barrier(20)

    async def answer(writer: Writer) -> None:
        await barrier.wait()
        writer.write(ACCEPTED)

    meta = RecordingMeta(answer)
    async with serve(meta.handle) as url, open_client(url) as api:
        for _ in range(2):
            await asyncio.gather(*(send(api) for _ in range(20)))

    assert (meta.connections, len(meta.requests)) == (20, 40)


async def test_tls_connection_is_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = write_certificate(tmp_path)
    monkeypatch.setattr("certifi.where", lambda: str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    meta = RecordingMeta()
    async with serve(meta.handle, tls=tls) as url, open_client(url) as api:
        await send(api)
        await send(api)

    assert (meta.connections, len(meta.requests)) == (1, 2)


async def test_surplus_idle_connections_are_closed() -> None:
    barrier = asyncio.Barrier(5)

    async def answer(writer: Writer) -> None:
        if len(meta.requests) <= 5:
            await barrier.wait()
        writer.write(ACCEPTED)

    meta = RecordingMeta(answer)
    transport = ConnectionTransport(max_connections=10, idle_seconds=0.1)
    async with serve(meta.handle) as url, open_client(url, transport=transport) as api:
        await asyncio.gather(*(send(api) for _ in range(5)))
        assert meta.connections == 5

        async def is_one_left() -> bool:
            await send(api)
            return meta.connections - meta.closed == 1

        await eventually(is_one_left)


async def test_hosts_share_limit_of_connections() -> None:
    first, second = RecordingMeta(), RecordingMeta()
    transport = ConnectionTransport(max_connections=1)
    async with (
        serve(first.handle) as url,
        serve(second.handle) as other_url,
        create_http_client(transport) as http,
    ):
        for target in (url, other_url, url):
            await send(CloudAPI(http, settings=make_settings(graph_api_url=target)))
        await first.wait_for_closed(1)
        await second.wait_for_closed(1)

    assert (first.connections, second.connections) == (2, 1)


async def test_cancelled_requests_free_their_connection() -> None:
    async def answer(writer: Writer) -> None:
        if len(meta.requests) > 1:
            writer.write(ACCEPTED)

    meta = RecordingMeta(answer)
    transport = ConnectionTransport(max_connections=1)
    async with serve(meta.handle) as url, open_client(url, transport=transport) as api:
        sends = [asyncio.create_task(send(api)) for _ in range(3)]
        await meta.wait_for_requests(1)
        for task in sends:
            task.cancel()
        await asyncio.gather(*sends, return_exceptions=True)
        await meta.wait_for_closed(1)
        await send(api)

    assert all(task.cancelled() for task in sends)
    assert (meta.connections, len(meta.requests)) == (2, 2)


async def test_close_ends_requests_under_way() -> None:
    async def answer(_writer: Writer) -> None:
        pass

    meta = RecordingMeta(answer)
    async with serve(meta.handle) as url:
        async with open_client(url) as api:
            task = asyncio.create_task(send(api))
            await meta.wait_for_requests(1)
        with pytest.raises(CloudAPIOutcomeUnknown):
            await task
        await meta.wait_for_closed(1)


async def test_request_bytes() -> None:
    meta = RecordingMeta()
    async with serve(meta.handle) as url, open_client(url) as api:
        await send(api)

    head, _, body = meta.requests[0].partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "POST /v25.0/106/messages HTTP/1.1",
        f"Host: {url.removeprefix('http://')}",
        "Accept: */*",
        "Connection: keep-alive",
        f"User-Agent: {USER_AGENT}",
        "Authorization: Bearer token",
        "Content-Type: application/json",
        "Accept-Encoding: identity",
        "Content-Length: 10",
    ]
    assert body == b'{"to":"1"}'


async def test_cookies_are_not_kept() -> None:
    async def answer(writer: Writer) -> None:
        status, _, rest = ACCEPTED.partition(b"\r\n")
        writer.write(status + b"\r\nSet-Cookie: session=1; Path=/\r\n" + rest)

    meta = RecordingMeta(answer)
    async with serve(meta.handle) as url, open_client(url) as api:
        await send(api)
        await send(api)

    assert not any(b"cookie" in request.lower() for request in meta.requests)


async def test_oversized_download_closes_connection() -> None:
    connections = 0

    async def handle(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"3e8\r\n" + bytes(1000) + b"\r\n")
            await writer.drain()

    async def download(url: str) -> None:
        async with media_api.open_file(url, token="t", max_bytes=5000) as chunks:
            async for _chunk in chunks:
                pass

    transport = ConnectionTransport(max_connections=1)
    async with serve(handle) as url, create_http_client(transport) as http:
        settings = make_settings(graph_api_url=url, media_hosts=url)
        media_api = MediaAPI(http, cloud_api=CloudAPI(http, settings=settings), settings=settings)
        for _ in range(2):
            with pytest.raises(MediaRefused, match="larger"):
                await download(f"{url}/file")

    assert connections == 2
