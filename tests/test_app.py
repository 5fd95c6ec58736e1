"""The application as a whole: probes, routes, CORS."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from app import create_app
from models.connection import DatabaseUnreachable, DatabaseUnusable, prepare_database
from tests.conftest import make_settings
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.world import SERVER_URL, wait_until_ready

ORIGIN = "https://app.example.com"


async def test_running_server_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    answers = [await client.get(path) for path in ("/healthz", "/readyz")]

    assert [(answer.status_code, answer.text) for answer in answers] == [
        (200, "ok\n"),
        (200, "ready\n"),
    ]


@pytest.fixture
async def browser(
    database: AsyncDatabase[dict[str, Any]], mongodb_uri: str, database_name: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a server that allows a single origin."""
    settings = make_settings(
        mongodb_uri=mongodb_uri, mongodb_database=database_name, allowed_origins=ORIGIN
    )
    async with run_lifespan(create_app(settings, timeouts=make_timeouts())) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url=SERVER_URL) as client:
            yield client


async def ask_before_posting(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return await client.options("/graphql", headers=headers)


async def test_allowed_origin_may_call_from_browser(browser: httpx.AsyncClient) -> None:
    answer = await ask_before_posting(browser, ORIGIN)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


async def test_another_origin_may_not(browser: httpx.AsyncClient) -> None:
    answer = await ask_before_posting(browser, "https://evil.example.com")

    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_mongodb_in_bad_state_is_retried(
    database: AsyncDatabase[dict[str, Any]],
    mongodb_uri: str,
    database_name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    problems = iter([DatabaseUnreachable("away"), *[DatabaseUnusable("standalone")] * 3])

    async def prepare_later(database: AsyncDatabase[dict[str, Any]]) -> None:
        for problem in problems:
            raise problem
        await prepare_database(database)

    settings = make_settings(mongodb_uri=mongodb_uri, mongodb_database=database_name)
    async with run_lifespan(
        create_app(settings, timeouts=make_timeouts(reconnect_seconds=0.05), prepare=prepare_later)
    ) as manager:
        await wait_until_ready(manager.app)

    assert caplog.text.count("standalone Retrying.") == 1
