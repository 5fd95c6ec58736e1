"""Broken connections and answers: no duplicates, no loss, no wrong status."""

import asyncio
import time
from typing import Any

import pytest
from beanie import PydanticObjectId

from models import Conversation, MessageStatus, OutboxState, Partition
from models.database.base import utc_now
from sandbox.server import FakeCloudServer
from tests.fixtures.outbox import HeldAnswers, OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.common.circuit_breaker import FAILURES_TO_OPEN
from whatsapp.messages.statuses import StatusUpdate, record_status

pytestmark = pytest.mark.usefixtures("cloud_server")

FAULTS: list[dict[str, Any]] = [
    {"kind": "timeout", "seconds": 600},
    {"kind": "timeout", "seconds": 600, "accept": False},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncated"},
    {"kind": "cut"},
    {"kind": "html", "http_status": 500},
    {"kind": "html", "http_status": 502},
    {"kind": "html", "http_status": 429},
    {"kind": "slow_drip", "seconds": 0.1},
    {"kind": "huge", "megabytes": 1024},
    {"kind": "redirect"},
]
SLOW = {"timeout", "slow_drip"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
async def test_lost_answer_is_unknown_and_never_sent_again(
    world: OutboxWorld, conversation: Conversation, fault: dict[str, Any]
) -> None:
    world.break_sends(**{**fault, "text": "A"})

    hurried: dict[str, Any] = {"send_deadline_seconds": 0.5} if fault["kind"] in SLOW else {}

    async with world.dispatching(unknown_hold_seconds=0.2, **hurried):
        unknown = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.UNKNOWN)
    async with world.dispatching(unknown_hold_seconds=0.2):
        behind = await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert len(world.list_tries(unknown)) <= 1
    assert [request.endpoint for request in world.meta.requests.requests][-1] == "messages"
    held = behind.status_times["sending"] - unknown.status_times["unknown"]
    assert held.total_seconds() >= 0.2
    assert (await get_message(unknown.id)).status is MessageStatus.UNKNOWN


async def test_status_settles_unknown_message_and_frees_its_conversation(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("reset_after", text="A")

    async with world.dispatching(unknown_hold_seconds=600):
        unknown = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.UNKNOWN)
        behind = await world.queue(conversation, "B")
        update = StatusUpdate(name="sent", at=utc_now(), message_id=unknown.id, wamid="wamid.A")
        await record_status(unknown.account_id, update)
        await world.wait_for(behind, MessageStatus.ACCEPTED)

    assert (await get_message(unknown.id)).status is MessageStatus.SENT
    assert world.list_texts() == ["A", "B"]


async def test_status_before_answer_stays(world: OutboxWorld, conversation: Conversation) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held):
        message = await world.wait_for(await world.queue(conversation), MessageStatus.SENDING)
        update = StatusUpdate(name="delivered", at=utc_now(), message_id=message.id)
        await record_status(message.account_id, update)
        held.release()
        await eventually(lambda: _has_wamid(message.id))

    found = await get_message(message.id)
    assert found.status is MessageStatus.DELIVERED
    assert "accepted" in found.status_times


async def _has_wamid(message_id: PydanticObjectId) -> bool:
    return (await get_message(message_id)).wamid is not None


async def test_status_that_knows_only_wamid_waits_for_answer(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.meta.settings.sent_delay = 600
    world.break_sends("slow_drip", seconds=0.002)

    async with world.dispatching(send_deadline_seconds=30.0):
        message = await world.queue(conversation)
        await eventually(lambda: _is_accepted_by_meta(world))
        wamid = world.meta.requests.list_sends()[0].message_id
        update = StatusUpdate(name="read", at=utc_now(), wamid=wamid)
        await record_status(message.account_id, update)
        await world.wait_for(message, MessageStatus.READ)


async def _is_accepted_by_meta(world: OutboxWorld) -> bool:
    return bool(world.meta.requests.list_sends())


async def test_unreachable_meta_loses_no_message(
    world: OutboxWorld, conversation: Conversation, cloud_server: FakeCloudServer
) -> None:
    await cloud_server.stop()

    async with world.dispatching():
        messages = [await world.queue(conversation, text) for text in "AB"]
        await eventually(lambda: _was_tried(messages[0].id))
        await cloud_server.start()
        await world.wait_for(messages[1], MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "B"]


async def test_message_fails_when_meta_stays_out_of_reach(
    world: OutboxWorld, conversation: Conversation, cloud_server: FakeCloudServer
) -> None:
    await cloud_server.stop()

    async with world.dispatching(retry_life_seconds=0.2, retry_base_seconds=0.01):
        failed = await world.wait_for(await world.queue(conversation), MessageStatus.FAILED)

    assert [(error.title, error.retryable) for error in failed.errors] == [("Not sent", True)]
    assert failed.attempts > 1


async def _was_tried(message_id: PydanticObjectId) -> bool:
    message = await get_message(message_id)
    return message.attempts > 0 and message.outbox_state is OutboxState.READY


async def test_silent_meta_costs_few_messages(
    world: OutboxWorld,
) -> None:
    many = [await world.add_customer(phone=f"1650555{number:04}") for number in range(20)]
    world.break_sends("timeout", seconds=600, times=None)

    async with world.dispatching(
        send_deadline_seconds=1.0, account_sends=2, retry_base_seconds=600.0
    ):
        messages = [await world.queue(each) for each in many]

        async def are_enough_failures() -> bool:
            partition = await Partition.get(world.account.id)
            return partition is not None and partition.failures >= FAILURES_TO_OPEN

        await eventually(are_enough_failures)
        await asyncio.sleep(0.5)

    # Two requests may have been under way when the last allowed failure came.
    assert len(world.meta.requests.requests) <= FAILURES_TO_OPEN + 1
    now = [(await get_message(message.id)).status for message in messages]
    assert now.count(MessageStatus.UNKNOWN) <= FAILURES_TO_OPEN + 1


async def test_total_deadline_holds_against_slow_drip(
    world: OutboxWorld, conversation: Conversation
) -> None:
    # Each byte would come in time, and the last of them after minutes.
    world.break_sends("slow_drip", seconds=0.3)

    async with world.dispatching(send_deadline_seconds=0.5):
        started = time.monotonic()
        await world.wait_for(await world.queue(conversation), MessageStatus.UNKNOWN)

    assert 0.4 < time.monotonic() - started < 30
