"""`waitingSince`: since when a customer waits, including after failed answers."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from models import Account, Conversation, Message, MessageDirection, MessageStatus
from models.database.base import collection, utc_now
from models.messages.unanswered import UNANSWERED_KEPT, find_unanswered
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_status
from whatsapp.conversations.answers import SETTLED, sweep_stale_answers
from whatsapp.conversations.conversations import update_summary

PHONE = "15550000001"
START = utc_now().replace(microsecond=0) - timedelta(hours=2)
WAITING = "query ($id: ID!) { conversation(id: $id) { waitingSince } }"
SEND = """mutation ($id: ID!) {
  sendMessage(input: {to: {conversationId: $id}, content: {text: {body: "Hi"}}}) {
    message { id } userErrors { code } } }"""
CANCEL = "mutation ($id: ID!) { cancelMessage(input: {messageId: $id}) { userErrors { code } } }"


async def write(account: Account, minutes: int, **fields: Any) -> Message:
    at = START + timedelta(minutes=minutes)
    return await write_message(account, PHONE, "x", at=at, **fields)


async def answer(account: Account, minutes: int, **fields: Any) -> Message:
    sent = {"direction": MessageDirection.OUTBOUND, "status_rank": MessageStatus.SENT.rank}
    return await write(account, minutes, unread=False, **{**sent, **fields})


async def read_waiting(client: GraphQLClient, message: Message) -> datetime | None:
    shown = (await client(WAITING, id=conversation_id(message)))["conversation"]["waitingSince"]
    return None if shown is None else datetime.fromisoformat(shown)


async def sweep() -> None:
    """Sweeps as if the marks were old enough."""
    await collection(Conversation).update_many(
        {"answers_stale_at": {"$type": "date"}},
        {"$set": {"answers_stale_at": utc_now() - 2 * SETTLED}},
    )
    await sweep_stale_answers()


async def report(webhook: WebhookClient, message: Message, *names: str) -> None:
    at = int(utc_now().timestamp())
    statuses = [make_status(name, at=at, id=message.wamid) for name in names]
    response = await webhook.post_statuses(*statuses)
    assert response.status_code == 200


@pytest.mark.parametrize("together", [True, False])
async def test_failed_answer_restores_waiting_until_delivery(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, together: bool
) -> None:
    asked = await write(account, 0)
    answered = await answer(account, 5)
    assert await read_waiting(admin, asked) is None

    await report(webhook, answered, *(["sent", "failed"] if together else ["failed"]))

    async def waits() -> bool:
        return await read_waiting(admin, asked) == asked.timestamp

    await eventually(waits)
    await report(webhook, answered, "delivered")

    async def is_answered() -> bool:
        return await read_waiting(admin, asked) is None

    await eventually(is_answered)
    # A later answer counts even if the first one fails.
    await answer(account, 10)
    await report(webhook, answered, "failed")
    await asyncio.sleep(0.2)
    assert await is_answered()


async def test_concurrent_statuses_leave_what_the_message_shows(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    asked = await write(account, 0)
    failing, delivered = await answer(account, 5), await answer(account, 4)
    await asyncio.gather(
        *(report(webhook, failing, name) for name in ("sent", "failed")),
        *(report(webhook, delivered, name) for name in ("failed", "delivered", "sent")),
    )

    async def is_settled() -> bool:
        conversation = await Conversation.get(asked.conversation_id)
        assert conversation is not None
        return conversation.last_outbound_at == delivered.timestamp

    await eventually(is_settled)
    assert await read_waiting(admin, asked) is None


async def test_cancelled_answer_brings_waiting_back(admin: GraphQLClient, account: Account) -> None:
    asked = await write(account, 0)
    # Nothing is sent while the first message of the conversation holds it.
    unknown = {"outbox_state": "HOLDING", "status_rank": MessageStatus.UNKNOWN.rank}
    holding = await answer(account, 5, **unknown, hold_until=utc_now() + timedelta(hours=1))
    queued = (await admin(SEND, id=conversation_id(asked)))["sendMessage"]["message"]["id"]
    assert (await admin(CANCEL, id=queued))["cancelMessage"]["userErrors"] == []

    conversation = await Conversation.get(asked.conversation_id)
    assert conversation is not None
    assert conversation.last_outbound_at == holding.timestamp


async def test_late_summary_of_failed_message_answers_nothing(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    asked = await write(account, 0)
    queued = await answer(account, 5)
    await report(webhook, queued, "failed")

    async def waits() -> bool:
        return await read_waiting(admin, asked) == asked.timestamp

    await eventually(waits)
    # The sender updates the summary with the message as it was queued.
    await update_summary(queued)
    assert await read_waiting(admin, asked) is None

    await sweep()

    assert await read_waiting(admin, asked) == asked.timestamp


async def test_answer_to_some_messages_is_exact(admin: GraphQLClient, account: Account) -> None:
    asked = [await write(account, minutes) for minutes in range(0, 60, 2)]
    assert await read_waiting(admin, asked[0]) == asked[0].timestamp
    for minutes, first in ((5, 3), (31, 16), (57, 29)):
        await answer(account, minutes)
        await sweep()
        assert await read_waiting(admin, asked[0]) == asked[first].timestamp
    await answer(account, 58)
    assert await read_waiting(admin, asked[0]) is None


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_of_messages_and_failures_ends_alike(
    webhook: WebhookClient, account: Account, seed: int
) -> None:
    chance = random.Random(seed)
    minutes = chance.sample(range(100), 30)
    failing = []
    for at in minutes:
        if chance.random() < 0.25:
            answered = await answer(account, at)
            if chance.random() < 0.5:
                failing.append(report(webhook, answered, "failed"))
        else:
            asked = await write(account, at)
        if failing and chance.random() < 0.5:
            await failing.pop(0)
    await asyncio.gather(*failing)

    async def is_exact() -> bool:
        await sweep()
        conversation = await Conversation.get(asked.conversation_id)
        assert conversation is not None
        messages = await Message.find_all().sort("timestamp").to_list()
        answers = [one for one in messages if one.direction is MessageDirection.OUTBOUND]
        reached = [one for one in answers if one.status_rank != MessageStatus.FAILED.rank]
        expected = [
            one.timestamp
            for one in messages
            if one not in answers and all(one.timestamp > sent.timestamp for sent in reached)
        ]
        kept = expected[:UNANSWERED_KEPT] + expected[UNANSWERED_KEPT:][-1:]
        found = await find_unanswered(collection(Message), asked.conversation_id)
        return conversation.unanswered_at == kept and found[1] == kept

    await eventually(is_exact)
