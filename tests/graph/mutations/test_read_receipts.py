"""markConversationRead sends a read receipt once, in the background, best effort."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Conversation, Message, MessageDirection, MessageStatus
from models.database.base import collection, new_id, to_bson, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.request_log import LoggedRequest
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.waiting import eventually
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import set_account_enabled, stop_account
from whatsapp.conversations.read_receipts import RECEIPTS_AT_ONCE

READ = """mutation ($id: ID!, $upTo: ID) {
  markConversationRead(input: {conversationId: $id, upToMessageId: $upTo}) {
    conversation { unreadCount } userErrors { code } } }"""
CUSTOMER = "15550001111"


@pytest.fixture
async def said(account: Account) -> list[Message]:
    return [await write_message(account, CUSTOMER, text) for text in ("one", "two", "three")]


async def read(agent: GraphQLClient, message: Message, **more: Any) -> int:
    """Marks its conversation as read; gives how many are unread then."""
    done = (await agent(READ, id=conversation_id(message), **more))["markConversationRead"]
    assert done["userErrors"] == []
    count: int = done["conversation"]["unreadCount"]
    return count


async def reload(message: Message) -> Conversation:
    found = await Conversation.get(message.conversation_id)
    assert found is not None
    return found


async def settle(message: Message) -> Conversation:
    """Returns the conversation once no receipt is pending."""

    async def is_settled() -> bool:
        receipt = (await reload(message)).receipt
        return receipt.due_at is None and receipt.leased_until is None

    await eventually(is_settled)
    return await reload(message)


def list_receipts(meta: FakeMeta) -> list[LoggedRequest]:
    requests = meta.requests.find({"endpoint": "messages", "method": "POST"})
    return [one for one in requests if isinstance(one.body, dict) and "status" in one.body]


def list_read_wamids(meta: FakeMeta) -> list[str]:
    return [one.body["message_id"] for one in list_receipts(meta)]


async def test_newest_read_message_is_reported_once(
    agent: GraphQLClient, said: list[Message], meta: FakeMeta
) -> None:
    await read(agent, said[0], upTo=id_of(said[1]))
    await settle(said[0])
    await read(agent, said[0], upTo=id_of(said[0]))
    await read(agent, said[0], upTo=id_of(said[1]))
    await settle(said[0])

    (receipt,) = list_receipts(meta)
    assert receipt.body == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": said[1].wamid,
    }


async def test_backlog_of_account_delays_no_other(
    agent: GraphQLClient,
    said: list[Message],
    other_account: Account,
    meta: FakeMeta,
) -> None:
    other = await write_message(other_account, "15550002222", "Hello")
    backlog = await add_due_receipts(await reload(said[0]), count=10_000)

    await read(agent, other)
    await settle(other)

    assert other.wamid in list_read_wamids(meta)
    assert await collection(Conversation).count_documents(backlog) > 5000


async def add_due_receipts(conversation: Conversation, *, count: int) -> dict[str, Any]:
    """Stores conversations with due receipts; returns the query for those that still are due."""
    fields = to_bson(conversation)
    receipt = fields["receipt"] | {"due_at": utc_now() - timedelta(minutes=1)}
    copies = [
        fields | {"_id": new_id(), "contact_id": new_id(), "receipt": receipt} for _ in range(count)
    ]
    await collection(Conversation).insert_many(copies, ordered=False)
    return {"account_id": conversation.account_id, "receipt.due_at": {"$type": "date"}}


async def test_only_inbound_messages_are_reported_read(
    agent: GraphQLClient, said: list[Message], account: Account, meta: FakeMeta
) -> None:
    await read(agent, said[0])
    await settle(said[0])
    await write_message(
        account,
        CUSTOMER,
        "Our answer",
        at=utc_now(),
        direction=MessageDirection.OUTBOUND,
        unread=False,
        status_rank=MessageStatus.SENT.rank,
    )
    await read(agent, said[0])
    await settle(said[0])
    more = await write_message(account, CUSTOMER, "four", at=utc_now() + timedelta(seconds=1))
    await read(agent, said[0])
    await settle(said[0])

    assert list_read_wamids(meta) == [said[2].wamid, more.wamid]


async def test_customer_sees_blue_ticks(
    agent: GraphQLClient, account: Account, sandbox: Any
) -> None:
    for text in ("one", "two"):
        await sandbox.post("/sandbox/inbound", json={"from": CUSTOMER, "text": text})
    message = await eventually(lambda: Message.find_one({"text": "two"}))
    assert message is not None

    await read(agent, message)

    async def is_blue() -> bool:
        (shown,) = (await sandbox.get("/sandbox/conversations")).json()["conversations"]
        return all(one["is_read"] for one in shown["messages"])

    await eventually(is_blue)


@pytest.mark.parametrize(
    "fault",
    [
        FaultRule(kind=FaultKind.RESET_BEFORE, times=2),
        FaultRule(kind=FaultKind.HTML, times=2),
        FaultRule(kind=FaultKind.ERROR, code=131000, times=2),
        FaultRule(kind=FaultKind.THROTTLE, times=2),
    ],
    ids=lambda fault: fault.kind.value,
)
async def test_transient_receipt_error_is_retried(
    agent: GraphQLClient, said: list[Message], meta: FakeMeta, fault: FaultRule
) -> None:
    meta.faults.add(fault.model_copy(deep=True))

    assert await read(agent, said[0]) == 0

    settled = await settle(said[0])
    assert settled.receipt.sent_up_to is not None
    assert settled.receipt.sent_up_to.message_id == said[2].id
    assert len(list_receipts(meta)) == (1 if fault.kind is FaultKind.RESET_BEFORE else 3)


async def test_final_refusal_is_not_repeated(
    agent: GraphQLClient, said: list[Message], meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131009, times=None))

    assert await read(agent, said[0]) == 0

    settled = await settle(said[0])
    assert len(list_receipts(meta)) == 1
    assert settled.receipt.sent_up_to is None
    assert settled.read_up_to is not None


async def test_staff_may_read_in_silence(
    admin: GraphQLClient, said: list[Message], account: Account, meta: FakeMeta
) -> None:
    silent = await admin(
        """mutation ($id: ID!) { updateAccount(input: {accountId: $id, sendReadReceipts: false}) {
          account { sendReadReceipts } userErrors { code } }
          none: updateAccount(input: {accountId: $id, sendReadReceipts: null}) {
            userErrors { code field } } }""",
        id=id_of(account),
    )
    await read(admin, said[0])
    await settle(said[0])

    assert silent["updateAccount"]["account"] == {"sendReadReceipts": False}
    assert silent["none"]["userErrors"] == [
        {"code": "INVALID_INPUT", "field": ["sendReadReceipts"]}
    ]
    assert not meta.requests.requests


@pytest.mark.parametrize("how", ["disabled", "stopped"])
async def test_restricted_account_sends_no_receipts(
    agent: GraphQLClient, said: list[Message], account: Account, meta: FakeMeta, how: str
) -> None:
    if how == "disabled":
        await set_account_enabled(account, enabled=False)
    else:
        await stop_account(account, reason="x", code=190)

    assert await read(agent, said[0]) == 0
    await settle(said[0])

    assert not meta.requests.requests


async def test_message_older_than_30_days_has_no_receipt(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    old = await write_message(account, CUSTOMER, "old", at=utc_now() - timedelta(days=31))

    assert await read(agent, old) == 0
    await settle(old)

    assert not meta.requests.requests


async def test_receipts_left_by_crash_are_sent(said: list[Message], meta: FakeMeta) -> None:
    left = {
        "read_up_to": {"timestamp": said[2].timestamp, "message_id": said[2].id},
        "receipt.due_at": utc_now() - timedelta(minutes=1),
        "receipt.leased_until": utc_now(),
    }
    await collection(Conversation).update_one({"_id": said[0].conversation_id}, {"$set": left})

    await settle(said[0])

    assert list_read_wamids(meta) == [said[2].wamid]


async def test_conversation_older_than_receipts_gets_receipt(
    agent: GraphQLClient, said: list[Message], meta: FakeMeta
) -> None:
    await collection(Conversation).update_many({}, {"$unset": {"receipt": 1, "typing_at": 1}})

    await read(agent, said[0])
    await settle(said[0])

    assert list_read_wamids(meta) == [said[2].wamid]


async def test_concurrent_reads_send_single_receipt(
    agent: GraphQLClient, said: list[Message], meta: FakeMeta
) -> None:
    import asyncio

    await asyncio.gather(*(read(agent, said[0]) for _ in range(8)))
    await settle(said[0])

    assert list_read_wamids(meta) == [said[2].wamid]


async def test_erased_conversation_sends_no_receipt(
    admin: GraphQLClient, said: list[Message], meta: FakeMeta
) -> None:
    contact = await Contact.get(said[0].contact_id)
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131000, times=1))
    await read(admin, said[0])
    done = await admin(
        "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }",
        id=id_of(contact),
    )

    assert done["deleteContact"]["userErrors"] == []
    assert await Conversation.count() == 0


async def test_slow_receipts_do_not_block_other_accounts(
    agent: GraphQLClient,
    account: Account,
    other_account: Account,
    meta: FakeMeta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = asyncio.Event()
    waiting: list[str] = []
    call = AccountAPI.call

    async def wait_and_call(api: AccountAPI, of: Account, *args: Any, **options: Any) -> Any:
        if of.id == account.id:
            waiting.append(of.name)
            await go_on.wait()
        return await call(api, of, *args, **options)

    monkeypatch.setattr(AccountAPI, "call", wait_and_call)
    for number in range(RECEIPTS_AT_ONCE + 4):
        await read(agent, await write_message(account, f"1555000{number:04}", "Hi"))

    async def is_full() -> bool:
        return len(waiting) == RECEIPTS_AT_ONCE // 2

    await eventually(is_full)
    message = await write_message(other_account, CUSTOMER, "Hi")
    await read(agent, message)
    await settle(message)
    held = len(waiting)
    go_on.set()

    assert list_read_wamids(meta)[0] == message.wamid
    assert held == RECEIPTS_AT_ONCE // 2
