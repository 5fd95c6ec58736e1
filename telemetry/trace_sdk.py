"""Exports spans with OpenTelemetry's SDK. Imported only while traces are on."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from telemetry import traces
from telemetry.trace_recorder import TraceRecorder

logger = logging.getLogger(__name__)

# Spans that are not sent within this time at the end of a process are lost.
FLUSH_SECONDS = 3.0
FAILURE_LOG_SECONDS = 60.0
SERVICE = "wagraph"
_UNNAMED_SERVICE = "unknown_service"


class ExportedTraces:
    """Records spans and gives them to a processor of the SDK."""

    def __init__(self, make_processor: Callable[[], SpanProcessor], *, version: str) -> None:
        self._make_processor = make_processor
        self._version = version

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Records spans of this process; at the end sends the last within FLUSH_SECONDS.

        The exporter's thread starts here, since a thread would not survive a fork.
        """
        resource = Resource.create({"service.version": self._version})
        if str(resource.attributes["service.name"]).startswith(_UNNAMED_SERVICE):
            resource = resource.merge(Resource({"service.name": SERVICE}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self._make_processor())
        traces.start(TraceRecorder(provider.get_tracer(SERVICE, self._version)))
        try:
            yield
        finally:
            traces.stop()
            await _finish(provider.shutdown)


def make_processor(*, is_console: bool) -> SpanProcessor:
    """Creates the processor with its exporter, which read further OTEL_* variables."""
    if is_console:
        return BatchSpanProcessor(ConsoleSpanExporter())
    logging.getLogger(trace_exporter.__name__).addFilter(_failure_filter)
    return BatchSpanProcessor(trace_exporter.OTLPSpanExporter())


class _FailureFilter(logging.Filter):
    """Passes a line a minute, without a traceback: a batch may fail every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last = -FAILURE_LOG_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._last < FAILURE_LOG_SECONDS:
            return False
        self._last = now
        record.exc_info = record.exc_text = None
        record.msg, record.args = "Spans can't be sent to the collector", ()
        return True


_failure_filter = _FailureFilter()


async def _finish(shut_down: Callable[[], None]) -> None:
    """Runs a blocking function for a limited time, in a thread that no exit waits for."""
    loop = asyncio.get_running_loop()
    is_done = asyncio.Event()

    def run() -> None:
        shut_down()
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(is_done.set)

    threading.Thread(target=run, name="trace-flush", daemon=True).start()
    try:
        await asyncio.wait_for(is_done.wait(), FLUSH_SECONDS)
    except TimeoutError:
        logger.warning("The last spans were not sent within %g s", FLUSH_SECONDS)
