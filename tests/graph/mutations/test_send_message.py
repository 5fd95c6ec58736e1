"""sendMessage: the payload. Delivery has separate tests."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Conversation, Identity, IdentityKind, Message, Role
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.agents import create_agents
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.outbox import let_another_process_send
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.sending import wait_for_status
from tests.fixtures.templates import HELLO, SHIPPED, sync
from tests.fixtures.uploads import upload
from tests.fixtures.waiting import eventually
from tests.graph.socket_kit import SocketClient

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id status direction text replyTo { text } conversation { id } }
  userErrors { code field } } }"""
QUEUE = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id } userErrors { code } } }"""
TEXT = {"text": {"body": "Hello"}}
USER_ID = Identity(kind=IdentityKind.BSUID, value="US.13491208655302741918")
KEY = "query ($id: ID!) { message(id: $id) { id idempotencyKey } }"
PRIORITY = "query ($id: ID!) { message(id: $id) { priority } }"
RETRY = """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
  message { id idempotencyKey } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Question")


async def send(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(SEND, input=values))["sendMessage"]
    return payload


def react_to(message: Message) -> dict[str, str]:
    return {"messageId": id_of(message), "emoji": "\N{THUMBS UP SIGN}"}


async def test_text_is_queued(agent: GraphQLClient, said: Message) -> None:
    done = await send(
        agent,
        to={"conversationId": conversation_id(said)},
        content=TEXT,
        replyToMessageId=id_of(said),
    )

    assert done["userErrors"] == []
    message = done["message"]
    assert (message["status"], message["direction"]) == ("QUEUED", "OUTBOUND")
    assert message["text"] == "Hello"
    assert message["replyTo"] == {"text": "Question"}
    assert message["conversation"] == {"id": conversation_id(said)}


async def test_preview_may_be_null(agent: GraphQLClient, said: Message) -> None:
    content = {"text": {"body": "Hello", "previewUrl": None}}

    done = await send(agent, to={"contactId": contact_id(said)}, content=content)

    assert done["userErrors"] == []


