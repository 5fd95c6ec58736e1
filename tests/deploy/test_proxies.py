"""nginx and Caddy with the shipped files, between clients or Meta and the server."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import uuid
from collections.abc import Mapping

import httpx
import pytest

from sandbox.application import create_fake_cloud_api
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.webhooks.webhook_bodies import sign
from sandbox.world.numbers import NumberDirectory
from tests.deploy.conftest import METRICS_TOKEN, Site
from tests.fixtures.files import PDF
from tests.fixtures.live import open_live
from tests.fixtures.uploads import UPLOAD
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_message
from tests.fixtures.world import NUMBER
from tests.graph.stream_kit import EVENT_STREAM, StreamReader

pytestmark = pytest.mark.proxies

MIB = 1024 * 1024
VIEWER = "{ viewer { name } }"
MESSAGES = "subscription { messageAdded { message { text } } }"
EMPTY_WEBHOOK = b'{"object":"whatsapp_business_account","entry":[]}'


async def test_query_response_has_each_header_once(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.graphql.token}", "X-Request-Id": "forged"}
    answer = await site.http.post("/graphql", json={"query": VIEWER}, headers=headers)

    assert answer.json()["data"] == {"viewer": {"name": "Tests"}}
    assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]
    request_ids = answer.headers.get_list("x-request-id")
    assert len(request_ids) == 1
    assert re.fullmatch("[0-9a-f-]{16,36}", request_ids[0])


async def test_http_redirects_to_https(site: Site) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{site.proxy.http_url}/graphql?a=b", json={"query": VIEWER})

    assert answer.status_code == 308
    assert re.fullmatch(r"https://localhost(:\d+)?/graphql\?a=b", answer.headers["location"])


async def test_socket_receives_events(site: Site) -> None:
    text = f"Over a socket {uuid.uuid4()}"
    async with open_live(site.proxy.websocket_url, site.host.token, ssl=site.proxy.tls) as live:
        cursor = (await (await live.subscribe("{ eventCursor }")).next())["eventCursor"]
        query = "subscription ($after: String) { messageAdded(after: $after) { message { text } } }"
        messages = await live.subscribe(query, after=cursor)
        await site.webhook.post_messages(make_message(content={"body": text}))
        event = await messages.next()

    assert event["messageAdded"]["message"]["text"] == text


async def test_event_stream_is_not_buffered(site: Site) -> None:
    cursor = (await site.graphql("{ eventCursor }"))["eventCursor"]
    query = MESSAGES.replace("messageAdded", f"messageAdded(after: {json.dumps(cursor)})", 1)
    headers = EVENT_STREAM | {"Authorization": f"Bearer {site.host.token}"}
    async with site.http.stream(
        "POST", "/graphql", json={"query": query}, headers=headers
    ) as response:
        reader = StreamReader(response)
        # Each event arrives before the next webhook is sent, while the stream stays open.
        for text in ("first", "second"):
            await site.webhook.post_messages(make_message(content={"body": text}))
            [event] = await reader.take(1)
            assert event["messageAdded"]["message"]["text"] == text


async def test_20_mb_upload_is_served_in_ranges(site: Site) -> None:
    content = PDF + bytes(20 * MIB)
    meta_app = create_fake_cloud_api(NumberDirectory(NUMBER), SandboxSettings().faster(20))
    async with FakeCloudServer(meta_app, port=site.host.meta_port):
        answer = await site.graphql.post_files(
            UPLOAD,
            {"file": ("large.pdf", content, "application/pdf")},
            file=None,
            account=site.host.account_id,
        )
    upload = answer.json()["data"]["uploadMedia"]["upload"]
    path = upload["url"].removeprefix("https://localhost")
    part = await site.http.get(path, headers={"Range": "bytes=0-7"})
    whole = await site.http.get(path)

    assert upload["sha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert (part.status_code, part.content) == (206, PDF[:8])
    assert part.headers["content-range"] == f"bytes 0-7/{len(content)}"
    assert (whole.status_code, whole.content) == (200, content)

    async def is_logged() -> bool:
        return path.partition("?")[0] in site.proxy.log

    await eventually(is_logged)
    # It gives access to the file.
    assert path.rpartition("signature=")[2][:20] not in site.proxy.log


async def read_status(
    site: Site, path: str, body: bytes, *, size: int, headers: Mapping[str, str]
) -> int:
    """Posts a body that is repeated up to `size`; returns the status, maybe before its end."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.proxy.https_port, ssl=site.proxy.tls
    )
    lines = {"Host": "localhost", "Content-Length": str(size), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())

    async def send_body() -> None:
        with contextlib.suppress(ConnectionError):
            for start in range(0, size, len(body)):
                writer.write(body[: size - start])
                await writer.drain()

    sending = asyncio.create_task(send_body())
    async with asyncio.timeout(60):
        line = await reader.readline()
    sending.cancel()
    writer.transport.abort()
    return int(line.split()[1])


async def test_upload_without_credential_is_refused(site: Site) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "GraphQL-Require-Preflight": "1"}

    status = await read_status(site, "/graphql", bytes(MIB), size=50 * MIB, headers=headers)

    assert status == 401


async def test_upload_over_limit_is_refused(site: Site) -> None:
    headers = {
        "Authorization": f"Bearer {site.host.token}",
        "Content-Type": "multipart/form-data; boundary=x",
        "GraphQL-Require-Preflight": "1",
    }

    status = await read_status(site, "/graphql", bytes(MIB), size=103 * MIB, headers=headers)

    assert status == 413
    assert site.host.count("uploads", size_bytes={"$gt": 100 * MIB}) == 0


async def test_signed_webhook_is_stored(site: Site) -> None:
    text, stored = f"Signed {uuid.uuid4()}", site.host.count("webhook_events")
    signed = await site.webhook.post_messages(make_message(content={"body": text}))
    forged = await site.webhook.post(b'{"object": "forged"}', secret="wrong")

    async def is_applied() -> bool:
        return site.host.count("messages", text=text) == 1

    assert (signed.status_code, forged.status_code) == (200, 403)
    await eventually(is_applied)
    assert site.host.count("webhook_events") == stored + 1


async def test_largest_webhook_is_stored(site: Site) -> None:
    answer = await site.webhook.post(EMPTY_WEBHOOK.ljust(4 * MIB))

    assert answer.status_code == 200


async def test_larger_webhook_is_refused(site: Site) -> None:
    body, stored = EMPTY_WEBHOOK.ljust(4 * MIB + 1), site.host.count("webhook_events")
    headers = {"X-Hub-Signature-256": sign(body, app_secret=NUMBER.app_secret)}

    status = await read_status(site, "/webhooks/whatsapp", body, size=len(body), headers=headers)

    assert status == 413
    assert site.host.count("webhook_events") == stored


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?a=b"])
async def test_metrics_are_closed(site: Site, path: str) -> None:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}

    answer = await site.http.get(path, headers=headers)

    assert answer.status_code == 404
    # The server would have answered 200, with this header: the proxy has refused it.
    assert "x-content-type-options" not in answer.headers
