"""Request and response headers of browser apps on other origins."""

import httpx
import pytest

from graph.transport.cors import CLIENT_HEADERS, TRACE_HEADERS
from tests.conftest import make_settings
from whatsapp.settings import Settings

ORIGIN = "http://localhost:5173"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri,
        mongodb_database=settings.mongodb_database,
        allowed_origins=ORIGIN,
        allowed_headers="X-Tenant, x-session",
    )


async def send_preflight(client: httpx.AsyncClient, *names: str) -> httpx.Response:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ", ".join(names),
    }
    return await client.options("/graphql", headers=headers)


async def test_tracing_and_apollo_headers_are_allowed(client: httpx.AsyncClient) -> None:
    names = (
        *("traceparent", "tracestate", "sentry-trace", "baggage", "X-Request-Id"),
        *("apollographql-client-name", "apollographql-client-version"),
        *("Authorization", "Content-Type", "Apollo-Require-Preflight"),
    )

    answer = await send_preflight(client, *names)

    assert answer.status_code == 200
    assert {*TRACE_HEADERS, *CLIENT_HEADERS} <= set(names)


async def test_setting_allows_more_headers(client: httpx.AsyncClient) -> None:
    answer = await send_preflight(client, "x-tenant", "X-Session")

    assert answer.status_code == 200


async def test_other_header_is_refused(client: httpx.AsyncClient) -> None:
    answer = await send_preflight(client, "x-tenant", "x-unknown")

    assert (answer.status_code, answer.text) == (400, "Disallowed CORS headers")


async def test_request_id_is_exposed_to_scripts(client: httpx.AsyncClient) -> None:
    body = {"query": "{ __typename }"}

    answer = await client.post("/graphql", json=body, headers={"Origin": ORIGIN})

    assert answer.headers["X-Request-Id"]
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"].split(", ")
