"""Each call is a message of the conversation, in any order of webhooks."""

import itertools
import time
from typing import Any

import pytest

from models import Account, AccountEvent, Contact, Conversation, Message, ParkedItem, User
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from telemetry.global_ids import encode_id
from tests.fixtures.fields import load_change, make_entry, post
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle

SHOW = """{ conversations { edges { node {
  unreadCount status lastActivityAt serviceWindow { isOpen expiresAt }
  contact { profileName waId businessScopedUserId }
  lastMessage { type: typeName direction status text timestamp whatsappId errors { code details }
    content { __typename ... on CallContent { direction status durationSeconds startedAt endedAt
      callbackData buttonPayload } } }
  messages { edges { node { typeName } } }
} } } }"""
SEND = """mutation ($to: ID!) { sendMessage(input: { to: { conversationId: $to },
  content: { text: { body: "We missed you" } } }) { message { status } userErrors { code } } }"""


async def show(client: GraphQLClient) -> dict[str, Any]:
    [edge] = (await client(SHOW))["conversations"]["edges"]
    node: dict[str, Any] = edge["node"]
    return node


async def forget() -> None:
    for kind in (Message, Conversation, Contact, User):
        await collection(kind).delete_many({})


def make_now(name: str) -> dict[str, Any]:
    """The webhook as if it came now."""
    change = load_change(name)
    for one in [*change["value"].get("calls", []), *change["value"].get("statuses", [])]:
        one["timestamp"] = str(int(time.time()))
    return make_entry(change)


async def test_missed_call_of_stranger_is_unread_message(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_entry(load_change("call_missed")))

    shown = await show(admin)
    assert shown["contact"] == {
        "profileName": "Pablo",
        "waId": "16505550101",
        "businessScopedUserId": "US.13491208655302741918",
    }
    assert (shown["unreadCount"], shown["status"]) == (1, "OPEN")
    assert shown["serviceWindow"]["expiresAt"] == "2025-06-16T15:07:10+00:00"
    call = shown["lastMessage"]
    assert (call["type"], call["direction"], call["status"]) == ("call", "INBOUND", "RECEIVED")
    assert (call["text"], call["whatsappId"]) == ("Voice call", "wacid.EXAMPLE")
    assert call["errors"] == [{"code": 138021, "details": "Nobody accepted the call in time."}]
    assert call["content"] == {
        "__typename": "CallContent",
        "direction": "INBOUND",
        "status": "FAILED",
        "durationSeconds": None,
        "startedAt": None,
        "endedAt": None,
        "callbackData": None,
        "buttonPayload": None,
    }
    assert await User.count() == 1
    assert not await ParkedItem.count()
    assert not await AccountEvent.count()


HELD = {"status": "COMPLETED", "callbackData": None, "buttonPayload": "from-shop"}
BUSINESS = {"status": "COMPLETED", "callbackData": "ticket-7", "buttonPayload": None}
ORDERS = [
    (["call_connect", "call_terminate"], HELD | {"durationSeconds": 42, "direction": "INBOUND"}),
    (
        ["call_business_connect", "call_status", "call_accepted", "call_business_terminate"],
        BUSINESS | {"durationSeconds": 14, "direction": "OUTBOUND"},
    ),
    (
        ["call_business_connect", "call_rejected"],
        {"status": "REJECTED", "durationSeconds": None, "direction": "OUTBOUND"},
    ),
]


@pytest.mark.parametrize(("names", "content"), ORDERS)
async def test_any_order_of_webhooks_gives_equal_call(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    names: list[str],
    content: dict[str, Any],
) -> None:
    outcomes = []
    orders = list(itertools.permutations(names))
    for number, order in enumerate(orders[:: 1 if len(orders) <= 2 else 7]):
        await forget()
        for name in (*order, order[0]):
            await post(webhook, settle, make_entry(load_change(name)) | {"run": number})
        outcomes.append(await show(admin))
        stored = await Message.find_one({})
        assert stored is not None
        outcomes[-1]["times"] = stored.status_times

    first = outcomes[0]
    assert first["lastMessage"]["content"].items() >= content.items()
    assert first["messages"]["edges"] == [{"node": {"typeName": "call"}}]
    assert outcomes == [first] * len(outcomes)
    assert not await ParkedItem.count()


async def test_search_finds_calls(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_entry(load_change("call_connect")))

    found = await admin('{ searchMessages(text: "voice call") { nodes { type } } }')

    assert found["searchMessages"]["nodes"] == [{"type": "CALL"}]


