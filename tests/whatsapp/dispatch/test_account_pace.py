"""An account's rate, pauses and circuit breaker; its next owner continues with them."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest

from models import Conversation, HealthState, MessageStatus, Partition
from tests.fixtures.outbox import OutboxWorld, get_message
from tests.fixtures.owners import read_partition
from tests.fixtures.waiting import eventually
from whatsapp.common.circuit_breaker import FAILURES_TO_OPEN


async def has_failures(world: OutboxWorld) -> bool:
    partition = await Partition.get(world.account.id)
    return partition is not None and partition.failures >= FAILURES_TO_OPEN


async def test_outage_costs_all_processes_together_few_messages(world: OutboxWorld) -> None:
    """The breaker stays open when the account gets another owner."""
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(15)]
    world.break_sends("html", times=None)
    slow: dict[str, Any] = {"account_sends": 1, "retry_base_seconds": 600.0}

    async with AsyncExitStack() as stack:
        async with world.dispatching(**slow):
            for each in many:
                await world.queue(each)
            await eventually(lambda: has_failures(world))
            first = (await read_partition(world)).owner
            # Started when the account has its owner, which stops now.
            await stack.enter_async_context(world.dispatching(**slow))
        await eventually(lambda: has_new_owner(world, first))
        await asyncio.sleep(world.timeouts.reconcile_seconds * 2)

    assert len(world.meta.requests.requests) == FAILURES_TO_OPEN


async def has_new_owner(world: OutboxWorld, earlier: object) -> bool:
    return (await read_partition(world)).owner not in (None, earlier)


async def test_requested_pause_outlives_owner(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("throttle", retry_after=60)
    other = await world.add_customer(phone="16505550002")

    async with world.dispatching():
        refused = await world.queue(conversation)

        async def is_stored() -> bool:
            partition = await Partition.get(world.account.id)
            return partition is not None and partition.paused_until is not None

        await eventually(is_stored)
    waiting = await world.queue(other)
    async with world.dispatching():
        await asyncio.sleep(world.timeouts.reconcile_seconds * 2)

    assert [len(world.list_tries(message)) for message in (refused, waiting)] == [1, 0]
    assert (await get_message(waiting.id)).status is MessageStatus.QUEUED
    assert (await read_partition(world)).reduced_rate is not None


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

    said = [one.message for one in caplog.records if "answer" in one.message]
    assert len(world.list_texts()) == len(many) - FAILURES_TO_OPEN
    assert ["does not answer" in said[0], "answers again" in said[1], len(said)] == [True, True, 2]
    assert (await read_partition(world)).failures == 0


async def test_errors_of_broken_down_meta_count_as_silence(world: OutboxWorld) -> None:
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(10)]
    world.break_sends("error", code=131016, times=None)

    async with world.dispatching(account_sends=1, retry_base_seconds=600.0):
        for each in many:
            await world.queue(each)
        await eventually(lambda: has_failures(world))

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


async def test_idle_account_costs_nothing(world: OutboxWorld) -> None:
    async with world.dispatching():
        await asyncio.sleep(world.timeouts.reconcile_seconds * 2)

    assert await Partition.count() == 0
