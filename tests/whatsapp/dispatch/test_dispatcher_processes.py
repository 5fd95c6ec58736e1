"""Several dispatchers keep the order, and customers do not delay each other."""

import asyncio
from contextlib import AsyncExitStack

from models import Conversation, MessageStatus
from sandbox.cloud_api.rate_limits import PAIR_LIMIT_HIT, THROUGHPUT_HIT
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import OutboxWorld, get_message, is_outbox_empty
from tests.fixtures.waiting import eventually

PHONE, OTHER_PHONE = "16505551234", "16505550002"


async def test_four_processes_keep_order_of_conversation(
    world: OutboxWorld, conversation: Conversation, cloud_server: FakeCloudServer
) -> None:
    world.meta.settings.answer_jitter = 0.1
    texts = [f"number {number}" for number in range(50)]

    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(running_process(world.settings, world.timeouts))
        messages = [await world.queue(conversation, text) for text in texts]

        async def are_all_sent() -> bool:
            return (await get_message(messages[-1].id)).status is MessageStatus.ACCEPTED

        await eventually(are_all_sent, seconds=120)

    assert world.list_texts() == texts
    assert set(world.meta.requests.accepted_counts.values()) == {1}


async def test_customer_at_pair_limit_delays_no_other(
    world: OutboxWorld,
) -> None:
    limited, other = await world.add_customer(), await world.add_customer(phone=OTHER_PHONE)
    world.break_sends("error", code=PAIR_LIMIT_HIT, to=PHONE, times=None)

    async with world.dispatching(account_sends=1, retry_base_seconds=600.0):
        stuck = await world.queue(limited)
        await eventually(lambda: was_refused(world, PHONE))
        sent = [await world.queue(other, f"{number}") for number in range(5)]
        await world.wait_for(sent[-1], MessageStatus.ACCEPTED)

    assert (await get_message(stuck.id)).attempts == 1
    assert world.list_texts() == ["0", "1", "2", "3", "4"]


async def was_refused(world: OutboxWorld, phone: str) -> bool:
    return any(one.body["to"] == phone and one.status for one in world.meta.requests.requests)


async def test_burst_to_one_customer_delays_no_other(world: OutboxWorld) -> None:
    """Meta accepts a burst, then a message per interval."""
    world.meta.settings.pair_burst, world.meta.settings.pair_interval = 2, 600.0
    eager, other = await world.add_customer(), await world.add_customer(phone=OTHER_PHONE)

    async with world.dispatching(retry_base_seconds=0.05):
        burst = [await world.queue(eager, f"{number}") for number in range(4)]
        await eventually(lambda: was_limited(world))
        await world.wait_for(await world.queue(other, "other"), MessageStatus.ACCEPTED)
        world.meta.settings.pair_burst = 4
        await asyncio.gather(*(world.wait_for(one, MessageStatus.ACCEPTED) for one in burst))

    assert world.list_texts(to=PHONE) == [f"{number}" for number in range(4)]
    assert len(world.list_tries(burst[0])) == 1


async def test_refusals_for_rate_lose_and_repeat_nothing(
    world: OutboxWorld, cloud_server: FakeCloudServer
) -> None:
    customers = [await world.add_customer(phone=f"1650{number:07}") for number in range(10)]
    texts = [f"{number}" for number in range(4)]
    messages = [await world.queue(customer, text) for text in texts for customer in customers]
    world.break_sends("error", code=THROUGHPUT_HIT, http_status=429, times=6)
    world.break_sends("error", code=PAIR_LIMIT_HIT, to="16500000000", times=2)

    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(running_process(world.settings, world.timeouts))
        await eventually(is_outbox_empty, seconds=120)

    assert list_refusals(world) == {THROUGHPUT_HIT, PAIR_LIMIT_HIT}
    assert world.meta.requests.accepted_counts == {str(message.id): 1 for message in messages}
    for number in range(10):
        assert world.list_texts(to=f"1650{number:07}") == texts


def list_refusals(world: OutboxWorld) -> set[int]:
    answers = [request.answer or {} for request in world.meta.requests.requests]
    return {answer["error"]["code"] for answer in answers if "error" in answer}


async def was_limited(world: OutboxWorld) -> bool:
    return PAIR_LIMIT_HIT in list_refusals(world)
