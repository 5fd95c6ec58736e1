"""A large upload passes through in pieces: it is never whole in memory."""

import json
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from app import create_app
from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.servers import ServerProcess
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.uploads import UPLOAD, list_uploads, upload
from tests.fixtures.world import NUMBER, SERVER_URL, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

MIB = 1024 * 1024
PIECE = b"%PDF-1.7" + bytes(64 * 1024 - 8)
BOUNDARY = "x-boundary"


class SwallowingMeta(httpx.AsyncBaseTransport):
    """Takes a file without keeping any of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            self.taken += len(chunk)
        assert self.taken == int(request.headers["content-length"])
        return httpx.Response(200, json={"id": "1"})


async def make_form(account_id: str, size: int) -> AsyncIterator[bytes]:
    variables = {"file": None, "account": account_id, "kind": "DOCUMENT"}
    operations = json.dumps({"query": UPLOAD, "variables": variables})
    for name, text in (("operations", operations), ("map", '{"0": ["variables.file"]}')):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        yield f"{head}{text}\r\n".encode()
    disposition = 'Content-Disposition: form-data; name="0"; filename="a.pdf"'
    yield f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode()
    for _ in range(size // len(PIECE)):
        yield PIECE
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


async def post_document(
    client: httpx.AsyncClient, token: str, account_id: str, *, size: int
) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "GraphQL-Require-Preflight": "1",
    }
    form = make_form(account_id, size)
    answer = await client.post("/graphql", content=form, headers=headers)
    payload: dict[str, Any] = answer.json()["data"]["uploadMedia"]
    assert payload["userErrors"] == []
    return payload


async def test_large_upload_is_never_whole_in_memory(
    settings: Settings,
    database: AsyncDatabase[dict[str, Any]],
    keyring: KeyRing,
) -> None:
    meta, size = SwallowingMeta(), 12 * MIB
    application = create_app(
        settings, timeouts=make_timeouts(upload_deadline_seconds=60.0), transport=meta
    )
    async with run_lifespan(application) as manager:
        account = await connect_number(keyring, NUMBER)
        _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.AGENT)
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url=SERVER_URL) as client:
            await upload(GraphQLClient(client, token), account)
            meta.taken = 0
            tracemalloc.start()
            try:
                before, _ = tracemalloc.get_traced_memory()
                done = await post_document(client, token, id_of(account), size=size)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

    assert done["upload"]["sizeBytes"] == size
    assert meta.taken > size
    assert peak - before < 8 * MIB, peak - before


@pytest.mark.soak
async def test_sixty_megabytes_into_mongodb(
    make_server: Callable[..., ServerProcess],
    keyring: KeyRing,
    database: AsyncDatabase[dict[str, Any]],
    meta_app: Starlette,
    meta: FakeMeta,
) -> None:
    account = await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.AGENT)
    async with FakeCloudServer(meta_app) as cloud:
        server = make_server(GRAPH_API_URL=cloud.url)
        server.start()
        async with httpx.AsyncClient(
            base_url=server.url, trust_env=False, timeout=300
        ) as http_client:
            await upload(GraphQLClient(http_client, token), account)
            before = read_peak(server)
            await post_document(http_client, token, id_of(account), size=60 * MIB)
            after = read_peak(server)

    assert len(list_uploads(meta)) == 2
    assert after - before < 40 * MIB, after - before


def read_peak(server: ServerProcess) -> int:
    """The most memory that the process ever had, in bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) * 1024
