"""Catching up: the events between an old cursor and the ring, read from MongoDB's own history."""

from collections.abc import Callable
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from graph.events.change_stream import next_change, open_stream
from graph.events.cursors import END_OF_CHANGE, Position
from graph.events.events import LiveEvent, derive_events

MAX_EVENTS = 500
MAX_BYTES = 8 * 1024 * 1024
# Short: when nothing more comes, the subscriber wants what was found so far.
AWAIT_MILLISECONDS = 50


async def read_events(
    database: AsyncDatabase[dict[str, Any]],
    position: Position,
    *,
    floor: Position,
    sign: Callable[[Position], str],
) -> tuple[list[LiveEvent], Position]:
    """At most about MAX_EVENTS events or MAX_BYTES after the position, and how far they reach.

    That position is `floor` or beyond once everything before `floor` was read.

    Raises:
        HistoryLost: MongoDB no longer has what came next.
        PyMongoError: MongoDB is away, or refuses the token.
    """
    events: list[LiveEvent] = []
    reached = position
    # A token in the middle of a change: its other events are needed too, so begin at its time.
    is_inside = position.ordinal != END_OF_CHANGE
    async with open_stream(
        database,
        after=None if is_inside else position,
        at=position.cluster_time if is_inside else None,
        await_milliseconds=AWAIT_MILLISECONDS,
    ) as stream:
        size = 0
        while reached < floor and len(events) < MAX_EVENTS and size < MAX_BYTES:
            change = await next_change(stream)
            if change is None:
                if stream.resume_token is not None:
                    reached = max(reached, Position(stream.resume_token["_data"]))
                # An idle database's own position stays one tick short of where the ring began.
                if reached.directly_precedes(floor):
                    reached = floor
                break
            found = derive_events(change, sign=sign)
            missed = [event for event in found if event.position > position]
            events += missed
            size += sum(event.size for event in missed)
            reached = max(reached, Position(change["_id"]["_data"]))
    return events, reached
