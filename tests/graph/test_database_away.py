"""MongoDB goes away under a running server, and comes back."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.mongod import EmbeddedMongod
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import FAST, run_lifespan, with_timeouts
from tests.fixtures.waiting import eventually
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.timeouts import Timeouts


@pytest.fixture
async def server(own_mongod: EmbeddedMongod) -> AsyncIterator[Any]:
    from app import create_app

    application = create_app(make_settings(mongodb_uri=own_mongod.uri), timeouts=Timeouts(**FAST))
    async with run_lifespan(application) as manager:
        yield manager.app


async def test_queries_fail_soon_and_work_again(server: Any, own_mongod: EmbeddedMongod) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.ADMIN)
    transport = httpx.ASGITransport(server)
    async with httpx.AsyncClient(transport=transport, base_url="http://wagraph.test") as http:
        client = GraphQLClient(http, token)
        await client("{ viewer { name } }")

        await own_mongod.stop_async()
        started = time.monotonic()
        code = await client.find_error_code("{ accounts { edges { cursor } } }")
        took = time.monotonic() - started
        await own_mongod.start_async()

        assert code == "SERVICE_UNAVAILABLE"
        assert took < 3 * Timeouts.database_deadline_seconds

        async def is_back() -> bool:
            return await client.find_error_code("{ accounts { edges { cursor } } }") is None

        await eventually(is_back)


@with_timeouts(database_deadline_seconds=0.3)
async def test_slow_database_is_not_reported_unreachable(
    admin: GraphQLClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"$where": "sleep(3000) || true"}
    monkeypatch.setattr("graph.types.accounts.list_visible_accounts", lambda _viewer: slow)

    (error,) = (await admin.post("{ accounts { edges { cursor } } }"))["errors"]

    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert error["message"].startswith("The database query timed out")
