"""Security headers on every response."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS_SECONDS = 365 * 24 * 3600
_ALL_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The URLs of files contain their signature.
    "Referrer-Policy": "no-referrer",
}
_PAGE_HEADERS = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}


class SecurityHeaders:
    """ASGI middleware; keeps headers that a response already has."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self._headers = dict(_ALL_HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            # The second type is the response to a refused WebSocket.
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                self._add(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders) -> None:
        added = dict(self._headers)
        if headers.get("content-type", "").startswith("text/html"):
            added |= _PAGE_HEADERS
        for name, value in added.items():
            headers.setdefault(name, value)
