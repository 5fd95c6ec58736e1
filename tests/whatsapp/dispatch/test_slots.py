"""The rate of an account, shared by all senders."""

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import HealthState, MessageStatus, Pace
from models.database.base import collection, new_id
from tests.fixtures.outbox import OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.dispatch.slots import (
    FAILURES_TO_OPEN,
    Terms,
    clear_failures,
    count_failure,
    slow_down,
    take_slots,
)

TERMS = Terms(rate=50.0, probe_seconds=60.0)
pytestmark = pytest.mark.usefixtures("database")


async def test_concurrent_grants_follow_rate() -> None:
    account_id = new_id()
    first = await take_slots(account_id, count=1, terms=TERMS)
    before = await collection(Pace).find_one({"_id": account_id})

    grants = await asyncio.gather(
        *(take_slots(account_id, count=4, terms=TERMS) for _ in range(10))
    )

    after = await collection(Pace).find_one({"_id": account_id})
    assert before is not None
    assert after is not None
    assert (first.count, [grant.count for grant in grants]) == (1, [4] * 10)
    assert {grant.interval for grant in grants} == {0.02}
    # Each got its own: 40 slots take 40 intervals, or more where the clock was ahead of them.
    assert after["free_ms"] - before["free_ms"] >= 40 * 20


async def test_unused_slots_do_not_accumulate() -> None:
    account_id = new_id()
    await take_slots(account_id, count=1, terms=TERMS)
    await asyncio.sleep(0.1)

    grant = await take_slots(account_id, count=10, terms=TERMS)

    pace = await collection(Pace).find_one({"_id": account_id})
    assert pace is not None
    assert pace["start_ms"] == pace["now_ms"]
    assert grant.count == 10


async def test_refusal_for_rate_slows_account_for_while() -> None:
    account_id = new_id()
    await take_slots(account_id, count=1, terms=TERMS)

    # They count as a single excess, because they come within a second.
    await asyncio.gather(*(slow_down(account_id, TERMS, pause_seconds=0.0) for _ in range(5)))
    slowed = await take_slots(account_id, count=1, terms=TERMS)
    long_ago = {"$set": {"throttled_ms": 0.0}}
    await collection(Pace).update_one({"_id": account_id}, long_ago)
    recovered = await take_slots(account_id, count=1, terms=TERMS)

    assert 0.02 < slowed.interval <= 0.025
    assert recovered.interval == 0.02


async def test_retry_after_pauses_every_process() -> None:
    account_id = new_id()

    await slow_down(account_id, TERMS, pause_seconds=30.0)

    assert (await take_slots(account_id, count=5, terms=TERMS)).count == 0


async def test_unresponsive_meta_leaves_single_slot() -> None:
    account_id = new_id()
    soon = Terms(rate=50.0, probe_seconds=0.0)
    failures = [await count_failure(account_id, soon) for _ in range(FAILURES_TO_OPEN)]

    grants = await asyncio.gather(*(take_slots(account_id, count=9, terms=TERMS) for _ in range(8)))

    assert failures == [1, 2, 3, 4, 5]
    assert sorted(grant.count for grant in grants) == [0] * 7 + [1]
    assert await clear_failures(account_id)
    assert not await clear_failures(account_id)
    assert (await take_slots(account_id, count=9, terms=TERMS)).count == 9


async def test_outage_costs_all_processes_together_few_messages(world: OutboxWorld) -> None:
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(30)]
    world.break_sends("html", times=None)

    async with AsyncExitStack() as stack:
        for _ in range(3):
            one = world.dispatching(account_sends=1, retry_base_seconds=600.0)
            await stack.enter_async_context(one)
        for each in many:
            await world.queue(each)
        await eventually(lambda: is_silent(world))

    # Each of the other processes may have had a request under way when the fifth failed.
    assert FAILURES_TO_OPEN <= len(world.meta.requests.requests) <= FAILURES_TO_OPEN + 2


async def is_silent(world: OutboxWorld) -> bool:
    pace = await collection(Pace).find_one({"_id": world.account.id})
    return pace is not None and pace["failures"] >= FAILURES_TO_OPEN


async def test_answered_probe_resumes_sending(
    world: OutboxWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(12)]
    world.break_sends("html", times=FAILURES_TO_OPEN)

    async with world.dispatching(account_sends=1, retry_base_seconds=0.02):
        messages = [await world.queue(each) for each in many]

        async def have_ended() -> bool:
            now = [await get_message(one.id) for one in messages]
            return {one.status for one in now} == {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN}

        await eventually(have_ended)

    said = [one.message for one in caplog.records if one.name == "whatsapp.dispatch.pacing"]
    assert len(world.list_texts()) == len(many) - FAILURES_TO_OPEN
    assert ["does not answer" in said[0], "answers again" in said[1], len(said)] == [True, True, 2]


async def test_errors_of_broken_down_meta_count_as_silence(world: OutboxWorld) -> None:
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(10)]
    world.break_sends("error", code=131016, times=None)

    async with world.dispatching(account_sends=1, retry_base_seconds=600.0):
        for each in many:
            await world.queue(each)
        await eventually(lambda: is_silent(world))

    assert len(world.meta.requests.requests) == FAILURES_TO_OPEN
    assert world.account.health.state is HealthState.OK


async def test_all_messages_arrive_where_meta_enforces_rate(world: OutboxWorld) -> None:
    world.meta.settings.messages_per_second = 100
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(10)]

    async with AsyncExitStack() as stack:
        for _ in range(3):
            paced = world.dispatching(send_rate_per_account=100.0)
            await stack.enter_async_context(paced)
        messages = [await world.queue(each, f"{n:02}") for n in range(6) for each in many]
        for message in messages:
            await world.wait_for(message, MessageStatus.ACCEPTED)

    for number in range(10):
        assert world.list_texts(to=f"1650555{number:04}") == [f"{n:02}" for n in range(6)]


async def test_idle_account_costs_nothing(
    database: AsyncDatabase[dict[str, object]], world: OutboxWorld
) -> None:
    async with world.dispatching():
        await asyncio.sleep(world.timeouts.lane_poll_seconds * 5)

    assert await collection(Pace).count_documents({}) == 0
