"""The context of a resolver: services, viewer, loaders and permission classes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from beanie import PydanticObjectId
from strawberry.permission import BasePermission
from strawberry.types import Info as StrawberryInfo

from graph.core.errors import forbidden, unauthenticated
from graph.core.loaders import Count, Loaders
from graph.core.rates.rate_limits import RateLimits
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
from whatsapp.workspaces.quotas import WorkspaceQuotas
from whatsapp.workspaces.workspace_states import WorkspaceStates


class SummaryReader(Protocol):
    """Waits for conversation summaries; see `graph.events.summary_watch`."""

    async def wait(
        self, viewer: Viewer, owner_ids: Collection[PydanticObjectId] | None = None
    ) -> None: ...


class CursorSource(Protocol):
    """The live feed, as resolvers use it; see `graph.events.feed`."""

    @property
    def summaries(self) -> SummaryReader: ...

    async def get_cursor(self, workspace_id: PydanticObjectId) -> str: ...

    async def check_cursor(
        self, cursor: str, workspace_id: PydanticObjectId
    ) -> tuple[str, int]: ...


class EventBudgets(Protocol):
    """The budgets for events of subscriptions; see `graph.fanout.budgets`."""

    async def wait_and_take(self, viewer: Viewer, cost: int) -> None: ...

    def read_used(self, workspace_id: PydanticObjectId) -> int | None: ...


class CountWatch(Protocol):
    """Live counts; see `graph.events.count_watches`."""

    @property
    def counts(self) -> list[Count] | None: ...

    next_change: asyncio.Event


class CountWatches(Protocol):
    """The live counts of the process; see `graph.events.count_watches`."""

    def watch(
        self,
        key: Hashable,
        event_filter: Any,
        read: Callable[[], Awaitable[list[Count]]],
        *,
        payer: Hashable,
        pay: Callable[[], Awaitable[None]],
        refresh_seconds: float | None = None,
    ) -> AbstractContextManager[CountWatch]: ...


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
    workspace_states: WorkspaceStates
    outbox: Outbox
    account_api: AccountAPI
    template_syncs: BackgroundSyncs
    live: CursorSource
    live_budgets: EventBudgets
    presence: AgentPresence
    media_urls: MediaUrls
    export_urls: MediaUrls
    media_stores: MediaStores
    erasure_log: ErasureLog
    rate_limits: RateLimits
    quotas: WorkspaceQuotas
    count_sends: Callable[[PydanticObjectId], int]
    """Returns the messages of a workspace that this process sent in the last full second."""
    count_downloads: Callable[[PydanticObjectId], int]
    """Returns the files of a workspace that this process is downloading."""
    uploads: Uploads
    replay_parked: Callable[[Sequence[str]], Awaitable[None]]
    """Applies the parked items with these ids again."""
    wake_ingest: Callable[[], None]
    """Triggers the replay of items parked for an account that was created or enabled."""
    wake_checks: Callable[[], None]
    """Triggers the check of accounts with new credentials."""
    wake_receipts: Callable[[], None]
    """Triggers the sending of read receipts."""
    wake_exports: Callable[[], None]
    """Triggers the work on requested exports."""
    conversation_counts: PacedReads[list[Count]]
    """Shared by callers that count the same conversations."""
    count_watches: CountWatches


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
    """Of the WebSocket or event stream; None for other requests."""
    cost: int = 1
    """Cost of the operation; a subscription is charged again for each event."""
    subscription: object | None = None
    """The `CheckedSubscription` of a subscription whose checks have passed."""

    @property
    def caller(self) -> Hashable:
        """Owner of the cache entries of this operation; None for all anonymous callers."""
        return self.viewer.key if self.viewer else None

    @property
    def holders(self) -> list[Hashable]:
        """Holders of a place among the operations of the process."""
        if self.viewer is None:
            return [None]
        return [self.viewer.key, *self.services.quotas.list_holders(self.viewer.workspace_id)]


Info = StrawberryInfo[Context, object]


def get_loaders(info: Info) -> Loaders:
    """Returns the loaders of the live event, or else of the request or operation."""
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
    """Requires at least `role`, or the role OPERATOR if the field `serves_operators`."""

    role: Role
    serves_operators = False

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:  # noqa: ARG002
        viewer = get_viewer(info)
        if not (
            viewer.has_role(self.role) or (self.serves_operators and viewer.has_role(Role.OPERATOR))
        ):
            raise forbidden(f"Requires role {self.role.value}.")
        return True


class IsViewer(RolePermission):
    role = Role.VIEWER


class IsAgent(RolePermission):
    role = Role.AGENT


class IsAdmin(RolePermission):
    role = Role.ADMIN


class IsOperator(RolePermission):
    role = Role.OPERATOR


class IsViewerOrOperator(IsViewer):
    serves_operators = True


class IsAdminOrOperator(IsAdmin):
    serves_operators = True
