"""Spans of traces, for every package.

While traces are off, each function costs a comparison, and OpenTelemetry is not imported. Spans
never hold texts of exceptions, documents, variables or filters, which may quote customers.
"""

from collections.abc import Awaitable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, Self, TypeVar

Attributes = Mapping[str, str | int | bool]
Result = TypeVar("Result")


class Kind(Enum):
    INTERNAL = auto()
    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class Span(Protocol):
    def set(self, name: str, value: str | int | bool) -> None:
        """Sets an attribute."""

    def rename(self, name: str) -> None:
        """Changes the name of the span."""

    def fail(self, error_type: str) -> None:
        """Marks the span as failed."""

    def end(self) -> None:
        """Ends the span before its `with` block ends."""


class Carrier(Protocol):
    """Something that was caused within a trace."""

    @property
    def traceparent(self) -> str | None: ...


@dataclass(frozen=True)
class Cause:
    """A carrier for a stored `traceparent`."""

    traceparent: str | None


class Recorder(Protocol):
    """Records spans; see `telemetry.trace_recorder`."""

    def span(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[Span]:
        """See `span`."""

    def child_span(
        self, name: str, kind: Kind, attributes: Attributes
    ) -> AbstractContextManager[Span] | None:
        """Returns None outside of recorded spans."""

    def linked_span(
        self, name: str, kind: Kind, traceparents: Iterable[str | None], attributes: Attributes
    ) -> AbstractContextManager[Span] | None:
        """Returns None if there is no sampled trace."""

    def server_span(
        self, name: str, headers: Mapping[str, str], *, is_trusted: bool, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """See `telemetry.request_spans`."""

    def open_child(self, name: str, kind: Kind, attributes: Attributes) -> Span | None:
        """Like `child_span`, for a span that another call ends."""

    def add_attributes(self, attributes: Attributes) -> None:
        """See `add_attributes`."""

    def get_headers(self) -> dict[str, str]:
        """See `get_headers`."""

    def get_traceparent(self) -> str | None:
        """See `get_traceparent`."""

    def get_trace_id(self) -> str | None:
        """See `current_trace_id`."""


class _NoSpan:
    """The span while nothing is recorded, and its `with` block."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def set(self, name: str, value: str | int | bool) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def fail(self, error_type: str) -> None:
        pass

    def end(self) -> None:
        pass


_NO_SPAN = _NoSpan()
_NOTHING: Attributes = {}
_recorder: Recorder | None = None


def start(recorder: Recorder) -> None:
    """Begins to record spans in this process."""
    global _recorder  # noqa: PLW0603 - a process has one recorder, as it has one log
    _recorder = recorder


def stop() -> None:
    """Ends the recording; spans that are open may still end."""
    global _recorder  # noqa: PLW0603 - as above
    _recorder = None


def get_recorder() -> Recorder | None:
    """Returns None while traces are off."""
    return _recorder


def span(
    name: str, kind: Kind = Kind.INTERNAL, attributes: Attributes = _NOTHING
) -> AbstractContextManager[Span]:
    """Records the `with` block as a child of the current span, or as the root of a new trace."""
    if _recorder is None:
        return _NO_SPAN
    return _recorder.span(name, kind, attributes)


def child_span(
    name: str, kind: Kind = Kind.INTERNAL, attributes: Attributes = _NOTHING
) -> AbstractContextManager[Span]:
    """Records the `with` block if it is a part of a recorded span."""
    if _recorder is None:
        return _NO_SPAN
    return _recorder.child_span(name, kind, attributes) or _NO_SPAN


def open_child(name: str, kind: Kind, attributes: Attributes) -> Span | None:
    """Returns a part of the current span that the caller ends, or None."""
    return None if _recorder is None else _recorder.open_child(name, kind, attributes)


def linked_span(
    name: str,
    carriers: Iterable[Carrier],
    kind: Kind = Kind.INTERNAL,
    attributes: Attributes = _NOTHING,
) -> AbstractContextManager[Span]:
    """Records work that was caused elsewhere: by another task, process or request.

    The span continues the trace of the first carrier that has one, and links to the traces of the
    others. If no carrier has a trace, the span is a part of the current span, if there is one.
    """
    if _recorder is None:
        return _NO_SPAN
    traceparents = [carrier.traceparent for carrier in carriers]
    return _recorder.linked_span(name, kind, traceparents, attributes) or _NO_SPAN


def follow(name: str, work: Awaitable[Result]) -> Awaitable[Result]:
    """Returns `work`, recorded as a part of the current span."""
    return work if _recorder is None else _follow(name, work)


async def _follow(name: str, work: Awaitable[Result]) -> Result:
    with child_span(name):
        return await work


MAX_OPERATION_NAME = 100


def operation_span(operation_type: str, name: str | None) -> AbstractContextManager[Span]:
    """Records the execution of a GraphQL operation, without document and variables."""
    if _recorder is None:
        return _NO_SPAN
    attributes = {"graphql.operation.type": operation_type}
    if name:
        attributes["graphql.operation.name"] = name[:MAX_OPERATION_NAME]
    return _recorder.span(operation_type, Kind.INTERNAL, attributes)


def add_attributes(attributes: Attributes) -> None:
    """Sets attributes of the current span."""
    if _recorder is not None:
        _recorder.add_attributes(attributes)


def get_traceparent() -> str | None:
    """Returns the current span as a W3C `traceparent`; None if it is not sampled."""
    return None if _recorder is None else _recorder.get_traceparent()


def get_headers() -> dict[str, str]:
    """Returns `traceparent` and `tracestate` for a request to another server."""
    return {} if _recorder is None else _recorder.get_headers()


def current_trace_id() -> str | None:
    """Returns the 32 hex digits of the current trace, for log lines; None outside of traces."""
    return None if _recorder is None else _recorder.get_trace_id()
