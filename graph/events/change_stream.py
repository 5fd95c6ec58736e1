"""The source of all live events: a resumable MongoDB change stream, as a broadcaster backend.

broadcaster's own backends silently lose events when their connection drops. This backend reopens
its stream after any error at the last change received, so subscribers only notice a pause. They are
notified if MongoDB no longer has that history.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC
from typing import Any

import pymongo
from beanie import PydanticObjectId
from broadcaster import BroadcastBackend, Event
from bson import CodecOptions, ObjectId, Timestamp
from bson.codec_options import DatetimeConversion
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from graph.events.cursors import Position
from graph.events.differences import EventKind
from graph.events.events import LiveEvent, derive_events
from graph.events.ring import EventRing
from graph.events.summary_watch import SummaryWatch
from models.connection import WATCHED_COLLECTIONS
from models.database.base import utc_now
from models.database.outage_log import log_failure
from telemetry import traces
from telemetry.metrics import live as metrics
from whatsapp.common.timeouts import Timeouts

logger = logging.getLogger(__name__)

Change = dict[str, Any]

EVERYTHING = "everything"
QUEUE_LIMIT = 1000
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
# Interval at which an idle stream returns a newer resume token.
AWAIT_MILLISECONDS = 1000
CHANGES_PER_TURN = 50
# Deletions are collected, because a scan of the ring takes about a millisecond.
ERASE_SECONDS = 0.05
# Time for which events are delivered without yielding to other tasks.
TURN_SECONDS = 0.005
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


class ChangeStreamBackend(BroadcastBackend):
    """Publishes each LiveEvent on the channels of all events, its account and its conversation.

    Only committed changes are published: `publish` is not supported.
    """

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        *,
        ring: EventRing,
        summaries: SummaryWatch,
        sign: Callable[[Position], str],
        on_deletion: Callable[[], object] = lambda: None,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self._timeouts = timeouts
        self.position: Position | None = None
        """Position of the last change in the ring; None until the first stream is open."""
        self.is_connected = False
        self.started = asyncio.Event()
        """Set while there is a position."""
        self._database = database
        self._ring = ring
        self._summaries = summaries
        self._sign = sign
        self._on_deletion = on_deletion
        self._channels: set[str] = set()
        self._published: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self._turn_began = 0.0
        self._deleted_ids: set[ObjectId] = set()
        """Deleted documents that may still be in the ring."""
        self._deleted_accounts: set[PydanticObjectId] = set()
        self._watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._keep_watching(), name="change-stream")

    async def disconnect(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])
        self._set_connected(False)

    def _set_connected(self, is_connected: bool) -> None:
        self.is_connected = is_connected
        metrics.STREAMS_CONNECTED.set(is_connected)

    async def subscribe(self, group: str) -> None:
        self.add_channel(group)

    async def unsubscribe(self, group: str) -> None:
        self.drop_channel(group)

    # Not async, unlike `subscribe`: the first subscribers of a channel would race.
    def add_channel(self, channel: str) -> None:
        self._channels.add(channel)

    def drop_channel(self, channel: str) -> None:
        self._channels.discard(channel)

    async def publish(self, channel: str, message: Any) -> None:
        raise NotImplementedError("The database is the only source of events.")

    async def next_published(self) -> Event:
        """Returns the next event. Never raises, which would end broadcaster's listener."""
        now = asyncio.get_running_loop().time
        if self._published.empty():
            event = await self._published.get()
            self._turn_began = now()
            return event
        # Subscribers process an event while it is delivered, so that many events and subscribers
        # would block the loop.
        if now() - self._turn_began > TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_began = now()
        return self._published.get_nowait()

    async def _keep_watching(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async for _ in self._watch_once():
                    pause = FIRST_PAUSE_SECONDS
            except HistoryLost:
                logger.warning("Change history lost; subscribers must reload their lists")
                metrics.STREAM_FAILURES["history_lost"].inc()
                await self._lose_history()
            except PyMongoError as error:
                if self.is_connected or pause == FIRST_PAUSE_SECONDS:
                    log_failure(logger, error, "The change stream failed")
            except Exception:
                # A bug must not end the task: the feed recovers from any error.
                logger.exception("The change stream failed")
            if self.is_connected:
                metrics.STREAM_FAILURES["interrupted"].inc()
            self._set_connected(False)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _watch_once(self) -> AsyncIterator[None]:
        """Yields after each response of MongoDB, until an error."""
        open_seconds = self._timeouts.stream_open_seconds
        async with open_stream(self._database, after=self.position, seconds=open_seconds) as stream:
            if self.position is None:
                self.position = await read_position(stream)
                self._ring.begin(self.position)
                self.started.set()
            if not self.is_connected:
                logger.info("The change stream is open")
            self._set_connected(True)
            changes = 0
            while True:
                change = await next_change(stream, seconds=self._timeouts.stream_silence_seconds)
                if change is not None:
                    await self._process(change)
                elif stream.resume_token is not None:
                    self.position = Position(stream.resume_token["_data"])
                yield
                changes += 1
                if changes % CHANGES_PER_TURN == 0:
                    await asyncio.sleep(0)  # reading a full batch does not yield to other tasks

    async def _process(self, change: Change) -> None:
        if change["operationType"] == "delete":
            self._record_deletion(change["documentKey"]["_id"])
        elif _deletes_message(change):
            self._on_deletion()
        # Before publishing: subscribers may read the conversation of a new message at once.
        self._summaries.add_change(change)
        events = derive_events(change, sign=self._sign)
        with traces.linked_span("publish events", events, traces.Kind.PRODUCER):
            await self._publish_all(events)
        self.position = Position(change["_id"]["_data"])
        if (changed_at := change.get("wallTime")) is not None:  # since MongoDB 6.0
            metrics.STREAM_LAG.observe(max((utc_now() - changed_at).total_seconds(), 0.0))

    async def _publish_all(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            if event.kind is EventKind.ACCOUNT_DELETED:
                self._deleted_accounts.add(event.account_id)
                self._record_deletion(event.document_id)
            elif event.account_id in self._deleted_accounts:
                continue  # AccountDeleted is the last event of an account
            self._ring.append(event)
            metrics.EVENTS.inc()
            await self._publish(list_channels(event), event)

    def _record_deletion(self, document_id: ObjectId) -> None:
        self._on_deletion()
        if not self._deleted_ids:
            asyncio.get_running_loop().call_later(ERASE_SECONDS, self._erase_deleted)
        self._deleted_ids.add(document_id)

    def _erase_deleted(self) -> None:
        self._ring.erase(self._deleted_ids)
        self._deleted_ids = set()

    async def _publish(self, channels: list[str], message: LiveEvent | None) -> None:
        for channel in channels:
            if channel in self._channels:
                await self._published.put(Event(channel, message))  # type: ignore[arg-type]  # broadcaster declares text

    async def _lose_history(self) -> None:
        self.started.clear()
        self.position = None
        self._ring.lose_history()
        # None notifies subscribers that they missed events.
        await self._publish(list(self._channels), None)


def _deletes_message(change: Change) -> bool:
    """Returns whether a message was deleted for everyone; the document remains, without content."""
    before, after = change.get("fullDocumentBeforeChange"), change.get("fullDocument")
    is_deleted = after is not None and after.get("deleted_at") is not None
    return is_deleted and (before is None or before.get("deleted_at") is None)


def list_channels(event: LiveEvent) -> list[str]:
    channels = [EVERYTHING, f"account:{event.account_id}"]
    if event.conversation_id is not None:
        channels.append(f"conversation:{event.conversation_id}")
    return channels


@contextlib.asynccontextmanager
async def open_stream(
    database: AsyncDatabase[dict[str, Any]],
    *,
    after: Position | None = None,
    at: Timestamp | None = None,
    await_milliseconds: int = AWAIT_MILLISECONDS,
    seconds: float = Timeouts.stream_open_seconds,
) -> AsyncIterator[AsyncChangeStream[Change]]:
    """Opens a change stream of the watched collections after a position, at a time, or now.

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
    stream: AsyncChangeStream[Change], *, seconds: float = Timeouts.stream_silence_seconds
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
    """Returns the position of a stream just opened at the present."""
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
