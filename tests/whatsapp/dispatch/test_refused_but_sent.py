"""WhatsApp refuses a message with an error, and sends it all the same: it is not sent again."""

import time
from typing import Any

import pytest

from graph.core.ids import split_id
from models import Account, Conversation, Message, MessageStatus, OutboxState
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.request_log import LoggedRequest
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.outbox import HeldAnswers, OutboxWorld, get_message
from tests.fixtures.said import write_message
from tests.fixtures.sending import send, wait_for_status
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message, make_status
from whatsapp.messages.statuses import StatusUpdate, record_status

SHOWN = "query ($id: ID!) { message(id: $id) { status whatsappId errors { code } } }"
ANSWERED = """query ($id: ID!) { message(id: $id) {
  reactions { emoji } conversation { messages(first: 9) { nodes { text replyTo { id } } } } } }"""
LONG = 5.0
SHORT = 0.05


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "16505551234", "Question")


def refuse_but_send(meta: FakeMeta) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131000, accept=True))


def add_fault(meta: FakeMeta, kind: FaultKind, **more: Any) -> None:
    meta.faults.add(FaultRule(kind=kind, **more))


def list_tries(meta: FakeMeta, global_id: str) -> list[LoggedRequest]:
    _, message_id = split_id(global_id) or ("", "")
    return meta.requests.find({"callback_data": message_id})


async def wait_for_tries(meta: FakeMeta, global_id: str, count: int) -> list[str]:
    """Returns the wamids that Meta gave the message."""

    async def are_many() -> bool:
        return len(list_tries(meta, global_id)) >= count

    await eventually(are_many)
    return [str(request.message_id) for request in list_tries(meta, global_id)]


async def post_status(webhook: WebhookClient, global_id: str, name: str, *, wamid: str) -> None:
    _, message_id = split_id(global_id) or ("", "")
    item = make_status(name, at=int(time.time()), id=wamid, biz_opaque_callback_data=message_id)
    await webhook.post_statuses(item)


async def find_message(global_id: str) -> Message:
    _, message_id = split_id(global_id) or ("", "")
    message = await Message.get(message_id)
    assert message is not None
    return message


@with_timeouts(retry_base_seconds=LONG)
@pytest.mark.parametrize("is_early", [False, True], ids=["after", "before"])
async def test_status_settles_refused_message(
    agent: GraphQLClient, said: Message, meta: FakeMeta, is_early: bool
) -> None:
    """The status comes after or before the answer that refuses the message."""
    refuse_but_send(meta)
    if is_early:
        add_fault(meta, FaultKind.STATUS_BEFORE_ANSWER)

    first = await send(agent, said, {"text": {"body": "A"}})
    await wait_for_status(agent, first["id"], "READ")
    # The next message leaves at once, without waiting for the retry.
    second = await send(agent, said, {"text": {"body": "B"}})
    await wait_for_status(agent, second["id"], "READ")

    [request] = list_tries(meta, first["id"])
    shown = (await agent(SHOWN, id=first["id"]))["message"]
    assert shown == {"status": "READ", "whatsappId": request.message_id, "errors": []}
    assert (await find_message(first["id"])).outbox_state is OutboxState.DONE


async def test_final_refusal_does_not_fail_sent_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)
    world.break_sends("error", code=131026, accept=True)

    async with world.dispatching(transport=held):
        message = await world.wait_for(await world.queue(conversation), MessageStatus.SENDING)
        update = StatusUpdate(name="sent", at=utc_now(), message_id=message.id, wamid="wamid.A")
        await record_status(message.account_id, update)
        behind = await world.queue(conversation, "B")
        held.release()
        await world.wait_for(behind, MessageStatus.ACCEPTED)

    found = await get_message(message.id)
    assert (found.status, found.outbox_state) == (MessageStatus.SENT, OutboxState.DONE)
    assert found.errors == []


