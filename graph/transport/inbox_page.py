"""The inbox at GET /: the built assets of `web/dist`, compressed once and cached by browsers."""

import gzip
import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

INBOX_DIST = Path(__file__).parents[2] / "web" / "dist"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        # In CSP level 3 'self' also allows ws: and wss: to the same host and port.
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Allows only our origin, because the page holds an API key."""

PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
# The name of an asset contains the hash of its content.
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class _File:
    """A built file with its compressed form."""

    body: bytes
    compressed: bytes
    media_type: str
    etag: str

    def respond(self, request: Request, headers: dict[str, str]) -> Response:
        headers = headers | {"ETag": self.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        body = self.body
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = self.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=self.media_type, headers=headers)


@cache
def _read_file(path: Path) -> _File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _File(body, gzip.compress(body, mtime=0), media_type, etag)


@cache
def _list_assets() -> dict[str, Path]:
    return {path.name: path for path in (INBOX_DIST / "assets").iterdir()}


async def respond_asset(request: Request) -> Response:
    path = _list_assets().get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("Not found\n", status_code=404)
    return _read_file(path).respond(request, ASSET_HEADERS)


def inbox_routes(frame_origins: Sequence[str] = ()) -> list[Route]:
    """Returns the routes of the inbox. Its URLs are relative, for a proxy with a path prefix.

    Only pages of `frame_origins` may show it in a frame.
    """
    ancestors = " ".join(frame_origins) or "'none'"
    policy = f"{CONTENT_SECURITY_POLICY}; frame-ancestors {ancestors}"
    headers = PAGE_HEADERS | {"Content-Security-Policy": policy}

    async def respond_inbox(request: Request) -> Response:
        # Browsers revalidate the page, so that no old script runs after an upgrade.
        return _read_file(INBOX_DIST / "index.html").respond(request, headers)

    return [Route("/", respond_inbox), Route("/assets/{name}", respond_asset)]
