"""Wires the parts of a fake Meta together. There is no global state."""

import asyncio

import httpx
from starlette.requests import Request

from sandbox.cloud_api.blocking import BlockList
from sandbox.cloud_api.sending import MessageDesk
from sandbox.cloud_api.templates import TemplateShelf
from sandbox.settings import SandboxSettings
from sandbox.webhooks.callbacks import CallbackBook
from sandbox.webhooks.echoes import EchoDesk
from sandbox.webhooks.inbound import InboundDesk
from sandbox.webhooks.webhook_sender import WebhookSender
from sandbox.world.customers import CustomerBook
from sandbox.world.faults import FaultBook
from sandbox.world.media import MediaStore
from sandbox.world.numbers import Numbers
from sandbox.world.request_log import LoggedRequest, RequestLog, redact_headers


class FakeMeta:
    """The handle for tests: `requests`, `webhooks.log`, `faults`, `customers`, `settings`."""

    def __init__(
        self,
        numbers: Numbers,
        settings: SandboxSettings,
        *,
        webhook_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.numbers = numbers
        self.settings = settings
        self.faults = FaultBook()
        self.requests = RequestLog(kept=settings.kept_requests)
        self.customers = CustomerBook(settings)
        self.templates = TemplateShelf()
        self.media = MediaStore(
            kept_bytes=settings.kept_media_bytes, link_lifetime=settings.media_url_lifetime
        )
        # Proxies of the environment must not see webhooks, and Meta follows no redirects.
        self._client = httpx.AsyncClient(
            transport=webhook_transport,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=200),
        )
        self.callbacks = CallbackBook(settings, self._client)
        self.webhooks = WebhookSender(settings, self._client, self.faults, self.callbacks)
        self.blocks = BlockList(settings, self.customers)
        self.desk = MessageDesk(
            settings,
            sender=self.webhooks,
            customers=self.customers,
            faults=self.faults,
            media=self.media,
            templates=self.templates,
        )
        self.inbound = InboundDesk(
            settings,
            numbers=numbers,
            sender=self.webhooks,
            customers=self.customers,
            media=self.media,
        )
        self.echoes = EchoDesk(
            settings,
            inbound=self.inbound,
            sender=self.webhooks,
            customers=self.customers,
            media=self.media,
        )
        self.closing = asyncio.Event()

    def reset(self) -> None:
        """Clears requests, webhooks, faults, customers and media."""
        self.requests.clear()
        self.webhooks.log.clear()
        self.faults.clear()
        self.customers.clear()
        self.media.clear()
        self.callbacks.clear()

    def log_stray(self, request: Request) -> None:
        """Records a request to an address that no client should use."""
        self.requests.add(
            LoggedRequest(
                method=request.method,
                path=request.url.path,
                query={**request.query_params},
                headers=redact_headers(request.headers),
                endpoint="redirected",
                status=200,
            )
        )

    def make_media_url(self, secret: str, *, base_url: str) -> str:
        root = (self.settings.public_url or base_url).rstrip("/")
        return f"{root}/media-content/{secret}"

    async def close(self) -> None:
        """Ends open streams, hanging answers and pending webhooks."""
        self.closing.set()
        self.customers.wake_listeners()
        await self.webhooks.close()
        await self._client.aclose()
