"""Trace headers of clients behind nginx and Caddy."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import Host, Site, run_host
from tests.fixtures.proxies import Caddy, Nginx
from whatsapp.settings import Settings

pytestmark = pytest.mark.proxies

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(params=[Nginx, Caddy], ids=lambda proxy: proxy.name)
def host(request: pytest.FixtureRequest, own_settings: Settings, tmp_path: Path) -> Iterator[Host]:
    """A host that records traces, for a collector that is away."""
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "LOG_FORMAT": "json"}
    with run_host(request.param, tmp_path, own_settings, LOG_LEVEL="INFO", **traces) as host:
        yield host


@pytest.mark.parametrize("flags", ["00", "01"])
async def test_client_does_not_choose_trace(site: Site, tmp_path: Path, flags: str) -> None:
    headers = {"Authorization": f"Bearer {site.graphql.token}"}
    headers |= {"traceparent": f"00-{TRACE}-{SPAN}-{flags}", "tracestate": "a=b"}

    answer = await site.http.post(
        "/graphql", json={"query": "{ viewer { name } }"}, headers=headers
    )

    assert answer.status_code == 200
    assert (await find_access_line(tmp_path / "server.log"))["trace_id"] != TRACE


async def find_access_line(log: Path) -> dict[str, Any]:
    """Waits for the access log line of the request, which follows the response."""
    async with asyncio.timeout(10):
        while True:
            for line in read_access_lines(log):
                return line
            await asyncio.sleep(0.05)


def read_access_lines(log: Path) -> list[dict[str, Any]]:
    texts = log.read_text().splitlines(keepends=True)
    lines = [json.loads(text) for text in texts if text.endswith("\n")]
    return [line for line in lines if line.get("route") == "/graphql"]
