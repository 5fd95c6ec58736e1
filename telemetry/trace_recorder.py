"""Records spans by the OpenTelemetry API. Imported only while traces are on."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry.traces import Attributes, Kind, Span

KINDS = {kind: trace.SpanKind[kind.name] for kind in Kind}
_ROOT = Context()
_propagator = TraceContextTextMapPropagator()


class RecordedSpan:
    """A span of the API, without ways to record the text of an exception."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, name: str, value: str | int | bool) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, error_type: str) -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        if self._span.is_recording():
            self._span.end()


class TraceRecorder:
    """The recorder of a process; see `telemetry.traces` for its methods."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self.tracer = tracer

    def span(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[Span]:
        return self._record(name, kind, attributes)

    def child_span(
        self, name: str, kind: Kind, attributes: Attributes
    ) -> AbstractContextManager[Span] | None:
        if not trace.get_current_span().is_recording():
            return None
        return self._record(name, kind, attributes)

    def linked_span(
        self, name: str, kind: Kind, traceparents: Iterable[str | None], attributes: Attributes
    ) -> AbstractContextManager[Span] | None:
        spans = [read_span(text) for text in dict.fromkeys(traceparents) if text is not None]
        sampled = [span for span in spans if span.get_span_context().trace_flags.sampled]
        if not sampled:
            return self.child_span(name, kind, attributes)
        links = [trace.Link(span.get_span_context()) for span in sampled[1:]]
        parent = trace.set_span_in_context(sampled[0], _ROOT)
        return self._record(name, kind, attributes, parent=parent, links=links)

    def server_span(
        self, name: str, headers: Mapping[str, str], *, is_trusted: bool, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        parent = _propagator.extract(headers, _ROOT)
        if is_trusted:
            return self._record(name, Kind.SERVER, attributes, parent=parent)
        caller = trace.get_current_span(parent).get_span_context()
        links = [trace.Link(caller)] if caller.is_valid else []
        return self._record(name, Kind.SERVER, attributes, parent=_ROOT, links=links)

    def open_child(self, name: str, kind: Kind, attributes: Attributes) -> Span | None:
        if not trace.get_current_span().is_recording():
            return None
        return RecordedSpan(self.tracer.start_span(name, None, KINDS[kind], attributes))

    def add_attributes(self, attributes: Attributes) -> None:
        trace.get_current_span().set_attributes(attributes)

    def get_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        _propagator.inject(headers)
        return headers

    def get_traceparent(self) -> str | None:
        if not trace.get_current_span().get_span_context().trace_flags.sampled:
            return None
        return self.get_headers().get("traceparent")

    def get_trace_id(self) -> str | None:
        span = trace.get_current_span().get_span_context()
        return trace.format_trace_id(span.trace_id) if span.is_valid else None

    @contextmanager
    def _record(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        *,
        parent: Context | None = None,
        links: Iterable[trace.Link] = (),
    ) -> Iterator[Span]:
        span = self.tracer.start_span(
            name, parent, KINDS[kind], attributes, list(links), record_exception=False
        )
        recorded = RecordedSpan(span)
        token = contexts.attach(trace.set_span_in_context(span))
        try:
            yield recorded
        except Exception as error:
            recorded.fail(type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            recorded.end()


def read_span(traceparent: str) -> trace.Span:
    """Returns the span of a stored `traceparent`; an invalid span if it is malformed."""
    return trace.get_current_span(_propagator.extract({"traceparent": traceparent}, _ROOT))
