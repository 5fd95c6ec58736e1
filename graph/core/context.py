"""The context of a resolver: services, viewer, loaders and permission classes."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from beanie import PydanticObjectId
from strawberry.permission import BasePermission
from strawberry.types import Info as StrawberryInfo

from graph.core.errors import forbidden, unauthenticated
from graph.core.loaders import Count, Loaders
from graph.core.rate_limit import RateLimits
from models import Role
from models.database.paced_reads import PacedReads
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.auth.access import Viewer
from whatsapp.auth.api_keys import Authenticator
from whatsapp.auth.audit import AuditTrail
from whatsapp.auth.presence import AgentPresence
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.media.media_store import MediaStores
from whatsapp.media.media_urls import MediaUrls
from whatsapp.media.uploads import Uploads
from whatsapp.outbox.outbox import Outbox
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.settings import Settings
from whatsapp.templates.sync import BackgroundSyncs


class SummaryReader(Protocol):
    """Waits for conversation summaries; see `graph.events.summary_watch`."""

    async def wait(
        self,
        *,
        account_ids: Collection[PydanticObjectId] | None = None,
        conversation_ids: Collection[PydanticObjectId] | None = None,
        contact_ids: Collection[PydanticObjectId] | None = None,
    ) -> None: ...


class CursorSource(Protocol):
    """The live feed, as resolvers use it; see `graph.events.feed`."""

    @property
    def summaries(self) -> SummaryReader: ...

    async def get_cursor(self) -> str: ...

    async def check_cursor(self, cursor: str) -> tuple[str, int]: ...


class EventBudgets(Protocol):
    """The budgets for events of subscriptions; see `graph.fanout.budgets`."""

    async def wait_and_take(self, credential: Hashable, cost: int) -> None: ...


class Liveness(Protocol):
    """Notices the loss of a socket's connection; see `graph.transport.liveness`."""

    def is_alive(self) -> bool: ...

    def watch(self) -> AbstractContextManager[None]: ...


@dataclass(frozen=True)
class Services:
    """Services of the process, created by `app.create_app`."""

    settings: Settings
    timeouts: Timeouts
    capacity: Capacity
    keyring: KeyRing
    authenticator: Authenticator
    audit: AuditTrail
    outbox: Outbox
    account_api: AccountAPI
    template_syncs: BackgroundSyncs
    live: CursorSource
    live_budgets: EventBudgets
    presence: AgentPresence
    media_urls: MediaUrls
    media_stores: MediaStores
    erasure_log: ErasureLog
    rate_limits: RateLimits
    uploads: Uploads
    replay_parked: Callable[[Sequence[str]], Awaitable[None]]
    """Applies the parked items with these ids again."""
    wake_ingest: Callable[[], None]
    """Triggers the replay of items parked for an account that was created or enabled."""
    wake_checks: Callable[[], None]
    """Triggers the check of accounts with new credentials."""
    wake_receipts: Callable[[], None]
    """Triggers the sending of read receipts."""
    conversation_counts: PacedReads[list[Count]]
    """Shared by callers that count the same conversations."""


@dataclass
class Context:
    """The context of an HTTP request or of an operation on a WebSocket."""

    services: Services
    request_id: str
    viewer: Viewer | None = None
    """None without a valid credential."""
    client_address: str = "unknown"
    """Client address as reported by the trusted proxies."""
    connection_params: dict[str, object] = field(default_factory=dict)
    """The payload of `connection_init`."""
    loaders: Loaders = field(default_factory=Loaders)
    liveness: Liveness | None = None
    """Of the WebSocket; None for other transports."""
    cost: int = 1
    """Cost of the operation; a subscription is charged again for each event."""
    subscription: object | None = None
    """The `CheckedSubscription` of a subscription whose checks have passed."""

    @property
    def caller(self) -> Hashable:
        """Owner of the cache entries of this operation; None for all anonymous callers."""
        return self.viewer.key if self.viewer else None


Info = StrawberryInfo[Context, object]


def get_loaders(info: Info) -> Loaders:
    """Returns the loaders of the live event, or else those of the request or operation."""
    loaders = getattr(info.root_value, "loaders", None)
    return loaders if isinstance(loaders, Loaders) else info.context.loaders


def get_viewer(info: Info) -> Viewer:
    """Returns the viewer.

    Raises:
        RequestError: UNAUTHENTICATED, no valid credential.
    """
    if info.context.viewer is None:
        raise unauthenticated()
    return info.context.viewer


class RolePermission(BasePermission):
    """Requires at least `role`."""

    role: Role

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:  # noqa: ARG002
        if not get_viewer(info).has_role(self.role):
            raise forbidden(f"Requires role {self.role.value}.")
        return True


class IsViewer(RolePermission):
    role = Role.VIEWER


class IsAgent(RolePermission):
    role = Role.AGENT


class IsAdmin(RolePermission):
    role = Role.ADMIN
