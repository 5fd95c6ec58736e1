"""Counts the files of the product that a request touches, and lists them with `--list`.

Every Python frame is seen by `sys.setprofile`. Frames of background work that serves other requests
too (the change stream, the dispatcher, sweeps) do not count.
"""

import argparse
import asyncio
import base64
import contextlib
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
import app  # noqa: E402 - the root is on the path from here on
import runtime  # noqa: E402
from models import Account, Contact, Message, Role  # noqa: E402
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now  # noqa: E402
from sandbox.application import create_fake_cloud_api  # noqa: E402
from sandbox.mongod import EmbeddedMongod  # noqa: E402
from sandbox.webhooks.webhook_bodies import encode_like_meta, sign  # noqa: E402
from sandbox.world.numbers import FakeNumber, NumberDirectory  # noqa: E402
from telemetry.global_ids import encode_id  # noqa: E402
from whatsapp.accounts.accounts import create_account  # noqa: E402
from whatsapp.auth.api_keys import create_api_key  # noqa: E402
from whatsapp.common.crypto import KeyRing  # noqa: E402
from whatsapp.settings import Settings  # noqa: E402

PRODUCT = tuple(
    f"{ROOT / name}"
    for name in ("app.py", "runtime.py", "graph", "models", "telemetry", "webhooks", "whatsapp")
)
NUMBER = FakeNumber(
    phone_number_id="106540352242922",
    business_account_id="419561257915477",
    display_phone_number="15550783881",
    verified_name="Shop",
    access_token="token",
    app_secret="secret",
)
CUSTOMER = "16505551234"
INBOX = (ROOT / "bench/operations/inbox.graphql").read_text()
SEND = (ROOT / "bench/operations/send.graphql").read_text()
# Sends and other work of the background have contexts of their own, without a part.
PART: ContextVar[str] = ContextVar("part", default="background")
OF_REQUEST = "request"
# Applies webhooks, in tasks that were started before they came.
OF_WEBHOOKS = "webhook processing"

Flow = Callable[[], Awaitable[object]]


@contextlib.contextmanager
def recording(files: set[str], parts: set[str]) -> Iterator[None]:
    """Adds the files whose functions are called while the block runs."""

    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(PRODUCT) and PART.get() in parts:
            files.add(str(Path(name).relative_to(ROOT)))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def mark_background() -> None:
    """Marks the tasks of each background part, and the tasks that they start."""
    original = runtime.keep_running

    async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
        PART.set(name)
        await original(name, run)

    runtime.keep_running = keep_running


def make_text(number: int) -> bytes:
    message = {
        "from": CUSTOMER,
        "id": f"wamid.{number}",
        "timestamp": str(int(utc_now().timestamp())),  # so that the service window is open
        "type": "text",
        "text": {"body": f"Hello {number}"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": NUMBER.display_phone_number,
            "phone_number_id": NUMBER.phone_number_id,
        },
        "contacts": [{"profile": {"name": "Sheena"}, "wa_id": CUSTOMER}],
        "messages": [message],
    }
    entry = {"id": NUMBER.business_account_id, "changes": [{"field": "messages", "value": value}]}
    return encode_like_meta({"object": "whatsapp_business_account", "entry": [entry]})


async def post_text(client: httpx.AsyncClient, number: int) -> None:
    """Returns once the message is in the database."""
    body = make_text(number)
    headers = {"X-Hub-Signature-256": sign(body, app_secret=NUMBER.app_secret)}
    answer = await client.post("/webhooks/whatsapp", content=body, headers=headers)
    answer.raise_for_status()
    while not await Message.find_one({"wamid": f"wamid.{number}"}):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # its summary and its event are written behind it


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    result = answer.raise_for_status().json()
    data = result["data"]
    refusals = [payload["userErrors"] for payload in data.values() if "userErrors" in payload]
    if "errors" in result or any(refusals):
        raise SystemExit(str(result))
    return data


async def list_flows(client: httpx.AsyncClient, account: Account) -> dict[str, Flow]:
    await post_text(client, 0)
    contact = await Contact.find_one()
    assert contact is not None
    content = {"text": {"body": "Good day"}}
    recipient = {"contactId": encode_id("Contact", contact.id)}
    sent = {"accountId": encode_id("Account", account.id), "to": recipient, "content": content}
    numbers = iter(range(1, 100))
    return {
        "text webhook -> documents": lambda: post_text(client, next(numbers)),
        "sendMessage -> queued": lambda: ask(client, SEND, input=sent),
        "inbox page": lambda: ask(client, INBOX),
    }


async def count_files(folder: Path) -> dict[str, set[str]]:
    key = f"k1:{base64.b64encode(bytes(32)).decode()}"
    meta_app = create_fake_cloud_api(NumberDirectory(NUMBER))
    async with EmbeddedMongod(folder) as mongod:
        settings = Settings(
            mongodb_uri=SecretStr(mongod.uri),
            encryption_keys=SecretStr(key),
            graph_api_url="http://meta.test",
        )
        application = app.create_app(settings, transport=httpx.ASGITransport(meta_app))
        async with LifespanManager(application, startup_timeout=60) as manager:
            account, token = await connect(KeyRing.from_text(key))
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(manager.app),
                base_url="http://wagraph.test",
                headers={"Authorization": f"Bearer {token}"},
            ) as client:
                return await record_flows(await list_flows(client, account))


async def connect(keyring: KeyRing) -> tuple[Account, str]:
    account, _ = await create_account(
        keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=NUMBER.verified_name,
        phone_number_id=NUMBER.phone_number_id,
        business_account_id=NUMBER.business_account_id,
        access_token=NUMBER.access_token,
        app_secret=NUMBER.app_secret,
    )
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="counting", role=Role.AGENT)
    return account, token


async def run_as_request(run: Flow) -> None:
    PART.set(OF_REQUEST)
    await run()


async def record_flows(flows: dict[str, Flow]) -> dict[str, set[str]]:
    touched: dict[str, set[str]] = {}
    for name, run in flows.items():
        for _ in range(3):  # caches are filled first, as they are in a process that serves
            await run()
        touched[name] = set()
        parts = {OF_REQUEST, OF_WEBHOOKS} if "webhook" in name else {OF_REQUEST}
        with recording(touched[name], parts):
            await asyncio.create_task(run_as_request(run))
    return touched


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the files too")
    arguments = parser.parse_args()
    mark_background()
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(count_files(Path(name)))
    for flow, files in found.items():
        print(f"{flow}: {len(files)} files")
        if arguments.list:
            print(*sorted(files), sep="\n")
