"""Subscriptions through the front door: a real server, a real socket, a real database."""

import time
from typing import Any

import pytest

from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Account, Conversation, Message, MessageStatus, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.graph.live_kit import (
    NOON,
    catch_up,
    create_contact,
    create_conversation,
    create_message,
    create_queued,
    report,
    update,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key

ADDED = "subscription($after: String) { messageAdded(after: $after) { cursor message { text } } }"
STATUSES = """subscription($after: String) { messageStatusChanged(after: $after) {
    status statusAt message { id status } } }"""
CONVERSATIONS = """subscription($after: String) { conversationUpdated(after: $after) {
    conversation { unreadCount lastMessage { text } } } }"""
EVENTS = """subscription($after: String, $account: ID, $conversation: ID) {
    events(after: $after, accountId: $account, conversationId: $conversation) {
        __typename at account { id }
        ... on MessageAdded { message { text conversation { unreadCount } } }
        ... on ConversationUpdated { conversation { status } }
        ... on ContactUpdated { contact { name } }
    } }"""


@pytest.fixture
async def conversation(account: Account) -> Conversation:
    return await create_conversation(await create_contact(account.id))


@pytest.fixture
async def cursor(conversation: Conversation, admin: GraphQLClient) -> str:
    """The present, once the conversation is there."""
    return str((await admin("{ eventCursor }"))["eventCursor"])


async def test_message_comes_with_all_that_hangs_on_it(
    ws: SocketClient, conversation: Conversation, cursor: str, account: Account
) -> None:
    await ws.subscribe(EVENTS, after=cursor)

    await create_message(conversation, text="hi", unread=True)
    await update(conversation, {"$set": {"status": "CLOSED"}})

    added, closed = [data["events"] for data in await ws.take(2)]
    assert added["__typename"] == "MessageAdded"
    assert added["account"] == {"id": encode_id("Account", account.id)}
    assert added["message"] == {"text": "hi", "conversation": {"unreadCount": 1}}
    assert closed["conversation"] == {"status": "CLOSED"}


async def test_what_event_loads_is_as_new_as_event(
    ws: SocketClient, conversation: Conversation, cursor: str
) -> None:
    added = """subscription($after: String) { messageAdded(after: $after) {
        message { conversation { unreadCount } } } }"""
    await ws.subscribe(added, after=cursor)

    counts = []
    for _ in range(3):
        await create_message(conversation, unread=True)
        [data] = await ws.take(1)
        counts.append(data["messageAdded"]["message"]["conversation"]["unreadCount"])

    assert counts == [1, 2, 3]


async def test_each_unread_message_changes_its_conversation_once(
    ws: SocketClient, account: Account, admin: GraphQLClient, webhook: WebhookClient
) -> None:
    """Also for a message older than the last message."""
    cursor = str((await admin("{ eventCursor }"))["eventCursor"])
    await ws.subscribe(CONVERSATIONS, after=cursor)
    now = int(time.time())
    newest, late = (make_message(at=now - age, content={"body": f"{age}"}) for age in (0, 60))
    counts, last_texts = [], []
    for number, message in enumerate((newest, late), start=1):
        await webhook.post_messages(message)
        await webhook.post_messages(message)
        # A new conversation is an event before it has a message.
        for data in await ws.take(3 - number):
            conversation = data["conversationUpdated"]["conversation"]
        counts.append(conversation["unreadCount"])
        last_texts.append(conversation["lastMessage"]["text"])

    await webhook.post_messages(newest, late)
    await webhook.post_messages(make_message(at=now + 1, content={"body": "last"}))

    [data] = await ws.take(1)
    assert data["conversationUpdated"]["conversation"]["unreadCount"] == 3
    assert (counts, last_texts) == ([1, 2], ["0", "0"])


async def test_quick_statuses_arrive_in_order(
    ws: SocketClient, conversation: Conversation, cursor: str
) -> None:
    message = await create_queued(conversation)
    await ws.subscribe(STATUSES, after=cursor)

    for status in (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ):
        await report(message, status)

    events = [data["messageStatusChanged"] for data in await ws.take(3)]
    assert [event["status"] for event in events] == ["SENT", "DELIVERED", "READ"]
    assert [event["message"]["status"] for event in events] == ["SENT", "DELIVERED", "READ"]
    assert {event["statusAt"] for event in events} == {NOON.isoformat()}


@pytest.mark.parametrize(
    ("field", "selection"),
    [("messageUpdated", "message { text }"), ("conversationUpdated", "conversation { tags }")],
)
async def test_each_field_brings_its_own_kind_only(
    ws: SocketClient, conversation: Conversation, cursor: str, field: str, selection: str
) -> None:
    await ws.subscribe(
        f"subscription($after: String) {{ {field}(after: $after) {{ {selection} }} }}", after=cursor
    )

    message = await create_message(conversation)
    await update(message, {"$set": {"text": "edited"}})
    await update(conversation, {"$set": {"tags": ["vip"]}})

    [data] = await ws.take(1)
    assert data[field] in ({"message": {"text": "edited"}}, {"conversation": {"tags": ["vip"]}})


async def test_three_missed_while_away_come_once(
    port: int, token: str, conversation: Conversation, cursor: str
) -> None:
    async with open_socket(port, token=token) as first:
        await first.subscribe(ADDED, after=cursor)
        await create_message(conversation, text="seen")
        [seen] = await first.take(1)

    for text in ("1", "2", "3"):
        await create_message(conversation, text=text)
    async with open_socket(port, token=token) as second:
        await second.subscribe(ADDED, after=seen["messageAdded"]["cursor"])
        missed = await second.take(3)
        await create_message(conversation, text="4")
        [last] = await second.take(1)

    assert [data["messageAdded"]["message"]["text"] for data in missed] == ["1", "2", "3"]
    assert last["messageAdded"]["message"]["text"] == "4"


async def test_without_cursor_it_begins_now(
    ws: SocketClient, conversation: Conversation, live_feed: LiveFeed, live_groups: Groups
) -> None:
    await create_message(conversation, text="before")
    await catch_up(live_feed)

    await ws.subscribe("subscription { messageAdded { message { text } } }")
    await wait_for_listeners(live_groups, 1)
    await create_message(conversation, text="after")

    assert (await ws.take(1))[0]["messageAdded"]["message"]["text"] == "after"


async def test_replay_longer_than_socket_queue_arrives_whole(
    ws: SocketClient, conversation: Conversation, cursor: str
) -> None:
    template = (await create_message(conversation)).model_dump(exclude={"id"})
    messages = [Message(**template | {"text": str(number)}) for number in range(2500)]
    await Message.insert_many(messages)

    await ws.subscribe(ADDED, after=cursor)

    received = (await ws.take(2501))[1:]
    texts = [data["messageAdded"]["message"]["text"] for data in received]
    assert texts == [str(number) for number in range(2500)]


async def test_viewers_see_their_accounts_only(
    port: int, account: Account, other_account: Account, cursor: str, subtests: pytest.Subtests
) -> None:
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER, account_ids=[account.id]
    )
    async with open_socket(port, token=token) as ws:
        await ws.subscribe(EVENTS, after=cursor)
        await create_contact(other_account.id, name="theirs")
        await create_contact(account.id, name="ours")

        own_agent, added = [data["events"] for data in await ws.take(2)]
        assert own_agent["__typename"] == "AgentUpdated"
        assert added["contact"] == {"name": "ours"}
        codes = {other_account.id: "NOT_FOUND", "0" * 24: "NOT_FOUND", "?": "BAD_USER_INPUT"}
        for account_id, code in codes.items():
            with subtests.test(account_id=account_id):
                global_id = encode_id("Account", account_id)
                assert await ws.find_error(EVENTS, account=global_id) == code
        foreign = await create_conversation(await create_contact(other_account.id))
        global_id = encode_id("Conversation", foreign.id)
        assert await ws.find_error(EVENTS, conversation=global_id) == "NOT_FOUND"


