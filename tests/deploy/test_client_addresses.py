"""Limits by client address behind nginx and Caddy."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.conftest import Host, Site, run_host
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.live import open_live
from tests.fixtures.proxies import Caddy, Nginx
from whatsapp.settings import Settings

pytestmark = pytest.mark.proxies

VIEWER = "{ viewer { name } }"
LIMITS = {"FAILED_SIGN_INS_PER_MINUTE": "2", "CONNECTIONS_PER_ADDRESS": "1"}


@pytest.fixture(params=[Nginx, Caddy], ids=lambda proxy: proxy.name)
def host(request: pytest.FixtureRequest, own_settings: Settings, tmp_path: Path) -> Iterator[Host]:
    """A host with low limits."""
    with run_host(request.param, tmp_path, own_settings, **LIMITS) as host:
        yield host


def come_from(site: Site, address: str) -> httpx.AsyncClient:
    """Returns a client with this address."""
    transport = httpx.AsyncHTTPTransport(verify=site.proxy.tls, local_address=address)
    return httpx.AsyncClient(transport=transport, base_url=site.proxy.url, timeout=60)


async def test_client_address_is_limited_and_cannot_be_forged(site: Site) -> None:
    async with come_from(site, "127.0.0.2") as client, come_from(site, "127.0.0.3") as other:
        codes = []
        for number in range(4):
            for name in ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Forwarded"):
                prefix = "for=" if name == "Forwarded" else ""
                client.headers[name] = f"{prefix}203.0.113.{number}"
            codes.append(await GraphQLClient(client, f"wag_wrong_{number}").find_error_code(VIEWER))
        elsewhere = await GraphQLClient(other, "wag_wrong_9").find_error_code(VIEWER)

    assert codes == ["UNAUTHENTICATED", "UNAUTHENTICATED", "RATE_LIMITED", "RATE_LIMITED"]
    assert elsewhere == "UNAUTHENTICATED"
    await check_connection_limit_exempts_proxy(site)


async def check_connection_limit_exempts_proxy(site: Site) -> None:
    url, token, tls = site.proxy.websocket_url, site.host.token, site.proxy.tls
    async with open_live(url, token, ssl=tls), open_live(url, token, ssl=tls):
        assert await site.graphql(VIEWER) == {"viewer": {"name": "Tests"}}
