"""Reads events older than the ring from MongoDB's oplog."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from graph.events.events import LiveEvent, SealCursor, derive_events
from models.changes.position import END_OF_CHANGE, Position
from models.changes.stream import next_change, open_stream

MAX_EVENTS = 500
MAX_BYTES = 8 * 1024 * 1024
# Short: at the end of the history the subscriber waits for the events read so far.
AWAIT_MILLISECONDS = 50


async def read_events(
    database: AsyncDatabase[dict[str, Any]],
    position: Position,
    *,
    floor: Position,
    seal: SealCursor,
) -> tuple[list[LiveEvent], Position]:
    """Returns about MAX_EVENTS events or MAX_BYTES after the position, and the position reached.

    The position reached is at least `floor` if all events before it were read.

    Raises:
        HistoryLost: MongoDB no longer has the next change.
        PyMongoError: MongoDB is unavailable or refuses the token.
    """
    events: list[LiveEvent] = []
    reached = position
    # Starts at the time of a partly delivered change, to derive its other events again.
    is_partial = position.ordinal != END_OF_CHANGE
    async with open_stream(
        database,
        after=None if is_partial else position,
        at=position.cluster_time if is_partial else None,
        await_milliseconds=AWAIT_MILLISECONDS,
    ) as stream:
        size = 0
        while reached < floor and len(events) < MAX_EVENTS and size < MAX_BYTES:
            change = await next_change(stream)
            if change is None:
                if stream.resume_token is not None:
                    reached = max(reached, Position(stream.resume_token["_data"]))
                # In an idle database the last position is one tick before the start of the ring.
                if reached.directly_precedes(floor):
                    reached = floor
                break
            derived = derive_events(change, seal=seal)
            later_events = [event for event in derived if event.position > position]
            events += later_events
            size += sum(event.size for event in later_events)
            reached = max(reached, Position(change["_id"]["_data"]))
    return events, reached
