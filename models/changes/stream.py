"""Opens and reads one change stream of the watched collections."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC
from typing import Any

import pymongo
from bson import CodecOptions, Timestamp
from bson.codec_options import DatetimeConversion
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from models.changes.position import Position
from models.connection import WATCHED_COLLECTIONS

Change = dict[str, Any]

OPEN_SECONDS = 30.0
SILENCE_SECONDS = 3.0
# Interval at which an idle stream returns a newer resume token.
AWAIT_MILLISECONDS = 1000
# InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost, BSONObjectTooLarge: resuming
# at the same position would fail again.
HISTORY_LOST_CODES = frozenset({260, 280, 286, 10334})

PIPELINE = [
    {
        "$match": {
            "$or": [
                {
                    "ns.coll": {"$in": list(WATCHED_COLLECTIONS)},
                    "operationType": {"$in": ["insert", "update", "replace", "delete"]},
                },
                {"operationType": "invalidate"},
            ]
        }
    }
]
# Otherwise a single date or text that Python can't represent would fail the whole batch.
LENIENT_CODEC: CodecOptions[Change] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
    unicode_decode_error_handler="replace",
)


class HistoryLost(Exception):
    """MongoDB no longer has the changes after the requested position."""


@contextlib.asynccontextmanager
async def open_stream(
    database: AsyncDatabase[dict[str, Any]],
    *,
    after: Position | None = None,
    at: Timestamp | None = None,
    await_milliseconds: int = AWAIT_MILLISECONDS,
    seconds: float = OPEN_SECONDS,
) -> AsyncIterator[AsyncChangeStream[Change]]:
    """Opens a change stream of the watched collections after a position, at a time, or now.

    `seconds` is the limit for MongoDB's answer.

    Raises:
        HistoryLost: MongoDB no longer has the next change.
        PyMongoError: MongoDB is unavailable or refuses.
    """
    lenient = database.with_options(codec_options=LENIENT_CODEC)
    with pymongo.timeout(seconds), _translating_lost_history():
        stream = await lenient.watch(
            PIPELINE,
            full_document="whenAvailable",
            full_document_before_change="whenAvailable",
            max_await_time_ms=await_milliseconds,
            # Unlike resumeAfter, startAfter works after an invalidate event.
            start_after={"_data": after.token} if after else None,
            start_at_operation_time=at,
        )
    try:
        yield stream
    finally:
        # In an outage the cursor expires on the server.
        with contextlib.suppress(PyMongoError), pymongo.timeout(1):
            await stream.close()


async def next_change(
    stream: AsyncChangeStream[Change], *, seconds: float = SILENCE_SECONDS
) -> Change | None:
    """Returns the next change, or None if there is none within the stream's await time.

    Raises:
        HistoryLost: the stream can't be continued.
        PyMongoError: MongoDB is unavailable or refuses.
    """
    with pymongo.timeout(seconds), _translating_lost_history():
        change = await stream.try_next()
    if not stream.alive or (change is not None and change["operationType"] == "invalidate"):
        raise HistoryLost
    return change


async def read_position(stream: AsyncChangeStream[Change]) -> Position:
    """Returns the position of a stream that was just opened."""
    if stream.resume_token is None:
        # Changes arrived meanwhile; the position after the first is as good.
        await next_change(stream)
    token = stream.resume_token
    if token is None:
        raise HistoryLost
    return Position(token["_data"])


@contextlib.contextmanager
def _translating_lost_history() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in HISTORY_LOST_CODES:
            raise HistoryLost from error
        raise
