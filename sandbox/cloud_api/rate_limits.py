"""Meta's rate limits; off unless the settings enable them."""

import time
from collections import deque

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.world.customers import Conversation
from sandbox.world.numbers import FakeNumber

THROUGHPUT_HIT = 130429
PAIR_LIMIT_HIT = 131056


class RateLimits:
    """Limits messages per second of a number and bursts to a customer."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self._recent: dict[str, deque[float]] = {}

    def check_number(self, number: FakeNumber) -> None:
        """Raises MetaError 130429 if the number exceeds its messages per second."""
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
        """Raises MetaError 131056. Allows `pair_burst` messages at once, then a
        message per `pair_interval` seconds."""
        burst = self.settings.pair_burst
        if burst is None:
            return
        now = time.monotonic()
        interval = self.settings.pair_interval
        debt_until = max(conversation.pair_debt_until, now)
        if debt_until - now > (burst - 1) * interval:
            raise MetaError(PAIR_LIMIT_HIT)
        conversation.pair_debt_until = debt_until + interval
