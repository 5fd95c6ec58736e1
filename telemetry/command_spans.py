"""Client spans of MongoDB commands: command, database and collection, never filters or values."""

from collections import OrderedDict
from collections.abc import Sequence

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from telemetry import traces

# The driver does not report the end of a cancelled command.
MAX_OPEN = 1000


def list_command_listeners() -> Sequence[CommandListener]:
    """Returns the listeners for a client; none while traces are off."""
    return [] if traces.get_recorder() is None else [CommandSpans()]


class CommandSpans(CommandListener):
    """Records the commands that a recorded span sends; polling has no span."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, traces.Span] = OrderedDict()

    def started(self, event: CommandStartedEvent) -> None:
        collection = event.command.get(
            "collection" if event.command_name == "getMore" else event.command_name
        )
        attributes = {
            "db.system.name": "mongodb",
            "db.operation.name": event.command_name,
            "db.namespace": event.database_name,
        }
        name = event.command_name
        if isinstance(collection, str):
            attributes["db.collection.name"] = collection
            name = f"{name} {collection}"
        span = traces.open_child(name, traces.Kind.CLIENT, attributes)
        if span is None:
            return
        self._open[event.request_id] = span
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)[1].end()

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            span.end()

    def failed(self, event: CommandFailedEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            code = event.failure.get("code")
            span.fail(str(code) if isinstance(code, int) else "failed")
            span.end()
