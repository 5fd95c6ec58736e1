"""Helpers of the live tests: documents as the flows write them, and a reader of the feed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from beanie import Document, PydanticObjectId

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.events.subscription import EventFilter
from graph.fanout.groups import Groups
from graph.fanout.payloads import Payload
from models import Account, Contact, Conversation, Identity, IdentityKind, Message, Role, User
from models import MessageDirection as Direction
from models import MessageStatus as Status
from models.changes.position import Position
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from whatsapp.auth.access import Viewer

NOON = utc_now() - timedelta(hours=1)
SECONDS = 60.0


@contextlib.asynccontextmanager
async def run_feed(feed: LiveFeed) -> AsyncIterator[LiveFeed]:
    task = asyncio.create_task(feed.run())
    try:
        await wait_until_healthy(feed, healthy=True)
        yield feed
    finally:
        task.cancel()
        await asyncio.wait([task])


async def wait_until_healthy(feed: LiveFeed, *, healthy: bool) -> None:
    async with asyncio.timeout(SECONDS):
        while feed.is_healthy is not healthy:  # noqa: ASYNC110 - readiness is asked for, not told
            await asyncio.sleep(0.01)


async def wait_for_listeners(groups: Groups, number: int) -> None:
    """Waits until a subscription without a cursor has begun."""
    async with asyncio.timeout(SECONDS):
        while groups.count_members() != number:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)


def create_viewer(*account_ids: PydanticObjectId) -> Viewer:
    """Returns a viewer of the given accounts, by default of all."""
    return Viewer(
        workspace_id=DEFAULT_WORKSPACE_ID,
        credential_id=new_id(),
        name="tester",
        role=Role.ADMIN,
        account_ids=frozenset(account_ids) or None,
    )


async def create_account(**values: Any) -> Account:
    account_id = new_id()
    account = Account(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=account_id,
        **{
            "name": "Shop",
            "phone_number_id": str(account_id),
            "business_account_id": "1",
            "access_token": "sealed-token",
            "verify_token": "sealed-verify",
            "verify_token_digest": str(account_id),
        }
        | values,
    )
    await account.insert()
    return account


async def create_contact(account_id: PydanticObjectId, **values: Any) -> Contact:
    digits = str(int(str(new_id())[-12:], 16))
    contact = Contact(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account_id,
        identities=[Identity(kind=IdentityKind.WA_ID, value=digits)],
        wa_id=digits,
        **values,
    )
    await contact.insert()
    return contact


async def create_conversation(contact: Contact, **values: Any) -> Conversation:
    conversation = Conversation(
        workspace_id=contact.workspace_id,
        account_id=contact.account_id,
        contact_id=contact.id,
        **values,
    )
    await conversation.insert()
    return conversation


async def create_message(
    conversation: Conversation | None = None, text: str = "hello", **values: Any
) -> Message:
    """Inserts an inbound message, by default in a new conversation."""
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        **{
            "account_id": conversation.account_id if conversation else new_id(),
            "conversation_id": conversation.id if conversation else new_id(),
            "contact_id": conversation.contact_id if conversation else new_id(),
            "direction": Direction.INBOUND,
            "type": "text",
            "text": text,
            "content": {"body": text},
            "timestamp": NOON,
            "status_rank": Status.RECEIVED.rank,
        }
        | values,
    )
    await message.insert()
    return message


async def create_queued(conversation: Conversation | None = None, **values: Any) -> Message:
    queued: dict[str, Any] = {
        "direction": Direction.OUTBOUND,
        "status_rank": Status.QUEUED.rank,
        "status_times": {"queued": NOON},
    }
    return await create_message(conversation, **queued | values)


async def update(document: Document, update: dict[str, Any]) -> None:
    await collection(type(document)).update_one({"_id": document.id}, update)


async def report(message: Message, *statuses: Status, at: datetime = NOON) -> None:
    """Applies statuses to a message in one update, as status webhooks do."""
    await update(
        message,
        {
            "$min": {f"status_times.{status.key}": at for status in statuses},
            "$max": {"status_rank": max(status.rank for status in statuses)},
        },
    )


class FeedReader:
    """Reads a feed as a viewer, with deadlines."""

    def __init__(self, groups: Groups, viewer: Viewer) -> None:
        self.groups = groups
        self.feed = groups.feed
        self.viewer = viewer

    async def open(self, **options: Any) -> "Reading":
        """Starts reading now, or after the cursor `after`."""
        defaults: dict[str, Any] = {"viewer": self.viewer, "kinds": set(EventKind)}
        options = defaults | options
        if "after" not in options:
            options["after"] = await self.feed.get_cursor(DEFAULT_WORKSPACE_ID)
        room, after = options.pop("room", None), options.pop("after")
        position = (
            None if after is None else await self.feed.check_cursor(after, DEFAULT_WORKSPACE_ID)
        )
        return Reading(self.groups, EventFilter(**options), position, room=room)

    async def read(self, count: int, **options: Any) -> list[LiveEvent]:
        reading = await self.open(**options)
        try:
            return await reading.take(count)
        finally:
            await reading.close()


async def catch_up(feed: LiveFeed) -> None:
    """Returns when the feed has handed on all that is committed now."""
    present = await feed._present.read()
    # A change without an event: an idle stream reports its position only once a second.
    await (await User(workspace_id=DEFAULT_WORKSPACE_ID).insert()).delete()
    async with asyncio.timeout(SECONDS):
        while (feed._source.changes.position or present) <= present:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
    # Its readers' tasks, which wait for nothing else, get their turns.
    for _ in range(50):
        await asyncio.sleep(0)


class EventPayload(Payload):
    """Returns the event itself instead of an execution result."""

    def __init__(self, event: LiveEvent) -> None:
        super().__init__(b"")
        self.event = event


class EventPlan:
    def execute(self, event: LiveEvent) -> Payload:
        return EventPayload(event)


class ReadingPeer:
    def __init__(self, reading: "Reading") -> None:
        self.take = reading.take_payloads
        self.wait_for_room = reading.wait_for_room
        self.end = reading.end


class Reading:
    """The only member of a group. It takes no more while so many events wait as it has room for."""

    def __init__(
        self,
        groups: Groups,
        event_filter: EventFilter,
        position: Position | None,
        *,
        room: int | None = None,
    ) -> None:
        self._feed = groups.feed
        self._room = room
        self._has_room = asyncio.Event()
        self._events: asyncio.Queue[LiveEvent | Exception] = asyncio.Queue()
        self._membership = groups.join(
            object(),
            ReadingPeer(self),
            event_filter=event_filter,
            position=position,
            make_execution=EventPlan,
            cost=1,
        )
        self._task = asyncio.create_task(self._membership.catch_up())

    def take_payloads(self, payloads: Sequence[Payload]) -> bool:
        if self._room is not None and self._events.qsize() >= self._room:
            self._has_room.clear()
            return False
        for payload in payloads:
            assert isinstance(payload, EventPayload)
            self._events.put_nowait(payload.event)
        return True

    async def wait_for_room(self) -> None:
        await self._has_room.wait()

    def end(self, error: Exception) -> None:
        self._events.put_nowait(error)

    async def take(self, count: int, *, seconds: float = SECONDS) -> list[LiveEvent]:
        return [await self._take_one(seconds) for _ in range(count)]

    async def rest(self) -> list[LiveEvent]:
        """Returns further events up to the present."""
        await catch_up(self._feed)
        return await self.take(self._events.qsize())

    async def close(self) -> None:
        self._membership.leave()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _take_one(self, seconds: float) -> LiveEvent:
        async with asyncio.timeout(seconds):
            item = await self._events.get()
        self._has_room.set()
        if isinstance(item, Exception):
            raise item
        return item
