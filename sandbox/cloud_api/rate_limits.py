"""Meta's own throttles, where the settings switch them on."""

import time
from collections import deque

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.world.customers import Conversation
from sandbox.world.numbers import FakeNumber

THROUGHPUT_HIT = 130429
PAIR_LIMIT_HIT = 131056


class RateLimits:
    """Messages per second of a number, and the burst to one customer that borrows from later."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self._recent: dict[str, deque[float]] = {}

    def check_number(self, number: FakeNumber) -> None:
        """Raises MetaError 130429 for a message too many within one second."""
        limit = self.settings.messages_per_second
        if limit is None:
            return
        now = time.monotonic()
        recent = self._recent.setdefault(number.phone_number_id, deque())
        while recent and now - recent[0] >= 1:
            recent.popleft()
        if len(recent) >= limit:
            raise MetaError(THROUGHPUT_HIT)
        recent.append(now)

    def check_pair(self, conversation: Conversation) -> None:
        """Raises MetaError 131056. `pair_burst` messages may come at once; each is paid for by
        `pair_interval` seconds."""
        burst = self.settings.pair_burst
        if burst is None:
            return
        now = time.monotonic()
        interval = self.settings.pair_interval
        debt_until = max(conversation.pair_debt_until, now)
        if debt_until - now > (burst - 1) * interval:
            raise MetaError(PAIR_LIMIT_HIT)
        conversation.pair_debt_until = debt_until + interval
