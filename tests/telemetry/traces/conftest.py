"""Fixtures of traced applications: spans are kept in memory as they end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.trace_sdk import ExportedTraces
from tests.graph.socket_kit import serve
from tests.telemetry.traces.span_kit import Spans


@pytest.fixture
def spans() -> Spans:
    return Spans(InMemorySpanExporter())


@pytest.fixture
def tracing(spans: Spans) -> ExportedTraces:
    return ExportedTraces(lambda: SimpleSpanProcessor(spans.exporter), version="1.2.3")


@pytest.fixture
async def port(app: Any) -> AsyncIterator[int]:
    """The port of the traced application under a real server, which trusts this machine."""
    async with serve(app) as port:
        yield port
