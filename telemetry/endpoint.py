"""`/metrics` in the text format of Prometheus.

It answers on METRICS_PORT, and on PORT to requests with METRICS_TOKEN. Without both settings it
does not exist. METRICS_TOKEN, if set, is required on both ports.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from telemetry.metrics.registry import REGISTRY

METRICS_PATH = "/metrics"
_HEADERS = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_0_0_4}


class MetricsEndpoint:
    """Answers scrapes on `port`, and with the token on every port."""

    def __init__(self, *, port: int, token: str | None) -> None:
        self._port = port
        self._token = None if token is None else token.encode()

    def list_routes(self) -> list[Route]:
        """Returns the route; it expects `refresh_metrics` in the state of the request."""
        if not self._port and self._token is None:
            return []
        return [Route(METRICS_PATH, self._answer, methods=["GET"])]

    def list_middleware(self) -> list[Middleware]:
        """Returns the middleware that reserves METRICS_PORT, or nothing without that port."""
        return [Middleware(MetricsPort, port=self._port)] if self._port else []

    async def _answer(self, request: Request) -> Response:
        if self._token is None:
            if not is_on_port(request.scope, self._port):
                return PlainTextResponse("Not Found\n", 404)
        elif not _has_token(request, self._token):
            headers = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("METRICS_TOKEN is required\n", 401, headers=headers)
        refresh: Callable[[], Awaitable[None]] = request.state.refresh_metrics
        await refresh()
        # In a thread, because it would block the event loop for milliseconds.
        body = await asyncio.to_thread(generate_latest, REGISTRY)
        return Response(body, headers=_HEADERS)


class MetricsPort:
    """ASGI middleware that serves nothing but metrics on the port of metrics."""

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_other = scope["type"] != "lifespan" and scope["path"] != METRICS_PATH
        if not is_other or not is_on_port(scope, self._port):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("Not Found\n", 404)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "Not Found"})


def is_on_port(scope: Scope, port: int) -> bool:
    """Returns True if the request came in by this port, where 0 is none.

    No header can change that.
    """
    server = scope.get("server")
    return bool(port) and server is not None and server[1] == port


def _has_token(request: Request, token: bytes) -> bool:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    is_equal = hmac.compare_digest(presented.strip().encode(), token)
    return is_equal and scheme.lower() == "bearer"
