"""Rate limits by cost: token buckets for credentials and client addresses.

Buckets are kept per process, so N processes allow N times as much.
"""

import hashlib
import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from graph.core.errors import RateLimited
from models.database.base import utc_now
from whatsapp.auth.access import Viewer
from whatsapp.settings import Settings

# Above this number, the least recently used bucket is evicted.
MAX_BUCKETS = 10_000
MAX_KNOWN_CREDENTIALS = 10_000
# Cost of a refused document in addition to its text, because it was validated.
REFUSED_COST = 20
# A response above FREE_BYTES costs 1 per BYTES_PER_OBJECT: it is in memory until it is sent.
FREE_BYTES = 64 * 1024
BYTES_PER_OBJECT = 1024
# An IPv6 customer usually has a network with this prefix length.
_IPV6_PREFIX = 64


class TokenBuckets:
    """One bucket per caller, initially full, refilled at a constant rate."""

    def __init__(
        self, *, per_minute: float, burst: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._now = now
        # Level and the time of that level.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    @property
    def is_limited(self) -> bool:
        return self._per_second > 0

    def read_level(self, caller: Hashable) -> float:
        level, at = self._buckets.get(caller, (self._burst, self._now()))
        return min(self._burst, level + (self._now() - at) * self._per_second)

    def find_wait(self, caller: Hashable, amount: float) -> int:
        """Returns the seconds until the caller may take this amount; 0 means now."""
        if not self.is_limited:
            return 0
        # A full bucket is enough for any amount; otherwise large amounts would never pass.
        missing = min(amount, self._burst) - self.read_level(caller)
        return math.ceil(missing / self._per_second) if missing > 0 else 0

    def describe(self, caller: Hashable) -> "Budget | None":
        """Returns the budget of a caller, or None if there is no limit."""
        if not self.is_limited:
            return None
        level = math.floor(self.read_level(caller))
        used = math.ceil(self._burst) - level
        return Budget(used, max(0, level), utc_now() + timedelta(seconds=used / self._per_second))

    def take(self, caller: Hashable, amount: float) -> None:
        """Takes the amount; the level may become negative."""
        if not self.is_limited:
            return
        self._buckets[caller] = (self.read_level(caller) - amount, self._now())
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)


class Budget(NamedTuple):
    """Cost that a caller has spent and may still spend at once."""

    used: int
    """Grows with each operation, and returns to 0 at `reset_at`."""
    remaining: int
    reset_at: datetime
    """When everything is available again, if nothing more is spent."""


class RateLimits:
    """All rate limits of the process."""

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.monotonic) -> None:
        anonymous_rate = settings.anonymous_rate_limit_per_minute
        failures = settings.failed_sign_ins_per_minute
        self._viewers = TokenBuckets(
            per_minute=settings.rate_limit_per_minute, burst=settings.rate_limit_burst, now=now
        )
        self._anonymous = TokenBuckets(per_minute=anonymous_rate, burst=anonymous_rate / 2, now=now)
        self._failures = TokenBuckets(per_minute=failures, burst=max(failures, 1), now=now)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._sockets: Counter[Hashable] = Counter()
        self._sockets_limit = settings.sockets_per_credential

    def check(self, viewer: Viewer | None, address: str) -> None:
        """Refuses a caller with an empty bucket, before the operation is parsed.

        Raises:
            RateLimited
        """
        buckets, caller = self._find_bucket(viewer, address)
        _check_wait(buckets.find_wait(caller, 1))

    def charge(self, viewer: Viewer | None, address: str, cost: int) -> None:
        """Takes the cost of an operation before it runs.

        Raises:
            RateLimited: the bucket has less; nothing is taken.
        """
        buckets, caller = self._find_bucket(viewer, address)
        _check_wait(buckets.find_wait(caller, cost))
        buckets.take(caller, cost)

    def charge_refused(self, viewer: Viewer | None, address: str) -> None:
        """Takes the cost of a refused document."""
        buckets, caller = self._find_bucket(viewer, address)
        buckets.take(caller, REFUSED_COST)

    def charge_bytes(self, viewer: Viewer | None, address: str, size: int) -> None:
        """Takes the extra cost of a long response; the level may become negative."""
        if size > FREE_BYTES:
            buckets, caller = self._find_bucket(viewer, address)
            buckets.take(caller, size // BYTES_PER_OBJECT)

    def describe(self, viewer: Viewer | None, address: str) -> Budget | None:
        """Returns the caller's budget in this process, or None if there is no limit."""
        buckets, caller = self._find_bucket(viewer, address)
        return buckets.describe(caller)

    def check_sign_in(self, credential: str, address: str) -> None:
        """Refuses to look up a credential from an address with too many failures.

        Known valid credentials pass, so that clients behind an attacker's address keep working.

        Raises:
            RateLimited
        """
        if _digest(credential) not in self._known:
            _check_wait(self._failures.find_wait(group_address(address), 1))

    def record_sign_in(self, credential: str, address: str, *, succeeded: bool) -> None:
        if not succeeded:
            self._known.pop(_digest(credential), None)
            self._failures.take(group_address(address), 1)
            return
        self._known[_digest(credential)] = None
        self._known.move_to_end(_digest(credential))
        if len(self._known) > MAX_KNOWN_CREDENTIALS:
            self._known.popitem(last=False)

    @contextmanager
    def hold_socket(self, viewer: Viewer) -> Iterator[None]:
        """Counts an open socket of the viewer's credential.

        Raises:
            RateLimited: the credential has too many sockets.
        """
        credential = viewer.key
        if 0 < self._sockets_limit <= self._sockets[credential]:
            raise RateLimited(1)
        self._sockets[credential] += 1
        try:
            yield
        finally:
            self._sockets[credential] -= 1
            if not self._sockets[credential]:
                del self._sockets[credential]

    def _find_bucket(self, viewer: Viewer | None, address: str) -> tuple[TokenBuckets, Hashable]:
        if viewer is None:
            return self._anonymous, group_address(address)
        return self._viewers, viewer.key


def _check_wait(wait_seconds: int) -> None:
    if wait_seconds:
        raise RateLimited(wait_seconds)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode(errors="surrogatepass")).digest()


def group_address(address: str) -> str:
    """Returns the address, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
