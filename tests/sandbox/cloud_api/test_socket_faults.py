"""Faults on a real connection: the client's view and Meta's state."""

import asyncio
import contextlib
import time

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from tests.fixtures.waiting import eventually
from tests.sandbox.meta_kit import SHOP, send, text_to

ANA = "15550001111"


async def read_raw(server: FakeCloudServer, request: bytes) -> bytes:
    """Everything the server sends; raises ConnectionResetError for an RST."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            await writer.wait_closed()


async def test_reset_before_is_rst_and_nothing_was_taken(
    server: FakeCloudServer, socket_api: httpx.AsyncClient
) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "reset_before"})
    # The body never follows: only a reset that does not wait for it can answer this.
    head = (
        f"POST /v25.0/{SHOP.phone_number_id}/messages HTTP/1.1\r\n"
        "Host: x\r\nContent-Length: 100\r\n\r\n"
    )

    with pytest.raises(ConnectionResetError):
        await read_raw(server, head.encode())

    assert server.meta.requests.list_sends() == []


async def test_reset_after_took_message(socket_api: httpx.AsyncClient, meta: FakeMeta) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "reset_after"})

    with pytest.raises(httpx.ReadError):
        await send(socket_api, text_to(ANA, biz_opaque_callback_data="x"))

    assert meta.requests.accepted_counts == {"x": 1}
    assert meta.requests.requests[0].status is None
    assert (await send(socket_api, text_to(ANA))).status_code == 200


async def test_timeout_after_acceptance_sends_no_answer(
    socket_api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "timeout"})

    with pytest.raises(httpx.ReadTimeout):
        await socket_api.post(
            f"/v25.0/{SHOP.phone_number_id}/messages",
            json=text_to(ANA),
            timeout=httpx.Timeout(60, read=0.2),
        )

    async def was_taken() -> bool:
        return len(meta.requests.list_sends()) == 1

    await eventually(was_taken)


async def test_silence_that_ends_closes_connection(socket_api: httpx.AsyncClient) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "timeout", "seconds": 0.05})

    with pytest.raises(httpx.RemoteProtocolError):
        await send(socket_api, text_to(ANA))


async def test_cut_answer_ends_in_middle(socket_api: httpx.AsyncClient) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "cut"})

    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        await send(socket_api, text_to(ANA))


async def test_slow_drip_sends_all_bytes_singly(
    socket_api: httpx.AsyncClient,
) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "slow_drip", "seconds": 0.001})
    request = socket_api.build_request(
        "POST", f"/v25.0/{SHOP.phone_number_id}/messages", json=text_to(ANA)
    )

    answer = await socket_api.send(request, stream=True)
    chunks = [chunk async for chunk in answer.aiter_raw()]

    assert len(chunks) > 20
    assert b"wamid" in b"".join(chunks)


async def test_huge_answers_are_really_huge(socket_api: httpx.AsyncClient) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "huge", "megabytes": 3})

    assert len((await send(socket_api, text_to(ANA))).content) > 3_000_000


async def test_restart_keeps_address(
    server: FakeCloudServer, socket_api: httpx.AsyncClient
) -> None:
    address = server.url
    await server.stop()
    with pytest.raises(httpx.ConnectError):
        await send(socket_api, text_to(ANA))

    await server.start()

    assert server.url == address
    assert (await send(socket_api, text_to(ANA))).status_code == 200


async def test_close_does_not_wait_for_streams(
    server: FakeCloudServer, socket_api: httpx.AsyncClient
) -> None:
    await socket_api.post("/sandbox/faults", json={"kind": "timeout"})
    hanging = asyncio.create_task(send(socket_api, text_to(ANA)))
    async with socket_api.stream("GET", "/sandbox/stream"):
        while not server.meta.requests.requests:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)

        started = time.monotonic()
        await server.close()

    assert time.monotonic() - started < 20
    with pytest.raises(httpx.TransportError):
        await hanging


async def test_taken_port_is_os_error(server: FakeCloudServer) -> None:
    with pytest.raises(OSError, match="in use"):
        await FakeCloudServer(server.app, port=server.port).start()