async def test_idempotency_key_sends_once(agent: GraphQLClient, said: Message) -> None:
    once = {"to": {"contactId": contact_id(said)}, "content": TEXT, "idempotencyKey": "k1"}

    first, second = await send(agent, **once), await send(agent, **once)
    other = await send(agent, **(once | {"content": {"text": {"body": "Other"}}}))

    assert first["message"]["id"] == second["message"]["id"]
    assert other["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "field": ["idempotencyKey"]}]


async def test_priority_is_kept_and_shown(agent: GraphQLClient, said: Message) -> None:
    bulk = {
        "to": {"contactId": contact_id(said)},
        "content": TEXT,
        "idempotencyKey": "k1",
        "priority": "BULK",
    }

    messages = [(await send(agent, **bulk))["message"] for _ in range(2)]
    other = await send(agent, **(bulk | {"priority": "NORMAL"}))
    plain = await send(agent, to={"contactId": contact_id(said)}, content=TEXT)

    assert messages[0]["id"] == messages[1]["id"]
    assert other["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "field": ["idempotencyKey"]}]
    shown = [
        (await agent(PRIORITY, id=shown_id))["message"]["priority"]
        for shown_id in (messages[0]["id"], plain["message"]["id"], id_of(said))
    ]
    assert shown == ["BULK", "NORMAL", None]


async def test_idempotency_key_is_shown_to_readers_of_message(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    ws: SocketClient,
    agent: GraphQLClient,
    account: Account,
    said: Message,
    other_account: Account,
    meta: FakeMeta,
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026))
    await ws.subscribe("subscription { messageAdded { message { id idempotencyKey } } }")

    to = {"conversationId": conversation_id(said)}
    sent = await send(agent, to=to, content=TEXT, idempotencyKey="k1")
    message_id = sent["message"]["id"]
    [added] = await ws.take(1)
    await wait_for_status(agent, message_id, "FAILED")
    retried = (await agent(RETRY, id=message_id))["retryMessage"]["message"]
    [added_later] = await ws.take(1)

    shown = {"id": message_id, "idempotencyKey": "k1"}
    assert added["messageAdded"]["message"] == shown
    # The key of a retry is the server's own.
    assert retried["idempotencyKey"] is None
    assert added_later["messageAdded"]["message"] == retried
    viewer = await make_client(Role.VIEWER, [account])
    stranger = await make_client(Role.VIEWER, [other_account])
    assert (await viewer(KEY, id=message_id))["message"] == shown
    assert (await stranger(KEY, id=message_id))["message"] is None


async def test_send_takes_four_commands(
    counter: CommandCounter,
    agent: GraphQLClient,
    account: Account,
    said: Message,
    subtests: pytest.Subtests,
) -> None:
    await sync(agent, account)
    await let_another_process_send(account.id)
    by_user_id = await write_message(account, "", "Hi", identity=USER_ID)
    phone = {"phoneNumber": "+1 555 000 1111"}
    known = {"conversationId": conversation_id(said)}
    sends: list[tuple[str, dict[str, Any]]] = [
        ("conversations", {"to": known}),
        ("contacts", {"to": {"contactId": contact_id(said)}}),
        ("contacts", {"to": phone, "accountId": id_of(account)}),
        ("contacts", {"to": {"businessScopedUserId": USER_ID.value}, "accountId": id_of(account)}),
        ("conversations", {"to": known, "replyToMessageId": id_of(said)}),
        ("conversations", {"to": known, "content": {"reaction": react_to(said)}}),
        ("conversations", {"to": known, "content": {"template": HELLO}}),
        ("contacts", {"to": phone, "accountId": id_of(account), "content": {"template": SHIPPED}}),
    ]
    for number, (collection_name, values) in enumerate(sends):
        with subtests.test(**values):
            given = {"content": TEXT, "idempotencyKey": str(number)} | values

            with counter.counting():
                done = await agent(QUEUE, input=given)

            assert done["sendMessage"]["userErrors"] == []
            # Retired agents are read again in the background.
            reads = [read for read in counter.reads if read[1] != "agents"]
            assert reads == [("find", "api_keys"), ("aggregate", collection_name)]
            assert counter.writes == [("insert", "messages"), ("update", "conversations")]
    assert await Message.find({"conversation_id": by_user_id.conversation_id}).count() == 2


async def test_send_and_its_record_take_eight_commands(
    counter: CommandCounter, agent: GraphQLClient, said: Message
) -> None:
    """From the request to the recorded answer of Meta, while nothing else is sent."""
    to = {"conversationId": conversation_id(said)}
    first = await send(agent, to=to, content=TEXT)
    await wait_for_status(agent, first["message"]["id"], "READ")

    async def is_recorded() -> bool:
        return ("aggregate", "pending_updates") in counter.reads

    with counter.counting("send", "send queue", "claim messages", "record answers"):
        await agent(QUEUE, input={"to": to, "content": TEXT})
        await eventually(is_recorded)

    reads = [read for read in counter.reads if read[1] != "agents"]
    assert reads == [
        ("find", "api_keys"),
        ("aggregate", "conversations"),
        ("aggregate", "messages"),
        ("aggregate", "pending_updates"),
    ]
    # The message and its summary, the claim, and the answer.
    assert sorted(counter.writes) == [
        ("insert", "messages"),
        ("update", "conversations"),
        ("update", "messages"),
        ("update", "messages"),
    ]


async def test_upload_and_agent_are_read_with_recipient(
    counter: CommandCounter, client: Any, admin: GraphQLClient, account: Account, said: Message
) -> None:
    uploaded = (await upload(admin, account))["upload"]["id"]
    (kim,) = map(id_of, await create_agents("Kim"))
    values = {
        "to": {"conversationId": conversation_id(said)},
        "content": {"image": {"source": {"uploadId": uploaded}}},
        "onBehalfOfAgentId": kim,
    }

    await let_another_process_send(account.id)
    with counter.counting():
        done = await admin(QUEUE, input=values)

    assert done["sendMessage"]["userErrors"] == []
    reads = [read for read in counter.reads if read[1] != "agents"]
    assert reads == [("find", "api_keys"), ("aggregate", "conversations")]


async def test_outside_window_nothing_is_sent(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    old = await write_message(account, "15550001111", "x", at=utc_now() - timedelta(hours=25))

    done = await send(agent, to={"conversationId": conversation_id(old)}, content=TEXT)

    assert done == {"message": None, "userErrors": [{"code": "WINDOW_CLOSED", "field": None}]}
    assert await Message.count() == 1


REFUSED: list[tuple[dict[str, str], Any, str, Any]] = [
    ({"phoneNumber": "15550001111"}, TEXT, "INVALID_INPUT", ["accountId"]),
    ({"contactId": "x"}, TEXT, "NOT_FOUND", ["to", "contactId"]),
    ({"conversationId": "x"}, TEXT, "NOT_FOUND", ["to", "conversationId"]),
    ({"contactId": "%"}, {"text": {"body": " "}}, "INVALID_INPUT", ["content", "text", "body"]),
]


async def test_refusals_name_field(
    agent: GraphQLClient, said: Message, subtests: pytest.Subtests
) -> None:
    for recipient, content, code, field in REFUSED:
        with subtests.test(recipient=recipient, content=content):
            to = {key: value.replace("%", contact_id(said)) for key, value in recipient.items()}

            done = await send(agent, to=to, content=content)

            assert done["userErrors"] == [{"code": code, "field": field}]


NOT_ONE = [
    {"to": {}, "content": TEXT},
    {"to": {"phoneNumber": "1", "contactId": "2"}, "content": TEXT},
    {"to": {"phoneNumber": None}, "content": TEXT},
    {"to": {"contactId": "x"}, "content": {}},
    {"to": {"contactId": "x"}, "content": {"text": None}},
    {"content": TEXT},
]


async def test_exactly_one_recipient_and_content_is_required(
    agent: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for values in NOT_ONE:
        with subtests.test(values=values):
            answer = await agent.post(SEND, input=values)

            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
            assert "object at" not in answer["errors"][0]["message"]


async def test_message_opens_window_before_conversation_is_updated(
    agent: GraphQLClient, said: Message
) -> None:
    stale = {"$set": {"last_inbound_at": None}}
    await collection(Conversation).update_one({"_id": said.conversation_id}, stale)

    sent = await send(agent, to={"contactId": contact_id(said)}, content=TEXT)

    assert sent["userErrors"] == []
