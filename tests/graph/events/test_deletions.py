"""Deletions are events; deleted documents are not replayed."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events import existence
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Account, Contact, Message, Role, Template, User
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.graph.live_kit import (
    FeedReader,
    catch_up,
    create_account,
    create_contact,
    create_conversation,
    create_message,
    run_feed,
    update,
)
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

EVENTS = """subscription ($after: String) { events(after: $after) {
  __typename cursor account { id }
  ... on MessageAdded { message { id text contact { name }
    content { ... on TextContent { body } } } }
  ... on MessageUpdated { message { id text deletedAt } }
  ... on ConversationUpdated { conversation { id contact { phoneNumber } } }
  ... on ContactUpdated { contact { id phoneNumber profileName user { phone } } }
  ... on ContactDeleted { contactId }
  ... on UserUpdated { user { id name phone email } }
  ... on TemplateUpdated { template { id name status } }
  ... on AccountDeleted { deleted: account { id name phoneNumberId } }
} }"""
DELETE_CONTACT = """mutation ($id: ID!) { deleteContact(input: { contactId: $id })
  { deletedContactId userErrors { code } } }"""
DELETE_ACCOUNT = """mutation ($id: ID!) { deleteAccount(input: { accountId: $id })
  { deletedAccountId userErrors { code } } }"""
PHONE, NAME, WORDS = "15550104477", "Sheena Nelson", "words that are gone"
MakeClient = Callable[..., Awaitable[GraphQLClient]]


async def read_cursor(admin: GraphQLClient) -> str:
    return str((await admin("{ eventCursor }"))["eventCursor"])


async def write_and_erase(webhook: WebhookClient, admin: GraphQLClient) -> str:
    """Returns the global id of an erased contact."""
    await webhook.post_messages(make_message(sender=PHONE, content={"body": WORDS}))

    async def find_message() -> Message | None:
        return await Message.find_one({"text": WORDS})

    await eventually(find_message)
    contact = await Contact.find_one({"phone_number": f"+{PHONE}"})
    assert contact is not None
    assert contact.profile_name == NAME
    global_id = encode_id("Contact", contact.id)
    await admin(DELETE_CONTACT, id=global_id)
    assert await Contact.get(contact.id) is None
    return global_id


async def read_until(ws: SocketClient, typename: str) -> list[dict[str, Any]]:
    """All events up to the first of this type."""
    events = [(await ws.take(1))[0]["events"]]
    while events[-1]["__typename"] != typename:
        events.append((await ws.take(1))[0]["events"])
    return events


async def test_erased_person_is_not_replayed(
    ws: SocketClient, webhook: WebhookClient, admin: GraphQLClient, account: Account
) -> None:
    cursor = await read_cursor(admin)
    contact_id = await write_and_erase(webhook, admin)
    await write_message(account, "15550104488", "still here")

    for _ in range(2):
        await ws.subscribe(EVENTS, after=cursor)
        events = await read_until(ws, "ContactDeleted")
        assert events[-1]["contactId"] == contact_id
        assert events[-1]["account"] == {"id": encode_id("Account", account.id)}
        events += await read_until(ws, "MessageAdded")
        told = json.dumps(events)
        assert [secret for secret in (PHONE, NAME, WORDS) if secret in told] == []
        assert events[-1]["message"]["text"] == "still here"
        assert [event["cursor"] for event in events] == sorted(
            {event["cursor"] for event in events}, key=[e["cursor"] for e in events].index
        )


async def test_ring_forgets_erased_person(
    ws: SocketClient,
    webhook: WebhookClient,
    admin: GraphQLClient,
    account: Account,
    live_feed: LiveFeed,
) -> None:
    await ws.subscribe(EVENTS, after=await read_cursor(admin))
    await write_and_erase(webhook, admin)
    await read_until(ws, "ContactDeleted")

    async def is_forgotten() -> bool:
        await catch_up(live_feed)
        events = [one for one in live_feed.ring._events if one.has_document and one.is_readable]
        return not any(isinstance(one.document, Contact | Message | User) for one in events)

    # A person's user and messages may be deleted after the contact.
    await eventually(is_forgotten)


@asynccontextmanager
async def run_later_feed(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing, viewer: Any
) -> AsyncIterator[FeedReader]:
    """A process that began after all that happened: it reads from history only."""
    async with run_feed(
        LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts())
    ) as feed:
        yield FeedReader(Groups(feed, settings), viewer)


async def test_history_replays_existing_documents_in_order(
    reader: FeedReader,
    database: AsyncDatabase[dict[str, Any]],
    settings: Settings,
    keyring: KeyRing,
) -> None:
    account = await create_account()
    gone = await create_conversation(await create_contact(account.id, name="gone"))
    kept = await create_conversation(await create_contact(account.id, name="kept"))
    reading = await reader.open(kinds={EventKind.MESSAGE_ADDED})
    messages = [
        await create_message(chat, text=chat_name)
        for chat, chat_name in ((kept, "1"), (gone, "x"), (kept, "2"), (gone, "y"), (kept, "3"))
    ]
    live = await reading.take(5)
    for message in (messages[1], messages[3]):
        await message.delete()

    async with run_later_feed(database, settings, keyring, reader.viewer) as later:
        for one in (reader, later):
            resumed = await one.open(after=live[0].cursor, kinds={EventKind.MESSAGE_ADDED})
            # The cursor of an event that is no longer replayed still works.
            behind = await one.open(after=live[1].cursor, kinds={EventKind.MESSAGE_ADDED})
            await create_message(kept, text="live")
            assert list_texts(await resumed.take(3)) == ["2", "3", "live"]
            assert list_texts(await behind.take(3)) == ["2", "3", "live"]


def list_texts(events: list[LiveEvent]) -> list[str | None]:
    return [event.document.text for event in events if isinstance(event.document, Message)]


async def test_revoked_message_is_replayed_without_its_words(
    ws: SocketClient, webhook: WebhookClient, admin: GraphQLClient, account: Account
) -> None:
    cursor = await read_cursor(admin)
    message = await write_message(account, PHONE, WORDS)
    await ws.subscribe(EVENTS, after=cursor)
    [*_, added] = await read_until(ws, "MessageAdded")
    assert added["message"]["text"] == WORDS
    await update(message, {"$set": {"deleted_at": utc_now(), "unread": False}})
    await read_until(ws, "MessageUpdated")

    await ws.subscribe(EVENTS, after=cursor)
    events = await read_until(ws, "MessageUpdated")
    assert WORDS not in json.dumps(events)
    assert [event["message"]["text"] for event in events if "message" in event] == [None, None]


async def test_deleted_account_is_announced_not_replayed(
    ws: SocketClient, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    cursor = await read_cursor(admin)
    await write_message(account, PHONE, WORDS, name=NAME)
    global_id = encode_id("Account", account.id)
    await ws.subscribe(EVENTS, after=cursor)
    await read_until(ws, "MessageAdded")

    await admin(DELETE_ACCOUNT, id=global_id)
    await write_message(other_account, "15550104488", "of the other")

    [*_, ended] = await read_until(ws, "AccountDeleted")
    number = account.phone_number_id
    assert ended["deleted"] == {"id": global_id, "name": account.name, "phoneNumberId": number}
    following = await read_until(ws, "MessageAdded")
    assert {event["account"]["id"] for event in following} == {
        encode_id("Account", other_account.id)
    }
    await ws.subscribe(EVENTS, after=cursor)
    replayed = await read_until(ws, "MessageAdded")
    assert [event["__typename"] for event in replayed if event["account"]["id"] == global_id] == [
        "AccountDeleted"
    ]
    assert WORDS not in json.dumps(replayed)


async def test_user_and_template_changes_reach_their_viewers(
    port: int, ws: SocketClient, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    user = await User(
        workspace_id=DEFAULT_WORKSPACE_ID, name="Ann", account_ids=[account.id, other_account.id]
    ).insert()
    nobodys = await User(workspace_id=DEFAULT_WORKSPACE_ID, name="Unknown").insert()
    template = await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="1", status="PENDING"
    ).insert()
    foreign = await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=other_account.id, template_id="1"
    ).insert()
    _, key = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER, account_ids=[account.id]
    )
    cursor = await read_cursor(admin)

    async with open_socket(port, token=key) as limited:
        for client in (ws, limited):
            await client.subscribe(EVENTS, after=cursor)
        await update(user, {"$set": {"name": "Anna", "search_keys": ["anna"]}})
        await update(user, {"$set": {"search_keys": ["anna", "ann"]}})
        await update(nobodys, {"$set": {"name": "Still unknown"}})
        await update(foreign, {"$set": {"status": "APPROVED"}})
        await update(template, {"$set": {"status": "APPROVED", "synced_at": utc_now()}})
        all_events = [data["events"] for data in await ws.take(4)]
        own_events = [data["events"] for data in await limited.take(2)]

    shown = [(event["__typename"], event["account"]["id"]) for event in all_events]
    own, others = (encode_id("Account", one.id) for one in (account, other_account))
    assert shown == [
        ("UserUpdated", own),
        ("UserUpdated", others),
        ("TemplateUpdated", others),
        ("TemplateUpdated", own),
    ]
    assert own_events == [all_events[0], all_events[3]]
    assert own_events[0]["user"]["name"] == "Anna"
    assert own_events[1]["template"]["status"] == "APPROVED"


async def test_unshared_user_is_not_replayed(
    port: int, ws: SocketClient, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    cursor = await read_cursor(admin)
    user = await User(
        workspace_id=DEFAULT_WORKSPACE_ID, name=NAME, account_ids=[account.id, other_account.id]
    ).insert()
    await update(user, {"$pull": {"account_ids": account.id}})
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="1"
    ).insert()
    _, key = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER, account_ids=[account.id]
    )

    async with open_socket(port, token=key) as limited:
        await limited.subscribe(EVENTS, after=cursor)
        events = await read_until(limited, "TemplateUpdated")

    assert [event["__typename"] for event in events] == ["TemplateUpdated"]


async def test_existence_is_read_in_batches(
    reader: FeedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    look_up = existence._load_states

    async def count(subjects: Any) -> Any:
        asked.append(len(subjects))
        return await look_up(subjects)

    monkeypatch.setattr(existence, "_load_states", count)
    cursor = await reader.feed.get_cursor(DEFAULT_WORKSPACE_ID)
    for number in range(64):
        await create_message(text=str(number))
    await catch_up(reader.feed)
    for _ in range(5):
        await reader.read(64, after=cursor, kinds={EventKind.MESSAGE_ADDED})

    assert asked
    assert max(asked) <= 32
    assert len(asked) < 10
