"""What a resolver can reach: the services of this process, who is asking, and the loaders."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strawberry.permission import BasePermission
from strawberry.types import Info as StrawberryInfo

from graph.core.errors import forbidden, unauthenticated
from graph.core.loaders import Loaders
from graph.core.rate_limit import RateLimits
from models import ParkedItem, Role
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.auth.access import Viewer
from whatsapp.auth.api_keys import Authenticator
from whatsapp.auth.audit import AuditTrail
from whatsapp.common.crypto import KeyRing
from whatsapp.media.media_store import MediaStores
from whatsapp.media.media_urls import MediaUrls
from whatsapp.media.uploads import Uploads
from whatsapp.outbox.outbox import Outbox
from whatsapp.settings import Settings
from whatsapp.templates.background import BackgroundSyncs

if TYPE_CHECKING:
    from graph.fanout.event_execution import Subscribed
    from graph.fanout.feed import LiveFeed


@dataclass(frozen=True)
class Services:
    """Made once by `app.create_app`, shared by every request and socket of the process."""

    settings: Settings
    keyring: KeyRing
    authenticator: Authenticator
    audit: AuditTrail
    outbox: Outbox
    account_api: AccountAPI
    template_syncs: BackgroundSyncs
    live: "LiveFeed"
    media_urls: MediaUrls
    media_stores: MediaStores
    rate_limits: RateLimits
    uploads: Uploads
    replay_parked: Callable[[Sequence[ParkedItem]], Awaitable[list[ParkedItem]]]
    """Applies parked items again and gives them back as they are then."""
    wake_ingest: Callable[[], None]
    """Has items replayed soon that wait for an account which has just been made or enabled."""
    wake_checks: Callable[[], None]
    """Has accounts checked soon whose credentials have just been entered."""
    wake_receipts: Callable[[], None]
    """Has WhatsApp told soon what has just been read."""


@dataclass
class Context:
    """One per HTTP request, and one per operation on a WebSocket."""

    services: Services
    request_id: str
    viewer: Viewer | None = None
    """None for somebody who showed no valid credential."""
    client_address: str = "unknown"
    """Whence the request or socket came, as far as the trusted proxies tell."""
    connection_params: dict[str, object] = field(default_factory=dict)
    """The payload of `connection_init`."""
    loaders: Loaders = field(default_factory=Loaders)
    cost: int = 1
    """What the operation has been charged; a subscription pays it again for each event."""
    subscribed: "Subscribed | None" = None
    """What a subscription's resolver leaves here once all checks have passed."""

    @property
    def caller(self) -> Hashable:
        """Whose share of a cache is used; None stands for all who have not signed in."""
        return self.viewer.key if self.viewer else None


Info = StrawberryInfo[Context, object]


def get_loaders(info: Info) -> Loaders:
    """Those of the live event that is being executed, else those of the request or operation."""
    loaders = getattr(info.root_value, "loaders", None)
    return loaders if isinstance(loaders, Loaders) else info.context.loaders


def get_viewer(info: Info) -> Viewer:
    """Who is asking.

    Raises:
        RequestError: UNAUTHENTICATED, nobody showed a valid credential.
    """
    if info.context.viewer is None:
        raise unauthenticated()
    return info.context.viewer


class RolePermission(BasePermission):
    """Lets in whoever has at least `role`."""

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
