"""Circuit breaker: pauses the requests for an account while Meta does not answer them."""

import time

# After this many consecutive requests without an answer, only probes are made.
FAILURES_TO_OPEN = 5
# The interval of probes, in units of the pause before the first retry.
PROBE_PAUSES = 30


class CircuitBreaker:
    """The breaker and the pauses of one account. Times are monotonic."""

    def __init__(self, *, probe_seconds: float, failures: int = 0) -> None:
        self.failures = failures
        """Number of consecutive requests without an answer."""
        self.paused_until = 0.0
        self._probe_seconds = probe_seconds

    @property
    def is_open(self) -> bool:
        """True while only probes are made, one at a time."""
        return self.failures >= FAILURES_TO_OPEN

    @property
    def is_paused(self) -> bool:
        return self.paused_until > time.monotonic()

    def pause(self, seconds: float) -> None:
        """Stops requests for `seconds`; a longer pause stays."""
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)

    def record_answer(self) -> bool:
        """Records an answer of any kind from Meta. Returns True if that closes the breaker."""
        was_open = self.is_open
        self.failures = 0
        if was_open:
            self.paused_until = 0.0
        return was_open

    def record_failure(self) -> bool:
        """Counts a request without an answer. Returns True if the breaker is open now."""
        self.failures += 1
        if self.is_open:
            self.pause(self._probe_seconds)
        return self.is_open
