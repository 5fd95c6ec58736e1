"""`/metrics` is closed unless a setting opens it, and then in the format of Prometheus."""

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from serving.listening import ListenError, open_all_listeners
from tests.conftest import make_settings
from tests.fixtures.metrics import METRICS_TOKEN, Scrape, wait_for_workers
from tests.fixtures.servers import ServerProcess
from tests.fixtures.world import find_free_port
from whatsapp.settings import Settings, SettingsError, load_settings

WITH_TOKEN = {"metrics_token": METRICS_TOKEN}


@pytest.fixture
def settings(request: pytest.FixtureRequest, mongodb_uri: str, database_name: str) -> Settings:
    changes = getattr(request, "param", {})
    return make_settings(mongodb_uri=mongodb_uri, mongodb_database=database_name, **changes)


async def test_metrics_are_off_by_default(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {METRICS_TOKEN}"}):
        assert (await client.get("/metrics", headers=headers)).status_code == 404


@pytest.mark.parametrize("settings", [WITH_TOKEN], indirect=True)
async def test_wrong_token_is_refused(client: httpx.AsyncClient) -> None:
    for header in (
        b"",
        b"Bearer",
        b"Bearer ",
        METRICS_TOKEN.encode(),
        f"Basic {METRICS_TOKEN}".encode(),
        f"Bearer {METRICS_TOKEN[:-1]}".encode(),
        f"Bearer {METRICS_TOKEN}x".encode(),
        b"Bearer \xff\xfe",
    ):
        answer = await client.get("/metrics", headers=[(b"Authorization", header)])
        assert answer.status_code == 401, header
        assert "wagraph" not in answer.text
    assert (await client.get(f"/metrics?token={METRICS_TOKEN}")).status_code == 401


@pytest.mark.parametrize("settings", [WITH_TOKEN], indirect=True)
async def test_token_opens_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Authorization": f"bearer {METRICS_TOKEN}"})

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    read = Scrape(answer.text)
    assert read.get("wagraph_backlog_read") == 1
    assert read.get("wagraph_webhooks_unprocessed") == 0
    assert read.get("wagraph_process_workers") == 1
    assert read.get("wagraph_process_resident_memory_bytes") > 1_000_000
    assert (await client.post("/metrics")).status_code == 405


@pytest.mark.parametrize("settings", [{"metrics_port": 9464}], indirect=True)
async def test_header_does_not_reach_metrics_port(client: httpx.AsyncClient) -> None:
    headers = {"Host": "wagraph.test:9464", "X-Forwarded-Port": "9464"}

    assert (await client.get("/metrics", headers=headers)).status_code == 404
    assert (await client.get("http://wagraph.test:9465/metrics")).status_code == 404


@pytest.mark.parametrize("workers", [1, 2])
def test_metrics_port_serves_metrics_only(
    make_server: Callable[..., ServerProcess], workers: int
) -> None:
    port = find_free_port()
    server = make_server(METRICS_PORT=str(port), WORKERS=str(workers))
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        wait_for_workers(client, workers)
        others = [
            client.get(path).status_code
            for path in ("/", "/graphql", "/healthz", "/webhooks/whatsapp", "/metrics/", "/readyz")
        ]
        sent = client.post("/graphql", json={"query": "{ __typename }"})

    assert {*others, sent.status_code} == {404}
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/healthz").status_code == 200


def test_token_guards_metrics_port(make_server: Callable[..., ServerProcess]) -> None:
    port = find_free_port()
    server = make_server(METRICS_PORT=str(port), METRICS_TOKEN=METRICS_TOKEN)
    server.start()
    for url in (f"http://127.0.0.1:{port}", server.url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/metrics").status_code == 401
            headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
            assert client.get("/metrics", headers=headers).status_code == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_taken_metrics_port_ends_server(
    make_server: Callable[..., ServerProcess], workers: int
) -> None:
    with socket.create_server(("127.0.0.1", find_free_port())) as taken:
        port = taken.getsockname()[1]
        server = make_server(METRICS_PORT=str(port), WORKERS=str(workers))
        server.start(wait_for="")
        assert server.wait(60)
    assert f"Port {port} is taken: stop what uses it, or set METRICS_PORT" in server.log
    assert "Traceback" not in server.log


def test_failed_listener_closes_the_first(settings: Settings) -> None:
    port = find_free_port()
    with socket.create_server(("127.0.0.1", find_free_port())) as taken:
        both = make_settings(port=port, metrics_port=taken.getsockname()[1])
        with pytest.raises(ListenError):
            open_all_listeners(both)
    with socket.create_server(("127.0.0.1", port)):
        pass  # it is free again


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("METRICS_TOKEN", "short-token", "use at least 16 characters"),
        ("METRICS_TOKEN", "ключ-от-показателей", "use ASCII characters only"),
        ("METRICS_PORT", "8000", "METRICS_PORT must differ from PORT"),
        ("METRICS_OPERATIONS", "Inbox,a b", "METRICS_OPERATIONS is malformed"),
        (
            "METRICS_OPERATIONS",
            ",".join(f"n{n}" for n in range(51)),
            "METRICS_OPERATIONS is malformed",
        ),
    ],
)
def test_invalid_settings_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = make_settings()
    monkeypatch.setenv("ENCRYPTION_KEYS", settings.encryption_keys.get_secret_value())
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=problem):
        load_settings()
