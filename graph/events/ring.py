"""The ring: the most recent events in memory, so that a short absence needs no database read."""

from bisect import bisect_right
from collections.abc import Collection
from datetime import timedelta

from bson import ObjectId

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from models.changes.position import Position

MAX_EVENTS = 10_000
MAX_BYTES = 32 * 1024 * 1024
MAX_AGE = timedelta(hours=1)


class EventRing:
    """Holds every event after `floor`, in order, bounded in number, size and age."""

    def __init__(
        self,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self.floor: Position | None = None
        """None until a change stream is open, and after its history was lost."""
        self.epoch = 0
        """Incremented when history is lost: a reader of an earlier epoch has missed events."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bytes = 0
        self._max_age = max_age
        self._events: list[LiveEvent] = []

    def begin(self, floor: Position) -> None:
        self.floor = floor

    def lose_history(self) -> None:
        self.epoch += 1
        self.floor = None
        self._events.clear()
        self._bytes = 0

    def append(self, event: LiveEvent) -> None:
        self._events.append(event)
        self._bytes += event.size
        # Dropping a tenth at a time limits the cost of moving the remaining events.
        if len(self._events) > self._max_events * 1.1:
            self._drop(len(self._events) - self._max_events)
        elif self._bytes > self._max_bytes * 1.1:
            self._drop(self._count_excess())
        # Compares two times of the database, so the clock of this machine does not matter.
        elif event.at - self._events[0].at > self._max_age * 1.1:
            oldest = event.at - self._max_age
            self._drop(sum(1 for recent in self._events if recent.at < oldest))

    @property
    def newest(self) -> Position | None:
        """The position of the last event, else `floor`."""
        return self._events[-1].position if self._events else self.floor

    def list_after(self, position: Position, limit: int) -> list[LiveEvent]:
        """Returns the first events after a position that is not below `floor`."""
        start = bisect_right(self._events, position, key=lambda event: event.position)
        return self._events[start : start + limit]

    def erase(self, document_ids: Collection[ObjectId]) -> None:
        """Erases the documents from their events; the events stay, so that positions stay valid."""
        for event in self._events:
            if event.document_id in document_ids and event.kind is not EventKind.ACCOUNT_DELETED:
                event.erase_document()

    def _count_excess(self) -> int:
        """Returns the number of oldest events that exceed the size limit; never all."""
        excess = self._bytes - self._max_bytes
        for number, event in enumerate(self._events[:-1]):
            if excess <= 0:
                return number
            excess -= event.size
        return len(self._events) - 1

    def _drop(self, number: int) -> None:
        if number:
            self.floor = self._events[number - 1].position
            self._bytes -= sum(event.size for event in self._events[:number])
            del self._events[:number]
