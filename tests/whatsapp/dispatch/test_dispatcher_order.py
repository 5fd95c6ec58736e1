"""Order: the messages of a conversation reach Meta as they were queued, each of them once."""

import asyncio
import random
from contextlib import AsyncExitStack

import httpx

from models import Conversation, MessageStatus
from tests.fixtures.outbox import HeldAnswers, OutboxWorld, get_contact, get_message
from tests.fixtures.waiting import eventually


class UnevenTransport(httpx.AsyncBaseTransport):
    """Each request takes another time to Meta, and each answer back."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(random.uniform(0, 0.03))
        response = await self.inner.handle_async_request(request)
        await asyncio.sleep(random.uniform(0, 0.03))
        return response


async def test_queued_message_is_sent_and_shows_its_steps(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching():
        queued = await world.queue(conversation, "Good morning")
        sent = await world.wait_for(queued, MessageStatus.ACCEPTED)

    assert world.list_texts() == ["Good morning"]
    assert sent.wamid == world.meta.requests.list_sends()[0].message_id
    assert list(sent.status_times) == ["queued", "sending", "accepted"]
    assert sent.attempts == 1


async def test_four_dispatchers_keep_order_of_each_conversation(world: OutboxWorld) -> None:
    phones = ["16505550001", "16505550002", "16505550003"]
    conversations = [await world.add_customer(phone=phone) for phone in phones]
    texts = [f"number {number}" for number in range(30)]

    async with AsyncExitStack() as stack:
        assert world.transport is not None
        for _ in range(4):
            uneven = UnevenTransport(world.transport)
            await stack.enter_async_context(world.dispatching(transport=uneven))
        for text in texts:
            await asyncio.gather(*(world.queue(each, text) for each in conversations))

        async def count_sends() -> bool:
            return len(world.list_texts()) == 90

        await eventually(count_sends)

    assert [world.list_texts(to=phone) for phone in phones] == [texts, texts, texts]
    assert set(world.meta.requests.accepted_counts.values()) == {1}


async def test_slow_conversation_delays_no_other(world: OutboxWorld) -> None:
    slow, quick = await world.add_customer(), await world.add_customer(phone="16505550002")
    world.break_sends("timeout", to="16505551234", seconds=600)

    async with world.dispatching(dispatcher_shutdown_seconds=0.1):
        stuck = await world.queue(slow)
        sent = await world.wait_for(await world.queue(quick), MessageStatus.ACCEPTED)

    assert (await get_message(stuck.id)).status is not MessageStatus.ACCEPTED
    assert sent.attempts == 1


async def test_concurrent_sends_are_limited_per_account(world: OutboxWorld) -> None:
    held = HeldAnswers(world.transport)
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(8)]

    async def are_two_open() -> bool:
        return len(world.meta.requests.requests) >= 2

    async with world.dispatching(transport=held, account_sends=2):
        messages = [await world.queue(each) for each in many]
        await eventually(are_two_open)
        # Several polls: time enough for a third to show.
        await asyncio.sleep(world.timeouts.member_check_seconds * 6)
        assert len(world.meta.requests.requests) == 2
        held.release()
        await asyncio.gather(*(world.wait_for(each, MessageStatus.ACCEPTED) for each in messages))


async def test_number_in_metas_answer_joins_contact(world: OutboxWorld) -> None:
    conversation = await world.add_customer(phone="5511912345678")

    async with world.dispatching():
        await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    answered = world.meta.requests.list_sends()[0].answer["contacts"][0]["wa_id"]
    assert answered in [one.value for one in (await get_contact(conversation)).identities]
