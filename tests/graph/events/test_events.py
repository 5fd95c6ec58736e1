"""Events of each kind of change."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from models import Account, Message, MessageStatus
from models.connection import enable_pre_images
from models.database.base import collection, utc_now
from tests.graph.live_kit import (
    NOON,
    FeedReader,
    create_account,
    create_contact,
    create_conversation,
    create_message,
    create_queued,
    create_viewer,
    report,
    update,
)

STATUS = EventKind.MESSAGE_STATUS_CHANGED
UPDATED = EventKind.MESSAGE_UPDATED


def kinds(events: list[LiveEvent]) -> list[str]:
    return [event.kind for event in events]


async def test_new_message_is_added_with_all_it_has(reader: FeedReader) -> None:
    reading = await reader.open()

    message = await create_message(text="hi")

    [event] = await reading.take(1)
    assert event.kind is EventKind.MESSAGE_ADDED
    assert (event.account_id, event.conversation_id) == (
        message.account_id,
        message.conversation_id,
    )
    assert event.document == message
    assert await reading.rest() == []


async def test_quick_statuses_are_separate_events(reader: FeedReader) -> None:
    message = await create_queued()
    reading = await reader.open()

    for status in (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ):
        await report(message, status)

    events = await reading.take(3)
    assert [event.status for event in events] == ["SENT", "DELIVERED", "READ"]
    shown = [event.document.status for event in events if isinstance(event.document, Message)]
    assert shown == ["SENT", "DELIVERED", "READ"]
    assert {event.status_at for event in events} == {NOON}


async def test_statuses_of_one_change_follow_rank(reader: FeedReader) -> None:
    message = await create_queued()
    reading = await reader.open()

    await report(message, MessageStatus.READ, MessageStatus.SENT)

    events = await reading.take(2)
    assert [event.status for event in events] == ["SENT", "READ"]
    assert events[0].position < events[1].position


async def test_file_that_is_stored_is_update(reader: FeedReader) -> None:
    message = await create_message(type="image", media_state="PENDING")
    reading = await reader.open()

    await update(message, {"$set": {"media_state": "STORED"}})

    assert kinds(await reading.take(1)) == [UPDATED]


async def test_late_lower_status_is_update(reader: FeedReader) -> None:
    message = await create_queued()
    await report(message, MessageStatus.READ)
    reading = await reader.open()

    await report(message, MessageStatus.DELIVERED)

    assert kinds(await reading.take(1)) == [UPDATED]


async def test_error_comes_with_its_status_only(reader: FeedReader) -> None:
    message = await create_queued()
    reading = await reader.open()

    failed = {"status_rank": MessageStatus.FAILED.rank, "errors": [{"code": 131026}]}
    await update(message, {"$set": failed | {"status_times.failed": NOON}})

    assert kinds(await reading.take(1) + await reading.rest()) == [STATUS]


async def test_what_people_see_of_message_is_update(reader: FeedReader) -> None:
    message = await create_queued()
    reading = await reader.open()
    changes: list[dict[str, Any]] = [
        {"text": "edited", "edited_at": NOON},
        {"deleted_at": NOON},
        {"reactions": [{"emoji": "👍"}]},
        {"errors": [{"code": 1}]},
        {"wamid": "wamid.1"},
        {"status_times.queued": utc_now()},
    ]

    for change in changes:
        await update(message, {"$set": change})

    assert kinds(await reading.take(6) + await reading.rest()) == [UPDATED] * 6


async def test_bookkeeping_is_no_event(reader: FeedReader) -> None:
    message = await create_queued()
    conversation = await create_conversation(await create_contact(message.account_id))
    reading = await reader.open()

    await update(
        message,
        {"$set": {"attempts": 2, "fence": 7, "claim_token": "a", "outbox_state": "SENDING"}},
    )
    await update(message, {"$set": {"unread": True}})
    await update(conversation, {"$set": {"updated_at": utc_now()}})

    assert await reading.rest() == []


async def test_conversations_and_contacts_have_added_and_updated_events(reader: FeedReader) -> None:
    reading = await reader.open()
    contact = await create_contact((await create_account()).id)
    conversation = await create_conversation(contact)

    await update(conversation, {"$set": {"status": "CLOSED"}})
    await update(contact, {"$set": {"name": "Ann"}})

    events = await reading.take(5)
    assert kinds(events) == [
        EventKind.ACCOUNT_UPDATED,
        EventKind.CONTACT_UPDATED,
        EventKind.CONVERSATION_UPDATED,
        EventKind.CONVERSATION_UPDATED,
        EventKind.CONTACT_UPDATED,
    ]
    assert events[3].conversation_id == conversation.id
    assert events[4].conversation_id is None


async def test_account_event_has_no_secret(reader: FeedReader) -> None:
    reading = await reader.open()

    account = await create_account(app_secret="sealed-secret")
    await update(account, {"$set": {"access_token": "sealed-other"}})
    await update(account, {"$set": {"enabled": False}})

    events = await reading.take(2)
    assert await reading.rest() == []
    assert "sealed" not in repr(events)
    assert isinstance(events[1].document, Account)
    assert events[1].document.enabled is False


async def test_deleted_account_has_single_event(reader: FeedReader) -> None:
    account = await create_account()
    contact = await create_contact(account.id)
    reading = await reader.open()

    await update(account, {"$set": {"deleted_at": utc_now(), "enabled": False}})
    await update(account, {"$set": {"name": "late"}})
    await contact.delete()
    await account.delete()

    [ended] = await reading.take(1)
    assert ended.kind is EventKind.ACCOUNT_DELETED
    assert ended.account_id == account.id
    assert await reading.rest() == []


@pytest.fixture
async def no_images(database: AsyncDatabase[dict[str, Any]]) -> AsyncIterator[None]:
    await database.command("collMod", "messages", changeStreamPreAndPostImages={"enabled": False})
    yield
    await enable_pre_images(database)


async def test_update_without_image_from_before_still_counts(
    reader: FeedReader, no_images: None
) -> None:
    message = await create_queued()
    reading = await reader.open()

    await collection(Message).replace_one({"_id": message.id}, message.model_dump(exclude={"id"}))

    assert kinds(await reading.take(1)) == [UPDATED]


async def test_document_with_unreadable_field_is_event(reader: FeedReader) -> None:
    reading = await reader.open()
    message = await create_message()

    for bad in ({"status_rank": "high"}, {"timestamp": "noon"}, {"direction": "UP"}):
        await collection(Message).insert_one(message.model_dump(exclude={"id"}) | bad)
    await create_message(text="next")

    assert kinds(await reading.take(5) + await reading.rest()) == [EventKind.MESSAGE_ADDED] * 5


async def test_date_beyond_calendar_does_not_stop_feed(
    reader: FeedReader, database: AsyncDatabase[dict[str, Any]]
) -> None:
    from bson.datetime_ms import DatetimeMS

    message = await create_message()
    reading = await reader.open()

    await update(message, {"$set": {"edited_at": DatetimeMS(2**55)}})
    await create_message(text="next")

    assert kinds(await reading.take(2)) == [UPDATED, EventKind.MESSAGE_ADDED]


async def test_viewers_get_only_visible_events(reader: FeedReader) -> None:
    mine, other, foreign = [await create_account() for _ in range(3)]
    one = await reader.open(viewer=create_viewer(mine.id))
    two = await reader.open(viewer=create_viewer(mine.id, other.id))

    for account in (mine, other, foreign):
        await create_contact(account.id)

    assert [event.account_id for event in await one.rest()] == [mine.id]
    assert [event.account_id for event in await two.rest()] == [mine.id, other.id]


async def test_accounts_conversations_and_kinds_narrow(reader: FeedReader) -> None:
    account = await create_account()
    chats = [await create_conversation(await create_contact(account.id)) for _ in range(2)]
    of_chat = await reader.open(conversation_id=chats[0].id)
    of_account = await reader.open(account_id=account.id, kinds={EventKind.MESSAGE_ADDED})

    for chat in chats:
        message = await create_queued(chat)
        await report(message, MessageStatus.SENT)
    await create_message()

    assert kinds(await of_chat.rest()) == [EventKind.MESSAGE_ADDED, STATUS]
    assert kinds(await of_account.rest()) == [EventKind.MESSAGE_ADDED] * 2
