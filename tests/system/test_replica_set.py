"""Three MongoDB nodes under a serving process: nothing acknowledged is lost, nothing done twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from starlette.applications import Starlette

from models import Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from tests.fixtures.fault_load import FaultLoad, running_load
from tests.fixtures.replica_set import ReplicaSet
from tests.fixtures.servers import ServerProcess
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

DATABASE = "wagraph"
Database = AsyncDatabase[dict[str, Any]]
Fault = Callable[[ReplicaSet, FaultLoad], Awaitable[None]]

# Longer than an election of three nodes takes.
PATIENT = {"send_deadline_seconds": 20.0, "member_lease_seconds": 10.0}


@pytest.fixture
async def replicated(replica_set: ReplicaSet) -> AsyncIterator[Database]:
    async with create_client(replica_set.uri) as client:
        await prepare_database(client[DATABASE])
        yield client[DATABASE]


@pytest.fixture
async def meta_url(meta_app: Starlette, meta: FakeMeta) -> AsyncIterator[str]:
    """The fake Meta on a socket; its webhooks lead nowhere."""
    async with FakeCloudServer(meta_app) as server:
        yield server.url


@pytest.fixture
def server(
    replica_set: ReplicaSet, make_server: Callable[..., ServerProcess], meta_url: str
) -> ServerProcess:
    where = {"MONGODB_URI": replica_set.uri, "MONGODB_DATABASE": DATABASE}
    return make_server(PATIENT, **where, GRAPH_API_URL=meta_url)


async def step_down(replica_set: ReplicaSet, load: FaultLoad) -> None:
    await asyncio.to_thread(replica_set.step_down)
    await load.webhooks.goes_on()


async def step_down_thrice(replica_set: ReplicaSet, load: FaultLoad) -> None:
    for _ in range(3):
        await step_down(replica_set, load)


async def kill_thrice(replica_set: ReplicaSet, load: FaultLoad) -> None:
    for _ in range(3):
        primary = await asyncio.to_thread(replica_set.wait_for_primary)
        await asyncio.to_thread(primary.kill)
        await load.webhooks.goes_on(50)
        await asyncio.to_thread(primary.start)
        await load.webhooks.goes_on(50)


async def freeze(replica_set: ReplicaSet, load: FaultLoad) -> None:
    primary = await asyncio.to_thread(replica_set.wait_for_primary)
    primary.pause()
    await asyncio.sleep(18)
    primary.resume()
    await load.webhooks.goes_on(50)


async def restart_one_after_another(replica_set: ReplicaSet, load: FaultLoad) -> None:
    for member in replica_set.members:
        await asyncio.to_thread(member.stop)
        await load.webhooks.goes_on(50)
        await asyncio.to_thread(member.start)
        await load.webhooks.goes_on(50)


async def take_all_away(replica_set: ReplicaSet, load: FaultLoad) -> None:
    for member in replica_set.members:
        await asyncio.to_thread(member.kill)
    await asyncio.sleep(60)
    for member in replica_set.members:
        await asyncio.to_thread(member.start)
    await load.webhooks.goes_on(50)


async def lose_majority(replica_set: ReplicaSet, load: FaultLoad) -> None:
    with await asyncio.to_thread(replica_set.without_majority):
        await asyncio.sleep(30)
    await load.webhooks.goes_on(50)


async def fail_commands(replica_set: ReplicaSet, load: FaultLoad) -> None:
    commands = ["insert", "update", "findAndModify", "aggregate", "find", "getMore"]
    failures: list[dict[str, Any]] = [
        {"closeConnection": True},
        *({"errorCode": code} for code in (91, 189, 11600, 11602)),
        {"writeConcernError": {"code": 64, "errmsg": "made up"}},
        {"blockConnection": True, "blockTimeMS": 4000},
    ]
    for failure in failures:
        for times in (1, 2, 20):
            primary = await asyncio.to_thread(replica_set.wait_for_primary)
            fail_next = partial(primary.set_fail_point, "failCommand", {"times": times})
            await asyncio.to_thread(partial(fail_next, failCommands=commands, **failure))
            await load.webhooks.goes_on(30)


async def run_under_load(
    fault: Fault, replica_set: ReplicaSet, server: ServerProcess, meta: FakeMeta, keyring: KeyRing
) -> None:
    await connect_number(keyring, NUMBER)
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    await asyncio.to_thread(server.start)
    async with running_load(server, token) as load:
        await load.webhooks.goes_on()
        await fault(replica_set, load)
        await load.stop()
        await load.check(meta)


@pytest.mark.parametrize(
    "fault",
    [
        step_down,
        *(
            pytest.param(fault, marks=pytest.mark.soak)
            for fault in (
                step_down_thrice,
                kill_thrice,
                freeze,
                restart_one_after_another,
                take_all_away,
                lose_majority,
                fail_commands,
            )
        ),
    ],
    ids=lambda fault: fault.__name__,
)
async def test_nothing_is_lost_or_doubled(
    fault: Fault,
    replica_set: ReplicaSet,
    replicated: Database,
    server: ServerProcess,
    meta: FakeMeta,
    keyring: KeyRing,
) -> None:
    await run_under_load(fault, replica_set, server, meta, keyring)


async def test_not_ready_without_majority(
    replica_set: ReplicaSet, replicated: Database, server: ServerProcess
) -> None:
    await asyncio.to_thread(server.start)

    with replica_set.without_majority():
        await asyncio.to_thread(lambda: server.wait_for("/readyz", status=503))
        server.wait_for("/healthz")

    await asyncio.to_thread(lambda: server.wait_for("/readyz"))
