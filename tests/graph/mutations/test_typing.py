"""setTyping: the customer sees a typing indicator."""

from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Conversation, Message, MessageDirection, MessageStatus
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.waiting import eventually
from whatsapp.accounts.accounts import set_account_enabled

TYPING = """mutation ($id: ID!) { setTyping(input: {conversationId: $id}) {
  conversation { id unreadCount } userErrors { code } } }"""
READ = """mutation ($id: ID!) { markConversationRead(input: {conversationId: $id}) {
  userErrors { code } } }"""
CUSTOMER = "15550001111"


@pytest.fixture
async def said(account: Account) -> Message:
    await write_message(account, CUSTOMER, "one")
    return await write_message(account, CUSTOMER, "two")


async def set_typing(agent: GraphQLClient, message: Message) -> list[str]:
    """The codes of its refusals."""
    done = (await agent(TYPING, id=conversation_id(message)))["setTyping"]
    return [error["code"] for error in done["userErrors"]]


async def test_metas_own_body_is_sent_for_newest_message(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    done = (await agent(TYPING, id=conversation_id(said)))["setTyping"]

    # Only the customer sees it as read.
    assert done == {
        "conversation": {"id": conversation_id(said), "unreadCount": 2},
        "userErrors": [],
    }
    (request,) = meta.requests.requests
    assert request.body == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": said.wamid,
        "typing_indicator": {"type": "text"},
    }


async def test_typing_calls_api_every_five_seconds(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    assert await set_typing(agent, said) == []
    for seconds in (60, 60, -6):  # since the last time, however slow this machine is
        moved = {"typing_at": utc_now() + timedelta(seconds=seconds)}
        await collection(Conversation).update_many({}, {"$set": moved})
        assert await set_typing(agent, said) == []

    assert len(meta.requests.requests) == 2


async def test_phone_shows_it_until_answer_comes(
    agent: GraphQLClient, account: Account, sandbox: Any
) -> None:
    await sandbox.post("/sandbox/inbound", json={"from": CUSTOMER, "text": "Hi"})
    message = await eventually(lambda: Message.find_one({"text": "Hi"}))
    assert message is not None

    async def look() -> dict[str, Any]:
        (shown,) = (await sandbox.get("/sandbox/conversations")).json()["conversations"]
        return dict(shown)

    assert await set_typing(agent, message) == []
    shown = await look()
    assert (shown["is_typing"], shown["messages"][0]["is_read"]) == (True, True)
    await agent(
        """mutation ($id: ID!) { sendMessage(input: {
          to: {conversationId: $id}, content: {text: {body: "Hello"}} }) { message { id } } }""",
        id=conversation_id(message),
    )

    async def is_over() -> bool:
        return not (await look())["is_typing"]

    await eventually(is_over)


async def test_typing_read_mark_sends_no_receipt(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    await set_typing(agent, said)
    await agent(READ, id=conversation_id(said))

    async def is_settled() -> bool:
        found = await Conversation.get(said.conversation_id)
        return found is not None and found.receipt.due_at is None

    await eventually(is_settled)
    assert len(meta.requests.requests) == 1


@pytest.mark.parametrize("fault", [("reset_before", "META_UNREACHABLE"), ("error", "META_REFUSED")])
async def test_failure_is_reported_and_next_key_retries(
    agent: GraphQLClient, said: Message, sandbox: Any, fault: tuple[str, str]
) -> None:
    kind, code = fault
    await sandbox.post("/sandbox/faults", json={"kind": kind, "type": "typing", "code": 131009})

    assert await set_typing(agent, said) == [code]
    assert await set_typing(agent, said) == []


async def test_typing_is_refused_without_open_window(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta
) -> None:
    late = await write_message(account, "15550002222", "old", at=utc_now() - timedelta(hours=25))
    never = await write_message(
        account,
        "15550003333",
        "We wrote first",
        direction=MessageDirection.OUTBOUND,
        unread=False,
        status_rank=MessageStatus.SENT.rank,
    )
    blocked = await write_message(account, "15550004444", "spam")
    await collection(Contact).update_one({"_id": blocked.contact_id}, {"$set": {"blocked": True}})

    assert await set_typing(agent, late) == ["WINDOW_CLOSED"]
    assert await set_typing(agent, never) == ["WINDOW_CLOSED"]
    assert await set_typing(agent, blocked) == ["CONTACT_BLOCKED"]
    await set_account_enabled(account, enabled=False)
    assert await set_typing(agent, said) == ["ACCOUNT_DISABLED"]

    assert not meta.requests.requests
