"""A server process behind a proxy, and clients that reach it only through the proxy."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from models import Role
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.conftest import ENCRYPTION_KEYS, make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.proxies import Caddy, Nginx, Proxy
from tests.fixtures.servers import ServerProcess, make_environment
from tests.fixtures.timeouts import FAST
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import NUMBER, connect_number, find_free_port
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

METRICS_TOKEN = "canary-metrics-token"


@dataclass(frozen=True)
class Host:
    """A server with one account, and a proxy in front of it."""

    settings: Settings
    proxy: Proxy
    token: str
    account_id: str
    meta_port: int
    """Port of the Cloud API in the settings; a test may start a fake there."""

    def count(self, collection: str, **query: Any) -> int:
        """Returns the number of stored documents."""
        with MongoClient[dict[str, Any]](self.settings.mongodb_uri.get_secret_value()) as client:
            return client[self.settings.mongodb_database][collection].count_documents(query)


@dataclass(frozen=True)
class Site:
    """A host with the clients of one test."""

    host: Host
    proxy: Proxy
    http: httpx.AsyncClient
    graphql: GraphQLClient
    webhook: WebhookClient


async def connect_account(settings: Settings) -> tuple[str, str]:
    """Creates an API key and an account; returns the key and the account's id."""
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        await client.drop_database(settings.mongodb_database)
        await prepare_database(client[settings.mongodb_database])
        account = await connect_number(KeyRing.from_text(ENCRYPTION_KEYS), NUMBER)
        _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="Tests", role=Role.ADMIN)
    return token, encode_id("Account", account.id)


@contextmanager
def run_host(
    proxy_type: type[Proxy], folder: Path, settings: Settings, **changes: str
) -> Iterator[Host]:
    """Runs a server on an empty database, and a proxy in front of it."""
    token, account_id = asyncio.run(connect_account(settings))
    meta_port = find_free_port()
    environment = make_environment(settings, GRAPH_API_URL=f"http://127.0.0.1:{meta_port}")
    environment |= {"PUBLIC_URL": "https://localhost", "METRICS_TOKEN": METRICS_TOKEN} | changes
    server = ServerProcess(environment, folder / "server.log", timeouts=FAST)
    proxy = proxy_type(folder, upstream_port=server.port)
    try:
        server.start()
        proxy.start()
        yield Host(settings, proxy, token, account_id, meta_port)
    finally:
        proxy.stop()
        server.stop()


@pytest.fixture(scope="session")
def own_settings(mongodb_uri: str, database_name: str) -> Settings:
    """Settings with a database that no other test empties."""
    return make_settings(mongodb_uri=mongodb_uri, mongodb_database=f"{database_name}_proxies")


@pytest.fixture(scope="module", params=[Nginx, Caddy], ids=lambda proxy: proxy.name)
def host(
    request: pytest.FixtureRequest,
    own_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Host]:
    """A host that all tests of a module share."""
    with run_host(request.param, tmp_path_factory.mktemp("host"), own_settings) as host:
        yield host


@pytest.fixture
async def site(host: Host) -> AsyncIterator[Site]:
    async with httpx.AsyncClient(
        base_url=host.proxy.url, verify=host.proxy.tls, trust_env=False, timeout=60
    ) as http:
        graphql, webhook = GraphQLClient(http, host.token), WebhookClient(http, NUMBER)
        yield Site(host, host.proxy, http, graphql, webhook)
