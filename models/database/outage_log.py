"""Logs a MongoDB outage once, then a count of its failures every 10 s, then its end.

Otherwise every request and background task would log a warning during an outage.
"""

import asyncio
import logging
import time

from models.database.outages import is_transient
from telemetry.metrics.mongodb import FAILURES

logger = logging.getLogger(__name__)

REPORT_SECONDS = 10.0


class OutageLog:
    """Log entries about a dependency of this process."""

    def __init__(self, name: str, *, report_seconds: float = REPORT_SECONDS) -> None:
        self._name = name
        self._report_seconds = report_seconds
        self._started_at: float | None = None
        self._last_failure_at = 0.0
        self._failures = 0
        self._failures_reported = 0

    def record_failure(self, source: logging.Logger, message: str) -> None:
        """Logs `message` as a warning if it begins an outage, otherwise counts it."""
        now = time.monotonic()
        # The event loop that would have reported the end of the last outage may be closed.
        is_new = now - self._last_failure_at > 2 * self._report_seconds
        self._last_failure_at = now
        if self._started_at is not None and not is_new:
            self._failures += 1
            return
        self._started_at, self._failures, self._failures_reported = now, 1, 1
        source.warning("%s is unavailable: %s", self._name, message)
        self._schedule_report()

    def _schedule_report(self) -> None:
        asyncio.get_running_loop().call_later(self._report_seconds, self._report)

    def _report(self) -> None:
        if self._started_at is None:
            return
        failures = self._failures - self._failures_reported
        if not failures:
            self._report_end(self._last_failure_at - self._started_at)
            return
        logger.warning(
            "%s is still unavailable after %.0f s: %d failures in the last %g s",
            self._name,
            time.monotonic() - self._started_at,
            failures,
            self._report_seconds,
        )
        self._failures_reported = self._failures
        self._schedule_report()

    def _report_end(self, seconds: float) -> None:
        logger.warning(
            "%s is available again: %d failures within %.0f s", self._name, self._failures, seconds
        )
        self._started_at = None


mongodb_outage = OutageLog("MongoDB")


def log_failure(source: logging.Logger, error: BaseException, message: str, *args: object) -> None:
    """Logs `message` with the class of `error`, a failure of MongoDB.

    During an outage, failures are counted instead. The error's text is omitted, since it may quote
    documents.
    """
    text = f"{message % args if args else message} ({type(error).__name__})"
    # A timeout around the call is an outage too.
    if is_transient(error) or isinstance(error, TimeoutError):
        FAILURES.inc()
        mongodb_outage.record_failure(source, text)
    else:
        source.warning("%s", text)