async def test_calls_of_one_body_are_one_message_each(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    change = load_change("call_connect")
    [call] = change["value"]["calls"]
    change["value"]["calls"] = [call, call | {"id": "wacid.OTHER"}, call | {"id": "wacid.THIRD"}]

    await post(webhook, settle, make_entry(change, load_change("call_terminate")))

    found = {one.wamid: one.content["reached"] for one in await Message.find_all().to_list()}
    assert found.keys() == {"wacid.EXAMPLE", "wacid.OTHER", "wacid.THIRD"}
    assert found["wacid.EXAMPLE"].keys() == {"RINGING", "COMPLETED"}


@pytest.mark.parametrize(
    ("names", "opens"),
    [
        (["call_connect"], True),
        (["call_missed"], True),
        (["call_business_connect", "call_status"], False),
        (["call_business_connect", "call_rejected"], False),
        (["call_business_connect", "call_unanswered"], False),
        (["call_business_connect", "call_accepted"], True),
    ],
)
async def test_call_opens_service_window(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    agent: GraphQLClient,
    names: list[str],
    opens: bool,
) -> None:
    await post(webhook, settle, *map(make_now, names))
    conversation = await Conversation.find_one({})
    assert conversation is not None

    sent = (await agent(SEND, to=encode_id("Conversation", conversation.id)))["sendMessage"]

    shown = await show(agent)
    assert shown["serviceWindow"]["isOpen"] is opens
    codes = [error["code"] for error in sent["userErrors"]]
    assert codes == ([] if opens else ["WINDOW_CLOSED"])
    assert (sent["message"] is not None) is opens


async def test_call_reopens_closed_conversation(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_entry(load_change("call_connect")))
    conversation = await Conversation.find_one({})
    assert conversation is not None
    close = """mutation ($id: ID!) { closeConversation(input: { conversationId: $id }) {
        conversation { status } } }"""
    await admin(close, id=encode_id("Conversation", conversation.id))
    later = make_now("call_connect")
    later["entry"][0]["changes"][0]["value"]["calls"][0] |= {
        "id": "wacid.LATER",
        "timestamp": str(int(time.time()) + 5),
    }

    await post(webhook, settle, later)

    assert (await show(admin))["status"] == "OPEN"


async def test_call_is_neither_receipted_nor_answered_as_message(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    agent: GraphQLClient,
    meta: FakeMeta,
) -> None:
    await collection(Account).update_one(
        {"_id": account.id}, {"$set": {"send_read_receipts": True}}
    )
    await post(webhook, settle, make_now("call_connect"))
    call = await Message.find_one({})
    assert call is not None
    ids = {
        "conversation": encode_id("Conversation", call.conversation_id),
        "call": encode_id("Message", call.id),
    }
    read = await agent(
        """mutation ($conversation: ID!, $call: ID!) {
          markConversationRead(input: { conversationId: $conversation, upToMessageId: $call }) {
            conversation { unreadCount } }
          reply: sendMessage(input: { to: { conversationId: $conversation },
            replyToMessageId: $call, content: { text: { body: "Yes?" } } }) {
            userErrors { code field } }
          react: sendMessage(input: { to: { conversationId: $conversation },
            content: { reaction: { messageId: $call, emoji: "👍" } } }) {
            userErrors { code field } } }""",
        **ids,
    )

    assert read["markConversationRead"]["conversation"] == {"unreadCount": 0}
    assert read["reply"]["userErrors"][0]["field"] == ["replyToMessageId"]
    assert read["react"]["userErrors"][0]["field"] == ["content", "reaction", "messageId"]

    async def is_told() -> bool:
        stored = await Conversation.get(call.conversation_id)
        return stored is not None and stored.receipt.due_at is None

    await eventually(is_told)
    assert not meta.requests.requests
    assert await Message.count() == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"id": None},
        {"timestamp": "soon"},
        {"from": None},
        {"event": "hold", "status": None},
    ],
)
async def test_unreadable_call_is_parked_by_itself(
    webhook: WebhookClient, account: Account, settle: Settle, fault: dict[str, Any]
) -> None:
    change = load_change("call_connect")
    [call] = change["value"]["calls"]
    del change["value"]["contacts"]
    change["value"]["calls"] = [call | {"id": "wacid.GOOD"}, call | fault]

    await post(webhook, settle, make_entry(change))

    assert [one.wamid for one in await Message.find_all().to_list()] == ["wacid.GOOD"]
    [parked] = await ParkedItem.find_all().to_list()
    assert parked.pointer == "/entry/0/changes/0/value/calls/1"


async def test_other_news_about_calls_are_account_events(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    change = load_change("call_connect")
    change["value"] = {
        **{key: change["value"][key] for key in ("messaging_product", "metadata")},
        "recordings": [{"id": "1"}],
    }

    await post(webhook, settle, make_entry(change))

    [event] = await AccountEvent.find_all().to_list()
    assert event.field == "calls"
    assert not await Message.count()