@with_timeouts(retry_base_seconds=SHORT)
async def test_late_status_adds_second_wamid(
    agent: GraphQLClient,
    said: Message,
    meta: FakeMeta,
    webhook: WebhookClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refuse_but_send(meta)
    add_fault(meta, FaultKind.NO_STATUSES, times=2)

    message = await send(agent, said, {"text": {"body": "A"}})
    await wait_for_status(agent, message["id"], "ACCEPTED")
    refused, accepted = await wait_for_tries(meta, message["id"], 2)
    await post_status(webhook, message["id"], "delivered", wamid=refused)
    await wait_for_status(agent, message["id"], "DELIVERED")
    await post_status(webhook, message["id"], "read", wamid=refused)
    await wait_for_status(agent, message["id"], "READ")

    found = await find_message(message["id"])
    assert (found.wamid, found.duplicate_wamids) == (accepted, [refused])
    assert [record.levelname for record in caplog.records if "twice" in record.message] == [
        "WARNING"
    ]


@with_timeouts(retry_base_seconds=SHORT)
@pytest.mark.parametrize("is_early", [False, True], ids=["after", "before"])
async def test_customer_answers_second_wamid(
    agent: GraphQLClient, said: Message, meta: FakeMeta, webhook: WebhookClient, is_early: bool
) -> None:
    """The customer answers the first copy, after or before the status that reports it."""
    refuse_but_send(meta)
    add_fault(meta, FaultKind.NO_STATUSES, times=2)

    message = await send(agent, said, {"text": {"body": "A"}})
    await wait_for_status(agent, message["id"], "ACCEPTED")
    refused, _ = await wait_for_tries(meta, message["id"], 2)
    reaction = make_message("reaction", {"message_id": refused, "emoji": "👍"})
    reply = make_message("text", {"body": "Yes"}, context={"id": refused})
    if is_early:
        await webhook.post_messages(reaction, reply)
    await post_status(webhook, message["id"], "delivered", wamid=refused)
    await wait_for_status(agent, message["id"], "DELIVERED")
    if not is_early:
        await webhook.post_messages(reaction, reply)

    async def is_answered() -> bool:
        shown = (await agent(ANSWERED, id=message["id"]))["message"]
        messages = shown["conversation"]["messages"]["nodes"]
        return (
            shown["reactions"] == [{"emoji": "👍"}]
            and {"text": "Yes", "replyTo": {"id": message["id"]}} in messages
        )

    await eventually(is_answered)


@with_timeouts(retry_base_seconds=SHORT)
async def test_early_reaction_to_second_wamid_is_shown(
    agent: GraphQLClient, said: Message, meta: FakeMeta, webhook: WebhookClient
) -> None:
    """The reaction to the retry comes while the retry waits for its answer."""
    refuse_but_send(meta)
    add_fault(meta, FaultKind.SLOW_DRIP, seconds=0.02)
    add_fault(meta, FaultKind.NO_STATUSES, times=2)

    message = await send(agent, said, {"text": {"body": "A"}})
    refused, accepted = await wait_for_tries(meta, message["id"], 2)
    await post_status(webhook, message["id"], "sent", wamid=refused)
    await webhook.post_messages(make_message("reaction", {"message_id": accepted, "emoji": "👍"}))

    async def has_reaction() -> bool:
        shown = (await agent(ANSWERED, id=message["id"]))["message"]
        return bool(shown["reactions"])

    await eventually(has_reaction)
    assert (await find_message(message["id"])).duplicate_wamids == [accepted]


@with_timeouts(retry_base_seconds=SHORT)
async def test_status_without_id_finds_second_wamid(
    agent: GraphQLClient, said: Message, meta: FakeMeta, webhook: WebhookClient
) -> None:
    refuse_but_send(meta)
    add_fault(meta, FaultKind.NO_STATUSES, times=2)

    message = await send(agent, said, {"text": {"body": "A"}})
    await wait_for_status(agent, message["id"], "ACCEPTED")
    refused, _ = await wait_for_tries(meta, message["id"], 2)
    await webhook.post_statuses(make_status("read", at=int(time.time()), id=refused))
    await post_status(webhook, message["id"], "delivered", wamid=refused)
    await wait_for_status(agent, message["id"], "READ")
    await webhook.post_statuses(make_status("played", at=int(time.time()), id=refused))

    await wait_for_status(agent, message["id"], "PLAYED")


@with_timeouts(retry_base_seconds=SHORT)
async def test_answer_does_not_overwrite_reported_wamid(
    agent: GraphQLClient,
    said: Message,
    meta: FakeMeta,
    webhook: WebhookClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The status of the refused request comes while the retry waits for its answer."""
    refuse_but_send(meta)
    add_fault(meta, FaultKind.SLOW_DRIP, seconds=0.02)
    add_fault(meta, FaultKind.NO_STATUSES, times=2)

    message = await send(agent, said, {"text": {"body": "A"}})
    refused, accepted = await wait_for_tries(meta, message["id"], 2)
    await post_status(webhook, message["id"], "sent", wamid=refused)

    async def is_answered() -> bool:
        return "accepted" in (await find_message(message["id"])).status_times

    await eventually(is_answered)
    found = await find_message(message["id"])
    assert (found.wamid, found.duplicate_wamids) == (refused, [accepted])
    assert found.status is MessageStatus.SENT
    assert any("twice" in record.message for record in caplog.records)


async def test_queued_message_with_status_is_not_sent(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    """Earlier versions left such messages queued."""
    add_fault(meta, FaultKind.ERROR, retry_after=1.0)
    head = await send(agent, said, {"text": {"body": "0"}})
    first = await send(agent, said, {"text": {"body": "A"}})
    second = await send(agent, said, {"text": {"body": "B"}})
    sent = {"$set": {"status_rank": MessageStatus.SENT.rank}}
    await collection(Message).update_one({"_id": (await find_message(first["id"])).id}, sent)

    await wait_for_status(agent, second["id"], "READ")

    tries = [len(list_tries(meta, message["id"])) for message in (head, first, second)]
    assert tries == [2, 0, 1]
