"""The inbox at `/`: its files, their headers, and its switch."""

import gzip
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph.transport.inbox_page import INBOX_DIST
from tests.conftest import make_settings
from whatsapp.settings import Settings


def list_asset_urls(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)


async def test_page_allows_own_origin_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    policy = answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"\w+:", policy) == ["blob:", "blob:"]
    # Nothing inline, which the policy would forbid.
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", answer.text) == []


async def test_assets_are_compressed_and_immutable(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text

    assert len(list_asset_urls(page)) >= 3
    for url in list_asset_urls(page):
        answer = await client.get(url, headers={"Accept-Encoding": "gzip"})
        plain = await client.get(url, headers={"Accept-Encoding": "identity"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Content-Encoding" not in plain.headers
        assert answer.content == plain.content == (INBOX_DIST / url).read_bytes()


async def test_unchanged_page_returns_304(client: httpx.AsyncClient) -> None:
    first = await client.get("/")

    answer = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/..%2Findex.html", "/assets/"])
async def test_unknown_asset_returns_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


def test_first_view_is_small() -> None:
    page = (INBOX_DIST / "index.html").read_text()
    # The list is shown by the files that the page names, and a conversation by those of its chunk.
    chunk = [path.name for path in INBOX_DIST.glob("assets/conversation_pane-*")]
    names = {*list_asset_urls(page), *(f"assets/{name}" for name in chunk)}

    sizes = [len(gzip.compress((INBOX_DIST / name).read_bytes())) for name in names]
    assert len(names) >= 5
    assert sum(sizes) <= 250_000


class TestWithoutInbox:
    @pytest.fixture(params=["inbox", "documents"])
    def changes(self, request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
        if request.param == "inbox":
            return {"inbox": False}
        # Then the server executes none of the inbox's documents.
        (tmp_path / "app.graphql").write_text("query Start { eventCursor }")
        return {"trusted_documents": str(tmp_path), "trusted_documents_mode": "only"}

    @pytest.fixture
    def settings(self, settings: Settings, changes: dict[str, Any]) -> Settings:
        return make_settings(
            mongodb_uri=settings.mongodb_uri,
            mongodb_database=settings.mongodb_database,
            **changes,
        )

    async def test_setting_removes_inbox(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/")

        assert "text/html" not in page.headers.get("Content-Type", "")
        for path in (INBOX_DIST / "assets").iterdir():
            assert (await client.get(f"/assets/{path.name}")).status_code == 404


class TestWithFrame:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return make_settings(
            mongodb_uri=settings.mongodb_uri,
            mongodb_database=settings.mongodb_database,
            inbox_frame_origins="http://localhost:8001, http://127.0.0.1:8001",
        )

    async def test_pages_of_named_origins_may_frame_inbox(self, client: httpx.AsyncClient) -> None:
        policy = (await client.get("/")).headers["Content-Security-Policy"]

        assert policy.endswith("; frame-ancestors http://localhost:8001 http://127.0.0.1:8001")
        assert policy.count("frame-ancestors") == 1


@pytest.mark.parametrize("origins", ["https://app.example.com", "*", "http://localhost.example"])
def test_foreign_origin_never_frames_inbox(origins: str) -> None:
    with pytest.raises(ValueError, match="must be an origin"):
        make_settings(inbox_frame_origins=origins)
