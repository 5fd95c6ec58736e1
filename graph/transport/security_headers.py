"""Headers on every answer that tell browsers what they must not do with it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS_SECONDS = 365 * 24 * 3600
_ON_ALL = {
    "X-Content-Type-Options": "nosniff",
    # Addresses of files carry their signature.
    "Referrer-Policy": "no-referrer",
}
_ON_PAGES = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}


class SecurityHeaders:
    """ASGI middleware; what an answer says itself stays."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self._on_all = dict(_ON_ALL)
        if is_https:
            self._on_all["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            # The second is the answer to a WebSocket that is refused.
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                self._add(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_guarded)

    def _add(self, headers: MutableHeaders) -> None:
        wanted = dict(self._on_all)
        if headers.get("content-type", "").startswith("text/html"):
            wanted |= _ON_PAGES
        for name, value in wanted.items():
            headers.setdefault(name, value)
