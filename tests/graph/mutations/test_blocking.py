"""blockContact and unblockContact: at WhatsApp first, and only then here."""

from typing import Any

import pytest

from models import Account, Contact, Identity, IdentityKind, Message, MessageStatus
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.waiting import eventually
from tests.fixtures.world import NUMBER
from whatsapp.accounts.accounts import set_account_enabled
from whatsapp.contacts.contacts import get_or_create_contact

BLOCK = """mutation ($id: ID!) { done: blockContact(input: {contactId: $id}) {
  contact { blocked } userErrors { code message } } }"""
UNBLOCK = """mutation ($id: ID!) { done: unblockContact(input: {contactId: $id}) {
  contact { blocked } userErrors { code message } } }"""
SEND = """mutation ($id: ID!) { sendMessage(input: {
  to: {conversationId: $id}, content: {text: {body: "Hello"}} }) {
    message { id } userErrors { code } } }"""
CUSTOMER = "15550001111"


@pytest.fixture
async def said(account: Account, sandbox: Any) -> Message:
    """Posts a message of a customer that the fake Meta knows."""
    answer = await sandbox.post("/sandbox/inbound", json={"from": CUSTOMER, "text": "Spam"})
    assert answer.json()["webhook_status"] == 200
    message = await eventually(lambda: Message.find_one({"text": "Spam"}))
    assert message is not None
    await sandbox.delete("/sandbox/requests")
    return message


async def run(client: GraphQLClient, mutation: str, message: Message) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(mutation, id=contact_id(message)))["done"]
    return payload


async def is_blocked(message: Message) -> bool:
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    return contact.blocked


async def test_customer_is_blocked_at_whatsapp_and_here(
    agent: GraphQLClient, said: Message, meta: FakeMeta, sandbox: Any
) -> None:
    done = await run(agent, BLOCK, said)

    assert done == {"contact": {"blocked": True}, "userErrors": []}
    (request,) = meta.requests.requests
    assert (request.method, request.path) == (
        "POST",
        f"/v25.0/{NUMBER.phone_number_id}/block_users",
    )
    assert request.body == {"messaging_product": "whatsapp", "block_users": [{"user": CUSTOMER}]}
    unheard = await sandbox.post("/sandbox/inbound", json={"from": CUSTOMER, "text": "More"})
    assert "blocked" in unheard.json()["error"]
    refused = await agent(SEND, id=conversation_id(said))
    assert refused["sendMessage"]["userErrors"] == [{"code": "CONTACT_BLOCKED"}]


async def test_unblocked_customer_writes_and_is_written_to_again(
    agent: GraphQLClient, said: Message, meta: FakeMeta, sandbox: Any
) -> None:
    await run(agent, BLOCK, said)
    done = await run(agent, UNBLOCK, said)

    assert done == {"contact": {"blocked": False}, "userErrors": []}
    assert [one.method for one in meta.requests.requests] == ["POST", "DELETE"]
    heard = await sandbox.post("/sandbox/inbound", json={"from": CUSTOMER, "text": "Sorry"})
    assert heard.json()["webhook_status"] == 200
    sent = await agent(SEND, id=conversation_id(said))
    assert sent["sendMessage"]["userErrors"] == []


