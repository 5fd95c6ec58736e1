"""The GraphiQL page: HTML, example tabs, and headers that restrict it to our origin."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, TypedDict

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os

    from starlette.types import Scope

_FOLDER = Path(__file__).parent

GRAPHIQL_ASSETS = _FOLDER / "static"
"""The folder behind `<GraphQL path>/assets/`."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # CodeMirror and GraphiQL's drag bars set style attributes.
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        # In CSP level 3 'self' also allows ws: and wss: to the same host and port.
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Allows only our origin, because the page holds an API key."""

GRAPHIQL_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    # The URL has another response for other clients, which a cache must distinguish.
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}


class Example(TypedDict):
    """A tab of the page. `variables` is JSON text, or None for an operation without variables."""

    query: str
    variables: str | None


def list_examples() -> list[Example]:
    """Reads the operations of the tabs: the files with a number, in order."""
    return [
        Example(query=path.read_text("utf-8"), variables=_read_variables(path))
        for path in sorted((_FOLDER / "examples").glob("[0-9]*.graphql"))
    ]


def _read_variables(example: Path) -> str | None:
    path = example.with_suffix(".json")
    return path.read_text("utf-8").rstrip() if path.exists() else None


@lru_cache(maxsize=4)
def render_graphiql(*, graphql_path: str = "/graphql") -> str:
    """Returns the page as HTML.

    Its URLs are relative to `graphql_path`, so that it works behind a proxy with a path prefix.
    Send it with `GRAPHIQL_HEADERS`.
    """
    # Browsers resolve URLs against the folder of the page.
    assets = f"{graphql_path.rsplit('/', 1)[-1]}/assets".lstrip("/")
    page = Template((_FOLDER / "page.html").read_text("utf-8"))
    return page.substitute(assets=assets, examples=_encode_for_script(list_examples()))


def _encode_for_script(value: object) -> str:
    # Without "<" the text can't close the script element.
    return json.dumps(value).replace("<", "\\u003c")


def create_graphiql_response(*, graphql_path: str = "/graphql") -> HTMLResponse:
    """Returns the page with its headers."""
    return HTMLResponse(render_graphiql(graphql_path=graphql_path), headers=GRAPHIQL_HEADERS)


def create_graphiql_assets() -> StaticFiles:
    """Returns the ASGI application to mount at `<GraphQL path>/assets`."""
    return _RevalidatedFiles(directory=GRAPHIQL_ASSETS)


class _RevalidatedFiles(StaticFiles):
    """Static files that browsers revalidate, so that no old script runs after an upgrade."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
