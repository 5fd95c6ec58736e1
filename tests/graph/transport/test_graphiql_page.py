"""The GraphiQL page: complete, ours alone, and working behind a path prefix."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from graph.transport.graphiql import (
    CONTENT_SECURITY_POLICY,
    GRAPHIQL_ASSETS,
    create_graphiql_assets,
    create_graphiql_response,
    list_examples,
    render_graphiql,
)

VENDOR = GRAPHIQL_ASSETS / "vendor"


async def show_page(_request: Request) -> Response:
    return create_graphiql_response()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    site = [Mount("/graphql/assets", create_graphiql_assets()), Route("/graphql", show_page)]
    app = Starlette(routes=[Mount("/behind/proxy", routes=site), *site])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://wagraph.test") as client:
        yield client


@pytest.mark.parametrize("path", ["/graphql", "/behind/proxy/graphql"])
async def test_every_asset_is_served_below_page(
    client: httpx.AsyncClient, path: str, subtests: pytest.Subtests
) -> None:
    page = await client.get(path)
    addresses = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)

    assert len(addresses) == 8
    for address in addresses:
        with subtests.test(address=address):
            asset = await client.get(urljoin(path, address))
            assert (address, asset.status_code) == (address, 200)
            assert asset.headers["cache-control"] == "no-cache"


async def test_page_is_sent_with_its_policy(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql")

    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<title>wagraph GraphiQL</title>" in page.text


def test_policy_names_no_other_host() -> None:
    sources = {
        source for rule in CONTENT_SECURITY_POLICY.split("; ") for source in rule.split(" ")[1:]
    }

    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY


def test_our_own_files_name_no_other_host() -> None:
    own_files = [path for path in GRAPHIQL_ASSETS.glob("*.*") if path.is_file()]
    texts = [render_graphiql(), *(path.read_text("utf-8") for path in own_files)]

    # SVG namespaces are not addresses; example hosts are reserved names.
    urls = {url for text in texts for url in re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)}
    assert urls <= {"http://www.w3.org", "https://shop.example"}


def test_assets_follow_path_of_page() -> None:
    assert 'src="query/assets/page.js"' in render_graphiql(graphql_path="/api/query")
    assert 'src="assets/page.js"' in render_graphiql(graphql_path="/api/query/")


def test_examples_reach_page_unharmed() -> None:
    match = re.search(r'id="wagraph-examples">([^<]*)</script>', render_graphiql())

    assert match is not None
    assert json.loads(match[1]) == list_examples()


def test_vendored_files_equal_npm_releases() -> None:
    listed = {}
    for line in (VENDOR / "SHA384SUMS").read_text("ascii").splitlines():
        digest, name = line.split("  ", 1)
        listed[name] = digest

    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha384(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*.*")
    }
    assert found == listed