async def test_redundant_unblock_calls_no_api(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    done = await run(agent, UNBLOCK, said)

    assert done == {"contact": {"blocked": False}, "userErrors": []}
    assert not meta.requests.requests


async def test_customer_outside_window_can_not_be_blocked(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    stranger = await write_message(account, "15550009999", "Long ago")

    done = await run(agent, BLOCK, stranger)

    (error,) = done["userErrors"]
    assert (error["code"], done["contact"]) == ("META_REFUSED", None)
    assert "131047" in error["message"]
    assert "24 hours" in error["message"]
    assert not await is_blocked(stranger)


REFUSALS = [
    (139101, "64,000"),
    (139102, "try again"),
    (139103, "try again"),
    (139100, "24 hours"),
    (131000, "131000"),
]


async def test_meta_refusals_are_explained_and_change_nothing(
    agent: GraphQLClient, said: Message, sandbox: Any, subtests: pytest.Subtests
) -> None:
    for code, words in REFUSALS:
        with subtests.test(code=code):
            fault = {"kind": "error", "endpoint": "block_users", "code": code}
            await sandbox.post("/sandbox/faults", json=fault)

            (error,) = (await run(agent, BLOCK, said))["userErrors"]

            assert error["code"] == "META_REFUSED"
            assert words in error["message"]
    assert not await is_blocked(said)


async def test_full_block_list_is_reported(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    meta.settings.blocked_limit = 0

    (error,) = (await run(agent, BLOCK, said))["userErrors"]

    assert "64,000" in error["message"]


async def test_meta_that_is_away_changes_nothing(
    agent: GraphQLClient, said: Message, sandbox: Any, subtests: pytest.Subtests
) -> None:
    for kind in ("reset_before", "html", "truncated"):
        with subtests.test(kind=kind):
            fault = {"kind": kind, "endpoint": "block_users", "accept": False}
            await sandbox.post("/sandbox/faults", json=fault)

            (error,) = (await run(agent, BLOCK, said))["userErrors"]

            assert error["code"] == "META_UNREACHABLE"
    assert not await is_blocked(said)


async def test_hidden_number_is_blocked_by_user_id(
    agent: GraphQLClient, account: Account, sandbox: Any, meta: FakeMeta
) -> None:
    user_id = "US.13491208655302741918"
    await sandbox.post("/sandbox/inbound", json={"user_id": user_id, "text": "Hidden"})
    message = await eventually(lambda: Message.find_one({"text": "Hidden"}))
    assert message is not None

    done = await run(agent, BLOCK, message)

    assert done["userErrors"] == []
    (request,) = meta.requests.find({"endpoint": "block_users"})
    assert request.body["block_users"] == [{"user_id": user_id}]


async def test_number_variant_in_answer_is_same_customer(
    agent: GraphQLClient, account: Account, sandbox: Any
) -> None:
    await sandbox.post("/sandbox/inbound", json={"from": "5531987654321", "text": "Olá"})
    message = await eventually(lambda: Message.find_one({"text": "Olá"}))
    assert message is not None

    assert (await run(agent, BLOCK, message))["userErrors"] == []


async def test_answer_for_other_user_is_failure(
    agent: GraphQLClient, said: Message, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    other: dict[str, Any] = {"block_users": {"added_users": [{"input": "+4915112345678"}]}}
    monkeypatch.setattr(meta.blocks, "block", lambda *_: other)

    (error,) = (await run(agent, BLOCK, said))["userErrors"]

    assert error["code"] == "META_UNREACHABLE"
    assert not await is_blocked(said)


async def test_queued_message_to_blocked_customer_fails(
    agent: GraphQLClient, said: Message, sandbox: Any
) -> None:
    busy = {"kind": "error", "code": 131056, "times": None}
    await sandbox.post("/sandbox/faults", json=busy)
    sent = await agent(SEND, id=conversation_id(said))
    assert sent["sendMessage"]["userErrors"] == []

    async def has_been_put_off() -> bool:
        message = await Message.find_one({"text": "Hello"})
        return message is not None and message.hold_until is not None

    await eventually(has_been_put_off)
    await run(agent, BLOCK, said)

    async def has_failed() -> Any:
        return await Message.find_one({"text": "Hello", "status_rank": MessageStatus.FAILED.rank})

    failed = await eventually(has_failed)
    assert [error.title for error in failed.errors] == ["Contact blocked"]


async def test_disabled_account_calls_no_api(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta
) -> None:
    await set_account_enabled(account, enabled=False)

    (error,) = (await run(agent, BLOCK, said))["userErrors"]

    assert error["code"] == "ACCOUNT_DISABLED"
    assert not meta.requests.requests


async def test_contact_without_number_is_refused(agent: GraphQLClient, account: Account) -> None:
    identity = Identity(kind=IdentityKind.BSUID, value="US.1")
    contact = await get_or_create_contact(account.id, [identity])

    done = (await agent(BLOCK, id=id_of(contact)))["done"]

    assert [error["code"] for error in done["userErrors"]] == ["META_REFUSED"]