async def test_arguments_narrow_stream(
    ws: SocketClient, conversation: Conversation, cursor: str, account: Account
) -> None:
    other = await create_conversation(await create_contact(account.id))
    global_id = encode_id("Conversation", conversation.id)
    await ws.subscribe(EVENTS, after=cursor, conversation=global_id)

    await create_message(other, text="elsewhere")
    await create_message(conversation, text="here")

    assert (await ws.take(1))[0]["events"]["message"]["text"] == "here"


async def test_bad_cursor_is_callers_mistake(ws: SocketClient, subtests: pytest.Subtests) -> None:
    for cursor in ("", "nonsense", "A" * 60):
        with subtests.test(cursor=cursor):
            assert await ws.find_error(ADDED, after=cursor) == "BAD_USER_INPUT"


async def test_one_failing_field_does_not_end_stream(
    ws: SocketClient, cursor: str, account: Account
) -> None:
    await ws.subscribe(
        "subscription($after: String)"
        " { messageAdded(after: $after) { message { text contact { name } } } }",
        after=cursor,
    )

    nobody: dict[str, Any] = {"account_id": account.id}
    await create_message(text="without a contact", **nobody)
    await create_message(await create_conversation(await create_contact(account.id)), text="next")

    failed = await ws.receive()
    assert failed["payload"]["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert (await ws.take(1))[0]["messageAdded"]["message"]["text"] == "next"
