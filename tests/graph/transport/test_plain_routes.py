"""`GET /` without the inbox: leads to GraphiQL, or names the paths where GraphiQL is off."""

import httpx
import pytest

from tests.conftest import make_settings
from version import VERSION
from whatsapp.settings import Settings


class TestWithGraphiQL:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return make_settings(
            mongodb_uri=settings.mongodb_uri,
            mongodb_database=settings.mongodb_database,
            inbox=False,
        )

    async def test_start_leads_to_graphiql(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/", follow_redirects=True, headers={"Accept": "text/html"})

        assert [each.status_code for each in answer.history] == [307]
        # Relative, for a proxy that serves the application under a path.
        assert answer.history[0].headers["Location"] == "graphql"
        assert answer.url.path == "/graphql"
        assert "GraphiQL" in answer.text


class TestWithoutGraphiQL:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return make_settings(
            mongodb_uri=settings.mongodb_uri,
            mongodb_database=settings.mongodb_database,
            inbox=False,
            graphiql=False,
            introspection=False,
        )

    async def test_start_names_paths_that_exist(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/", headers={"Accept": "text/html"})

        paths = [line.split()[0] for line in answer.text.splitlines() if line.startswith("/")]
        assert (answer.status_code, answer.history) == (200, [])
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert paths == ["/graphql", "/healthz", "/readyz"]
        assert 404 not in [(await client.get(path)).status_code for path in paths]

    async def test_start_tells_nothing_of_deployment(
        self, client: httpx.AsyncClient, settings: Settings
    ) -> None:
        answer = await client.get("/")

        told = answer.text + str(answer.headers)
        secrets = (VERSION, settings.mongodb_database, settings.mongodb_uri.get_secret_value())
        assert [secret for secret in secrets if secret in told] == []
