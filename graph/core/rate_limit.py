"""How much each caller may ask for: token buckets by cost, for credentials and client addresses.

They live in the memory of one process: N processes behind a balancer allow N times as much.
"""

import hashlib
import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from graph.core.errors import RateLimited
from whatsapp.auth.access import Viewer
from whatsapp.settings import Settings

# Callers that are remembered; of more than these the one that was away the longest is forgotten.
MAX_BUCKETS = 10_000
MAX_KNOWN_CREDENTIALS = 10_000
# What a document costs that is refused, apart from its text: it was validated all the same.
REFUSED_COST = 20
# A longer answer costs 1 for each so many bytes: it takes memory until it has been read.
FREE_BYTES = 64 * 1024
BYTES_PER_OBJECT = 1024
# An IPv6 customer has a whole network of this length.
_IPV6_PREFIX = 64


class TokenBuckets:
    """One bucket for each caller, full at first, refilled evenly."""

    def __init__(
        self, *, per_minute: float, burst: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._now = now
        # What is left, and when that was so.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    @property
    def is_limited(self) -> bool:
        return self._per_second > 0

    def read(self, caller: Hashable) -> float:
        """What is left for the caller."""
        level, at = self._buckets.get(caller, (self._burst, self._now()))
        return min(self._burst, level + (self._now() - at) * self._per_second)

    def find_wait(self, caller: Hashable, amount: float) -> int:
        """After how many seconds the caller may take this much; 0 for now."""
        if not self.is_limited:
            return 0
        # More than a full bucket is taken from a full one: else it could never be taken.
        missing = min(amount, self._burst) - self.read(caller)
        return math.ceil(missing / self._per_second) if missing > 0 else 0

    def take(self, caller: Hashable, amount: float) -> None:
        """Takes it, even where there is less."""
        if not self.is_limited:
            return
        self._buckets[caller] = (self.read(caller) - amount, self._now())
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)


class RateLimits:
    """One per process."""

    def __init__(self, settings: Settings, *, now: Callable[[], float] = time.monotonic) -> None:
        anonymous = settings.anonymous_rate_limit_per_minute
        failures = settings.failed_sign_ins_per_minute
        self._viewers = TokenBuckets(
            per_minute=settings.rate_limit_per_minute, burst=settings.rate_limit_burst, now=now
        )
        self._strangers = TokenBuckets(per_minute=anonymous, burst=anonymous / 2, now=now)
        self._failures = TokenBuckets(per_minute=failures, burst=max(failures, 1), now=now)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._sockets: Counter[Hashable] = Counter()
        self._sockets_limit = settings.sockets_per_credential

    def check(self, viewer: Viewer | None, address: str) -> None:
        """Refuses whoever has used up everything, before their operation is even read.

        Raises:
            RateLimited
        """
        buckets, caller = self._find(viewer, address)
        _refuse(buckets.find_wait(caller, 1))

    def charge(self, viewer: Viewer | None, address: str, cost: int) -> None:
        """Takes the cost of an operation that is about to run.

        Raises:
            RateLimited: too little is left. Nothing is taken then.
        """
        buckets, caller = self._find(viewer, address)
        _refuse(buckets.find_wait(caller, cost))
        buckets.take(caller, cost)

    def charge_refused(self, viewer: Viewer | None, address: str) -> None:
        """Takes something for a document that was refused."""
        buckets, caller = self._find(viewer, address)
        buckets.take(caller, REFUSED_COST)

    def charge_bytes(self, viewer: Viewer | None, address: str, size: int) -> None:
        """Takes what a long answer costs beyond its objects, even where less is left."""
        if size > FREE_BYTES:
            buckets, caller = self._find(viewer, address)
            buckets.take(caller, size // BYTES_PER_OBJECT)

    def check_sign_in(self, credential: str, address: str) -> None:
        """Refuses to look up a credential from where too many wrong ones came.

        One that was right before is looked up all the same: whoever shares an address with an
        attacker goes on working.

        Raises:
            RateLimited
        """
        if _digest(credential) not in self._known:
            _refuse(self._failures.find_wait(group_address(address), 1))

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
            RateLimited: it has as many as it may have.
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

    def _find(self, viewer: Viewer | None, address: str) -> tuple[TokenBuckets, Hashable]:
        if viewer is None:
            return self._strangers, group_address(address)
        return self._viewers, viewer.key


def _refuse(wait_seconds: int) -> None:
    if wait_seconds:
        raise RateLimited(wait_seconds)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode(errors="surrogatepass")).digest()


def group_address(address: str) -> str:
    """The address, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
