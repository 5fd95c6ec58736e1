"""Meta's real rates over two processes: 80 messages a second, and bursts to one customer.

Run by `make soak` on an idle machine.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from models import Message, MessageStatus
from models.database.base import collection
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import PHONE, OutboxWorld, is_outbox_empty
from tests.fixtures.waiting import eventually
from whatsapp.common.timeouts import Timeouts

CUSTOMERS, EACH, TO_ONE = 1000, 5, 60
THROUGHPUT_HIT, PAIR_LIMIT_HIT = 130429, 131056

pytestmark = pytest.mark.soak


async def test_accounts_rate_is_used_and_kept(
    world: OutboxWorld, cloud_server: FakeCloudServer
) -> None:
    for number in range(CUSTOMERS):
        conversation = await world.add_customer(phone=f"1650{number:07}")
        await asyncio.gather(*(world.queue(conversation, f"{n}") for n in range(EACH)))
    eager = await world.add_customer()
    burst = [await world.queue(eager, f"{number:02}") for number in range(TO_ONE)]
    fake = world.meta.settings
    fake.messages_per_second, fake.pair_burst, fake.answer_delay = 80, 45, 0.2

    async with AsyncExitStack() as stack:
        for _ in range(2):
            settings = world.settings.model_copy(update={"send_rate_per_account": 80.0})
            await stack.enter_async_context(running_process(settings, Timeouts()))
        await eventually(is_outbox_empty, seconds=400)

    sent = [one.time for one in world.meta.requests.list_sends() if one.body["to"] != PHONE]
    rate = len(sent) / (sent[-1] - sent[0])
    share = count_refusals(world, THROUGHPUT_HIT) / len(world.meta.requests.requests)
    limited = count_refusals(world, PAIR_LIMIT_HIT)
    print(f"{rate:.1f}/s, {share:.2%} refused for the rate, {limited} for the pair")  # noqa: T201
    assert world.list_texts(to=PHONE) == [f"{number:02}" for number in range(TO_ONE)]
    assert await count_ended(burst) == TO_ONE
    assert len(sent) == CUSTOMERS * EACH
    assert share <= 0.01
    assert rate >= 76


def count_refusals(world: OutboxWorld, code: int) -> int:
    answers = [one.answer or {} for one in world.meta.requests.requests]
    return sum(answer.get("error", {}).get("code") == code for answer in answers)


async def count_ended(messages: list[Message]) -> int:
    ids = [message.id for message in messages]
    ended = {"_id": {"$in": ids}, "status_rank": MessageStatus.ACCEPTED.rank}
    return await collection(Message).count_documents(ended)
