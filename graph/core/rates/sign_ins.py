"""The limit of wrong credentials from an address."""

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from graph.core.rates.buckets import TokenBuckets, check_wait

MAX_KNOWN_CREDENTIALS = 10_000
# An IPv6 customer usually has a network with this prefix length.
_IPV6_PREFIX = 64


class SignIns:
    """Limits the look-ups of credentials that are not known to be valid."""

    def __init__(
        self, *, failures_per_minute: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        burst = max(failures_per_minute, 1)
        self._failures = TokenBuckets(per_minute=failures_per_minute, burst=burst, now=now)
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def check(self, credential: str, address: str) -> None:
        """Refuses to look up a credential from an address with too many failures.

        Known valid credentials pass, so that clients behind an attacker's address keep working.

        Raises:
            RateLimited
        """
        if _digest(credential) not in self._known:
            check_wait(self._failures.find_wait(group_address(address), 1))

    def record(self, credential: str, address: str, *, succeeded: bool) -> None:
        if not succeeded:
            self._known.pop(_digest(credential), None)
            self._failures.take(group_address(address), 1)
            return
        self._known[_digest(credential)] = None
        self._known.move_to_end(_digest(credential))
        if len(self._known) > MAX_KNOWN_CREDENTIALS:
            self._known.popitem(last=False)


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
