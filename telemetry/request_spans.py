"""Server spans of HTTP requests. WebSockets have spans for their operations only."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry import traces
from telemetry.request_ids import REQUEST_ID, TRUSTED_PEER

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
# Probes and scrapes come every few seconds.
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_PROPAGATED = (b"traceparent", b"tracestate")


class RequestSpans:
    """ASGI middleware.

    `traceparent` of a trusted proxy is the parent of the span; that of any other client becomes a
    link, so that a client can neither choose the sampling nor add to traces of other clients.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        recorder = traces.get_recorder()
        if recorder is None or scope["type"] != "http" or scope["path"] in _QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        attributes = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "network.protocol.version": scope["http_version"],
        }
        headers = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _PROPAGATED
        }
        is_trusted = bool(scope.get("extensions", {}).get(TRUSTED_PEER))
        with recorder.server_span(
            method, headers, is_trusted=is_trusted, attributes=attributes
        ) as span:
            await self._app(scope, receive, _Response(scope, send, span, method))


class _Response:
    """The `send` of a request."""

    __slots__ = ("_method", "_scope", "_send", "_span")

    def __init__(self, scope: Scope, send: Send, span: traces.Span, method: str) -> None:
        self._scope = scope
        self._send = send
        self._span = span
        self._method = method

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._describe(message)
        await self._send(message)

    def _describe(self, message: Message) -> None:
        status: int = message["status"]
        self._span.set("http.response.status_code", status)
        if status >= 500:
            self._span.fail(str(status))
        route = getattr(self._scope.get("route"), "path", None)
        if isinstance(route, str):
            self._span.set("http.route", route)
            self._span.rename(f"{self._method} {route}")
        if request_id := self._scope.get(REQUEST_ID):
            self._span.set("wagraph.request_id", request_id)
        if (
            dict(message.get("headers", ()))
            .get(b"content-type", b"")
            .startswith(b"text/event-stream")
        ):
            self._span.end()  # the stream may last for days
