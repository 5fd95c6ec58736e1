"""No read shows a conversation older than a message that it contains."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from graph.events import summary_watch
from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import (
    Account,
    Contact,
    Conversation,
    ConversationStatus,
    EventState,
    Message,
    WebhookEvent,
)
from models.database.base import collection, new_id
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import CUSTOMER, WebhookClient, make_message
from tests.fixtures.workspaces import create_workspace, make_workspace_client
from tests.graph.live_kit import wait_for_listeners
from tests.graph.socket_kit import SocketClient
from webhooks.apply import messages
from whatsapp.messages.early_updates import finish_stored_messages
from whatsapp.settings import Settings

SUMMARY = """status unreadCount lastActivityAt lastMessage { text }
    serviceWindow { isOpen expiresAt }"""
ADDED = (
    """subscription($after: String) { messageAdded(after: $after) { message {
    text timestamp contact { profileName conversation { """
    + SUMMARY
    + """ } } conversation { """
    + SUMMARY
    + " } } } }"
)
SHOWN = "{ " + SUMMARY + " }"
READS = [
    "query ($message: ID!) { message(id: $message) { conversation " + SHOWN + " } }",
    "query ($conversation: ID!) { conversation(id: $conversation) " + SHOWN + " }",
    "query ($contact: ID!) { contact(id: $contact) { conversation " + SHOWN + " } }",
    "query ($conversation: ID!) { node(id: $conversation) { ... on Conversation " + SHOWN + " } }",
    "query { conversations(first: 1, filter: { windowOpen: true, unread: true }) { edges { node "
    + SHOWN
    + " } } }",
]


@pytest.fixture(params=[True, False], ids=["plans", "graphql-core"])
def settings(mongodb_uri: str, database_name: str, request: pytest.FixtureRequest) -> Settings:
    return make_settings(
        mongodb_uri=mongodb_uri, mongodb_database=database_name, query_plans=request.param
    )


class Gap:
    """Holds writers between a message and its summary."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.held = 0

    async def end(self) -> None:
        """Lets the writers go on, and waits for them."""
        self.is_open.set()

        async def is_settled() -> bool:
            return not await WebhookEvent.find({"state": EventState.RECEIVED.value}).count()

        await eventually(is_settled)


@pytest.fixture
def gap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gap]:
    gap = Gap()

    async def wait_and_note(*args: Any, **kwargs: Any) -> Any:
        gap.held += 1
        await gap.is_open.wait()
        return await finish_stored_messages(*args, **kwargs)

    monkeypatch.setattr(messages, "finish_stored_messages", wait_and_note)
    yield gap
    gap.is_open.set()


async def read_stored(wamid: str) -> Message:
    async def is_stored() -> bool:
        return await Message.find_one({"wamid": wamid}) is not None

    await eventually(is_stored)
    message = await Message.find_one({"wamid": wamid})
    assert message is not None
    return message


def check_summary(shown: dict[str, Any], text: str, *, unread: int) -> None:
    assert shown["serviceWindow"]["isOpen"]
    assert shown["lastMessage"] == {"text": text}
    assert (shown["status"], shown["unreadCount"]) == ("OPEN", unread)


async def test_event_and_reads_include_their_message(
    ws: SocketClient,
    webhook: WebhookClient,
    account: Account,
    admin: GraphQLClient,
    gap: Gap,
    live_groups: Groups,
) -> None:
    await ws.subscribe(ADDED)
    await wait_for_listeners(live_groups, 1)

    first = make_message(wamid="wamid.GAP1", content={"body": "first"})
    assert (await webhook.post_messages(first)).status_code == 200
    [added] = [data["messageAdded"]["message"] for data in await ws.take(1)]

    assert gap.held == 1
    check_summary(added["conversation"], "first", unread=1)
    check_summary(added["contact"]["conversation"], "first", unread=1)
    assert added["contact"]["profileName"] == "Sheena Nelson"
    assert added["conversation"]["lastActivityAt"] == added["timestamp"]

    await gap.end()


async def test_replayed_event_includes_its_message(
    ws: SocketClient,
    webhook: WebhookClient,
    account: Account,
    admin: GraphQLClient,
    gap: Gap,
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    await webhook.post_messages(make_message(wamid="wamid.GAP0", content={"body": "missed"}))
    await read_stored("wamid.GAP0")

    await ws.subscribe(ADDED, after=cursor)

    [added] = [data["messageAdded"]["message"] for data in await ws.take(1)]
    check_summary(added["conversation"], "missed", unread=1)
    check_summary(added["contact"]["conversation"], "missed", unread=1)
    await gap.end()


@pytest.mark.parametrize("query", READS)
async def test_read_after_event_includes_its_message(
    ws: SocketClient,
    webhook: WebhookClient,
    account: Account,
    admin: GraphQLClient,
    gap: Gap,
    live_groups: Groups,
    query: str,
) -> None:
    named = [name for name in ("message", "conversation", "contact") if "$" + name in query]
    # A repeated query is answered by its plan.
    for _ in range(2):
        await admin(query, **{name: encode_id(name.title(), new_id()) for name in named})
    await ws.subscribe("subscription { messageAdded { message { text } } }")
    await wait_for_listeners(live_groups, 1)
    await webhook.post_messages(make_message(wamid="wamid.GAP2", content={"body": "hello"}))
    await ws.take(1)
    message = await read_stored("wamid.GAP2")
    ids = {
        "message": encode_id("Message", message.id),
        "conversation": encode_id("Conversation", message.conversation_id),
        "contact": encode_id("Contact", message.contact_id),
    }

    read = await admin(query, **{name: ids[name] for name in named})

    while "unreadCount" not in read:
        [read] = read.values() if isinstance(read, dict) else read
    check_summary(read, "hello", unread=1)
    await gap.end()


async def test_reads_after_event_show_reopened_conversation_first(
    ws: SocketClient,
    webhook: WebhookClient,
    account: Account,
    admin: GraphQLClient,
    gap: Gap,
    live_groups: Groups,
) -> None:
    gap.is_open.set()
    earlier = make_message(content={"body": "earlier"}, at=1_750_000_000)
    await webhook.post_messages(earlier)
    await webhook.post_messages(make_message(sender="16505550999", at=1_750_000_500))
    await gap.end()
    await collection(Conversation).update_many(
        {}, {"$set": {"status": ConversationStatus.CLOSED.value, "closed_at": None}}
    )
    await ws.subscribe("subscription { messageAdded { message { text } } }")
    await wait_for_listeners(live_groups, 1)
    gap.is_open.clear()

    await webhook.post_messages(make_message(content={"body": "later"}))
    assert [data["messageAdded"]["message"]["text"] for data in await ws.take(1)] == ["later"]

    inbox = await admin("{ conversations { edges { node { contact { waId } " + SUMMARY + " } } } }")
    newest = inbox["conversations"]["edges"][0]["node"]
    assert newest["contact"] == {"waId": CUSTOMER}
    check_summary(newest, "later", unread=2)
    await gap.end()


async def test_summary_of_writer_that_died_is_completed_once(
    webhook: WebhookClient, account: Account, admin: GraphQLClient, gap: Gap
) -> None:
    await webhook.post_messages(make_message(wamid="wamid.GAP2", content={"body": "hi"}))
    message = await read_stored("wamid.GAP2")
    query = "query ($id: ID!) { message(id: $id) { conversation { " + SUMMARY + " } } }"
    read = await admin(query, id=encode_id("Message", message.id))
    check_summary(read["message"]["conversation"], "hi", unread=1)

    completed = await Conversation.get(message.conversation_id)
    assert completed is not None
    assert completed.last_message_id == message.id
    await gap.end()
    # The writer's own note changes nothing any more.
    assert await Conversation.get(message.conversation_id) == completed


@with_timeouts(summary_wait_seconds=40.0)
async def test_message_seen_long_ago_is_not_waited_for(
    webhook: WebhookClient,
    account: Account,
    admin: GraphQLClient,
    live_feed: LiveFeed,
    gap: Gap,
) -> None:
    """It may never get a change of its summary, and each reader would wait for it."""
    await webhook.post_messages(make_message(wamid="wamid.GAP4", content={"body": "late"}))

    async def list_seen() -> list[summary_watch.Unnoted]:
        return list(live_feed.summaries._unnoted.values())

    for unnoted in await eventually(list_seen):
        unnoted.seen_at -= 40

    async with asyncio.timeout(30):
        inbox = await admin("{ conversations { edges { node " + SHOWN + " } } }")
    check_summary(inbox["conversations"]["edges"][0]["node"], "late", unread=1)
    assert not await list_seen()
    await gap.end()


@with_timeouts(summary_wait_seconds=40.0)
@pytest.mark.parametrize("is_same_workspace", [True, False], ids=["account", "workspace"])
async def test_reader_waits_for_no_message_of_others(
    webhook: WebhookClient,
    account: Account,
    other_account: Account,
    client: httpx.AsyncClient,
    live_feed: LiveFeed,
    gap: Gap,
    is_same_workspace: bool,
) -> None:
    """Its delay would show that others have messages, and grow with them."""
    if is_same_workspace:
        other_id, accounts = account.workspace_id, [other_account]
    else:
        other_id, accounts = (await create_workspace("Other")).id, None
    reader = await make_workspace_client(client, other_id, accounts=accounts)
    await webhook.post_messages(make_message(wamid="wamid.GAP5"))
    message = await read_stored("wamid.GAP5")

    async def is_seen() -> bool:
        return bool(live_feed.summaries._unnoted)

    await eventually(is_seen)
    ids = {
        "message": encode_id("Message", message.id),
        "conversation": encode_id("Conversation", message.conversation_id),
        "contact": encode_id("Contact", message.contact_id),
    }

    async def read() -> None:
        for query in [*READS, "{ conversationCounts(filters: [{ unread: true }]) { value } }"]:
            named = {name: value for name, value in ids.items() if "$" + name in query}
            [answer] = (await reader(query, **named)).values()
            assert answer in (None, {"edges": []}, [{"value": 0}])

    reading = asyncio.create_task(read())
    _, late = await asyncio.wait([reading], timeout=30)
    reading.cancel()
    assert not late, "the reader waits for messages of others"
    await reading
    # Nothing was completed for it either.
    conversation = await Conversation.get(message.conversation_id)
    assert conversation is not None
    assert conversation.last_message_id != message.id
    await gap.end()


async def test_erased_contact_is_not_brought_back_by_read(
    webhook: WebhookClient, account: Account, admin: GraphQLClient, gap: Gap
) -> None:
    await webhook.post_messages(make_message(wamid="wamid.GAP3"))
    message = await read_stored("wamid.GAP3")
    await collection(Conversation).delete_many({})
    await collection(Contact).delete_many({})

    inbox = await admin("{ conversations { edges { node { id } } } }")

    assert inbox["conversations"]["edges"] == []
    assert not await Conversation.count()
    await gap.end()
    assert await Message.get(message.id) is None
