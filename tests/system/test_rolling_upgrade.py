"""The previous release's server and this one side by side on one database, under load.

Before the first release with rolling upgrades, the other server is a copy of this commit.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from tests.fixtures.balancer import Balancer, balancing
from tests.fixtures.fault_load import FaultLoad, running_load
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.releases import check_out, find_previous_release
from tests.fixtures.servers import ServerProcess
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

# Fields of version 0.2, so that each later server answers them.
SHOWN = """{
  viewer { name role }
  accounts(first: 10) { edges { node { id name phoneNumberId enabled health { state } } } }
  conversations(first: 10) { edges { node {
    id unreadCount status lastActivityAt
    contact { id waId profileName }
    messages(first: 50) { edges { node { id direction type text status
      content { ... on TextContent { body } } } } }
  } } }
}"""
PAUSE_SECONDS = 1.0
MakeServer = Callable[..., ServerProcess]


async def test_previous_release_serves_beside_this_one(
    database: AsyncDatabase[dict[str, Any]],
    keyring: KeyRing,
    meta: FakeMeta,
    meta_app: Starlette,
    make_server: MakeServer,
    tmp_path: Path,
) -> None:
    release = await asyncio.to_thread(check_out, find_previous_release(), tmp_path / "previous")
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    async with FakeCloudServer(meta_app) as cloud:
        command = [release.python, str(release.folder / "manage.py")]
        old = make_server(command=command, GRAPH_API_URL=cloud.url)
        new = make_server(GRAPH_API_URL=cloud.url)
        await asyncio.to_thread(old.start)
        async with balancing(old) as balancer, running_load(balancer, token) as load:
            await upgrade(balancer, load, old, new)
            await upgrade(balancer, load, new, old)  # the rollback
            await upgrade(balancer, load, old, new)
            await asyncio.to_thread(old.start)
            balancer.use(old, new)
            await load.webhooks.goes_on()
            await load.stop()
            await load.check(meta)
            assert await show(old, token) == await show(new, token)


async def upgrade(
    balancer: Balancer, load: FaultLoad, before: ServerProcess, after: ServerProcess
) -> None:
    """Replaces a server under load."""
    await load.webhooks.goes_on()
    await asyncio.to_thread(after.start)
    balancer.use(before, after)
    await load.webhooks.goes_on()
    balancer.use(after)
    # Requests that the server has received end before it stops.
    await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.to_thread(before.stop)
    await load.webhooks.goes_on()


async def show(server: ServerProcess, token: str) -> Any:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as http:
        return await GraphQLClient(http, token)(SHOWN)
