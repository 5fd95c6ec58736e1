"""Runs each *.test.mjs with Node against a server process of its own and the fake Meta.

Needs node and `npm ci` in this folder: `make test-clients` sees to both being there.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.servers import ServerProcess
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
NODE_SECONDS = 180
# Settings of the server of a file.
SETTINGS = {"resume.test.mjs": {"RATE_LIMIT_BURST": "1500", "RATE_LIMIT_PER_MINUTE": "60000"}}


@pytest.fixture
async def world(
    database: AsyncDatabase[dict[str, Any]],
    keyring: KeyRing,
    make_server: Callable[..., ServerProcess],
    name: str,
) -> AsyncIterator[dict[str, str]]:
    """Environment of a Node test: a server with an account, and the fake Meta."""
    settings = SandboxSettings().faster(20)
    async with FakeCloudServer(create_fake_cloud_api(NumberDirectory(NUMBER), settings)) as meta:
        server = make_server(GRAPH_API_URL=meta.url, **SETTINGS.get(name, {}))
        settings.webhook_url = f"{server.url}/webhooks/whatsapp"
        await connect_number(keyring, NUMBER)
        keys = {
            role: await create_api_key(DEFAULT_WORKSPACE_ID, name=role.value, role=role)
            for role in Role
        }
        # Meta answers in this event loop.
        await asyncio.to_thread(server.start)
        yield {
            "SERVER_URL": server.url,
            "SANDBOX_URL": meta.url,
            "ADMIN_KEY": keys[Role.ADMIN][1],
            "VIEWER_KEY": keys[Role.VIEWER][1],
        }
        await asyncio.to_thread(server.stop)


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
async def test_client(name: str, world: dict[str, str], tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as output:
        node = await asyncio.create_subprocess_exec(
            "node",
            "--test",
            name,
            cwd=HERE,
            env=os.environ | world,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(NODE_SECONDS):
            await node.wait()
    except TimeoutError:
        # Node runs the file in a process of its own, which would go on without it.
        os.killpg(node.pid, signal.SIGKILL)
        await node.wait()

    assert node.returncode == 0, said.read_text()
