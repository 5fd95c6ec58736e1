"""Restricts the control API and the phone page to programs and pages of this machine.

The sandbox listens on loopback, or in a container on a port that is published there. But a browser
sends requests of any page there: simple requests directly, other requests by DNS rebinding.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

JSON_TYPE = "application/json"
_GUARDED = ("/", "/demo", "/static", "/sandbox")
# Reached by following a redirect, under any host name.
_OPEN = "/sandbox/redirected"
# Takes a file in a form, which a foreign page can't send without its Origin.
_FORMS = "/sandbox/media"


class LocalCallersOnly:
    """Refuses requests for a foreign host, from a foreign origin or with a body other than JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] == "http" and _is_guarded(scope["path"]):
            refusal = _find_refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)


def _is_guarded(path: str) -> bool:
    first = path[: path.find("/", 1)] if "/" in path[1:] else path
    return first in _GUARDED and path != _OPEN


def _find_refusal(request: Request) -> JSONResponse | None:
    host = request.headers.get("host", "")
    if not _is_loopback(host):
        return _refuse(403, "Use the sandbox under localhost or 127.0.0.1.")
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return _refuse(403, "Pages of other origins may not use the sandbox.")
    if _has_body(request) and request.url.path != _FORMS and not _is_json(request):
        return _refuse(415, f"Send the body as {JSON_TYPE}.")
    return None


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _has_body(request: Request) -> bool:
    has_length = request.headers.get("content-length", "0") != "0"
    return has_length or "transfer-encoding" in request.headers


def _is_json(request: Request) -> bool:
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == JSON_TYPE


def _refuse(status: int, error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status)
