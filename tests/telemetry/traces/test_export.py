"""Traces are off unless the environment asks for them; then OTLP exports them without delays."""

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pymongo.asynchronous.database import AsyncDatabase

from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.trace_export import create_tracing, is_asked
from tests.fixtures.servers import ROOT, ServerProcess, make_environment
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

QUERY = {"query": "{ viewer { role } }"}
# Runs the application, and prints which modules of OpenTelemetry it has loaded.
SERVE_QUERIES = """
import asyncio, json, sys
import httpx
from asgi_lifespan import LifespanManager
from app import create_app

async def main():
    async with LifespanManager(create_app(), startup_timeout=60, shutdown_timeout=60) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(2):
                answer = await client.post(
                    "/graphql",
                    json={"query": "{ accounts(first: 1) { edges { node { id } } } }"},
                    headers={"Authorization": "Bearer " + sys.argv[1]},
                )
                assert "errors" not in answer.json(), answer.text
    loaded = [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]
    print(json.dumps(loaded))

asyncio.run(main())
"""


class Collector:
    """A collector that keeps the received spans."""

    def __init__(self) -> None:
        received: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def list_resource_spans(self) -> list[Any]:
        requests = map(ExportTraceServiceRequest.FromString, self._received)
        return [spans for request in requests for spans in request.resource_spans]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def silent_collector() -> Iterator[str]:
    """Accepts connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
async def key(database: AsyncDatabase[dict[str, Any]]) -> str:
    _, key = await create_api_key(DEFAULT_WORKSPACE_ID, name="test", role=Role.ADMIN)
    return key


def post(server: ServerProcess, key: str, count: int) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        for _ in range(count):
            answer = client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {key}"})
            assert answer.json()["data"]["viewer"]["role"] == "ADMIN"


def post_slowly(server: ServerProcess, key: str) -> None:
    """Posts so that several exports begin."""
    for _ in range(3):
        post(server, key, 5)
        time.sleep(1.5)


def serve_queries(
    settings: Settings, key: str, changes: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SERVE_QUERIES, key],
        env=make_environment(settings, **changes) | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}],
    ids=["unset", "disabled"],
)
async def test_opentelemetry_is_not_loaded_while_off(
    settings: Settings, key: str, changes: dict[str, str]
) -> None:
    done = serve_queries(settings, key, changes)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_standard_variables_turn_traces_on() -> None:
    endpoint = "http://127.0.0.1:4318"
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        assert is_asked({name: endpoint})
        assert not is_asked({name: endpoint, "OTEL_TRACES_EXPORTER": "none"})
        assert not is_asked({name: endpoint, "OTEL_SDK_DISABLED": "True"})
        assert not is_asked({name: ""})
    assert is_asked({"OTEL_TRACES_EXPORTER": "otlp"})
    assert not is_asked({})


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "must be otlp, console or none"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "must be http/protobuf",
        ),
    ],
)
def test_unsupported_export_is_logged(
    variables: dict[str, str],
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with caplog.at_level(logging.ERROR):
        assert create_tracing("1") is None

    [record] = caplog.records
    assert remedy in record.getMessage()


@pytest.mark.parametrize("package", ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"])
def test_missing_packages_are_named(
    package: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, package, None)

    with caplog.at_level(logging.ERROR):
        assert create_tracing("1") is None

    [record] = caplog.records
    for name in ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"):
        assert name in record.getMessage()


async def test_workers_send_their_spans(
    key: str, make_server: Callable[..., ServerProcess], collector: Collector
) -> None:
    server = make_server(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_RESOURCE_ATTRIBUTES="canary.place=shelf"
    )
    server.start("--workers", "2")
    post(server, key, 20)
    server.stop()

    spans = [
        span
        for sent in collector.list_resource_spans()
        for scope in sent.scope_spans
        for span in scope.spans
    ]
    assert sum(span.name == "POST /graphql" for span in spans) == 20
    attributes = {
        entry.key: entry.value.string_value
        for entry in collector.list_resource_spans()[0].resource.attributes
    }
    assert (attributes["service.name"], attributes["canary.place"]) == ("wagraph", "shelf")


async def test_silent_collector_stops_nothing(
    key: str, make_server: Callable[..., ServerProcess], silent_collector: str
) -> None:
    server = make_server(OTEL_EXPORTER_OTLP_ENDPOINT=silent_collector, OTEL_BSP_SCHEDULE_DELAY="50")
    server.start()
    post(server, key, 50)
    began = time.monotonic()
    server.stop()

    assert time.monotonic() - began < 30
    assert server.log.count("The last spans were not sent within 3 s") == 1


async def test_unreachable_collector_is_logged_once(
    key: str, make_server: Callable[..., ServerProcess], free_port: int
) -> None:
    server = make_server(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port}",
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    server.start()
    post_slowly(server, key)
    server.stop()

    assert server.log.count("Spans can't be sent to the collector") == 1
    assert "Traceback" not in server.log


@pytest.mark.parametrize(("ratio", "count"), [("0", 0), ("1", 5)])
async def test_sampler_follows_standard_variables(
    key: str,
    make_server: Callable[..., ServerProcess],
    collector: Collector,
    ratio: str,
    count: int,
) -> None:
    server = make_server(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG=ratio,
    )
    server.start()
    post(server, key, 5)
    server.stop()

    names = [
        span.name
        for sent in collector.list_resource_spans()
        for scope in sent.scope_spans
        for span in scope.spans
    ]
    assert names.count("POST /graphql") == count
