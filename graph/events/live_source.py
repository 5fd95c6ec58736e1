"""The source of all live events: the changes of the database, as a broadcaster backend.

broadcaster's own backends silently lose events when their connection drops. This one resumes after
any error at the last change received, so subscribers only notice a pause. They are notified if
MongoDB no longer has that history.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beanie import PydanticObjectId
from broadcaster import BroadcastBackend, Event
from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.differences import EventKind
from graph.events.events import LiveEvent, SealCursor, derive_events
from graph.events.ring import EventRing
from graph.events.summary_watch import SummaryWatch
from models.changes.position import Position
from models.changes.source import ChangeListener, ChangeSource
from models.changes.stream import Change
from telemetry import traces
from telemetry.metrics import live as metrics
from whatsapp.common.timeouts import Timeouts

EVERYTHING = "everything"
QUEUE_LIMIT = 1000
# Deletions are collected, because a scan of the ring takes about a millisecond.
ERASE_SECONDS = 0.05
# Time for which events are delivered without yielding to other tasks.
TURN_SECONDS = 0.005

OnRemoval = Callable[[Mapping[str, Any]], object]
"""Called with the last image of a removed conversation, which is empty if it has expired."""


class LiveSource(BroadcastBackend):
    """Publishes each LiveEvent on the channels of all events, its accounts and its conversation.

    Only committed changes are published: `publish` is not supported. Implements
    `models.changes.source.ChangeListener`.
    """

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        *,
        listeners: Sequence[ChangeListener] = (),
        ring: EventRing,
        summaries: SummaryWatch,
        seal: SealCursor,
        on_deletion: Callable[[], object] = lambda: None,
        on_removal: OnRemoval = lambda _: None,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self.changes = ChangeSource(
            database,
            [*listeners, self],
            open_seconds=timeouts.stream_open_seconds,
            silence_seconds=timeouts.stream_silence_seconds,
        )
        self._ring = ring
        self._summaries = summaries
        self._seal = seal
        self._on_deletion = on_deletion
        self._on_removal = on_removal
        self._channels: set[str] = set()
        self._published: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self._turn_began = 0.0
        self._deleted_ids: set[ObjectId] = set()
        """Deleted documents that may still be in the ring."""
        self._deleted_accounts: set[PydanticObjectId | None] = set()
        self._watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self.changes.run(), name="change-stream")

    async def disconnect(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])

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

    def begin(self, position: Position) -> None:
        self._ring.begin(position)

    async def take(self, change: Change) -> None:
        if change["operationType"] == "delete":
            self._record_deletion(change["documentKey"]["_id"])
            if change["ns"]["coll"] == "conversations":
                self._on_removal(change.get("fullDocumentBeforeChange") or {})
        elif _deletes_message(change):
            self._on_deletion()
        # Before publishing: subscribers may read the conversation of a new message at once.
        self._summaries.add_change(change)
        events = derive_events(change, seal=self._seal)
        with traces.linked_span("publish events", events, traces.Kind.PRODUCER):
            await self._publish_all(events)

    async def lose_history(self) -> None:
        self._ring.lose_history()
        # None notifies subscribers that they missed events.
        await self._publish(list(self._channels), None)

    async def _publish_all(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            if event.kind is EventKind.ACCOUNT_DELETED:
                self._deleted_accounts.add(event.account_id)
                self._record_deletion(event.document_id)
            elif event.account_id in self._deleted_accounts:
                continue  # AccountDeleted is the last event of an account
            self._ring.append(event)
            metrics.EVENTS.inc()
            await self._publish(self._list_channels(event), event)

    def _list_channels(self, event: LiveEvent) -> list[str]:
        if event.account_id is None:
            # Of an agent: each listener checks whether it shares an account.
            return [name for name in self._channels if not name.startswith("conversation:")]
        channels = [EVERYTHING, f"account:{event.account_id}"]
        if event.conversation_id is not None:
            channels.append(f"conversation:{event.conversation_id}")
        return channels

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


def _deletes_message(change: Change) -> bool:
    """Returns whether a message was deleted for everyone; the document remains, without content."""
    before, after = change.get("fullDocumentBeforeChange"), change.get("fullDocument")
    is_deleted = after is not None and after.get("deleted_at") is not None
    return is_deleted and (before is None or before.get("deleted_at") is None)
