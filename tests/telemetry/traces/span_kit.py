"""Finds exported spans and their relations."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fixtures.waiting import eventually


class Spans:
    """The spans that ended so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self.exporter = exporter

    @property
    def all(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def find(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    async def wait_for(self, name: str) -> ReadableSpan:
        """The last span of this name, once there is one."""

        async def find_all() -> list[ReadableSpan]:
            return self.find(name)

        return (await eventually(find_all))[-1]

    def get_parent(self, span: ReadableSpan) -> ReadableSpan:
        assert span.parent is not None, span.name
        parent = span.parent.span_id
        return next(other for other in self.all if get_context(other).span_id == parent)

    def list_ancestors(self, span: ReadableSpan) -> list[str]:
        """The names of its parent, its parent's parent and so on."""
        names = []
        while span.parent is not None:
            span = self.get_parent(span)
            names.append(span.name)
        return names

    def to_text(self) -> str:
        return "\n".join(span.to_json() for span in self.all)


def get_context(span: ReadableSpan) -> Any:
    context = span.get_span_context()
    assert context is not None
    return context


def get_trace(span: ReadableSpan) -> int:
    trace_id: int = get_context(span).trace_id
    return trace_id


def get_attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
