"""Lanes of killed, stalled and stopped processes continue without duplicates or loss."""

import asyncio
import signal
from typing import Any

import httpx
import pytest

from models import Conversation, Lane, Message, MessageStatus, OutboxState
from models.database.base import collection
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import HeldAnswers, OutboxWorld, get_message, make_uploads
from tests.fixtures.waiting import eventually
from whatsapp.accounts.account_gate import AccountGate
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.lane_worker import LaneWorker
from whatsapp.dispatch.pacing import Pacing
from whatsapp.dispatch.sending import Tools
from whatsapp.messages.lanes import (
    Lease,
    claim_lanes,
    find_due,
    release_lease,
    release_unless_woken,
    renew_lease,
    wake_lane,
)


async def take_lane(*, seconds: float = 600.0) -> Lease:
    due = await find_due(except_accounts=[], limit=1)
    (lease,) = await claim_lanes(due, "a test", lease_seconds=seconds)
    return lease


async def expire_leases() -> None:
    """As if their holders had been frozen or gone for longer than their leases."""
    past = {"leased_until": {"$subtract": ["$$NOW", 1]}}
    await collection(Lane).update_many({"leased_until": {"$ne": None}}, [{"$set": past}])


async def has_request(world: OutboxWorld) -> bool:
    return bool(world.meta.requests.requests)


async def was_tried(world: OutboxWorld, message: Message, *, accepted: bool) -> bool:
    """True if Meta has read the whole request."""
    return bool(world.list_tries(message)) and (not accepted or bool(world.list_texts()))


@pytest.mark.parametrize("accepts", [True, False])
async def test_killed_process_leaves_message_unknown(
    world: OutboxWorld, conversation: Conversation, cloud_server: FakeCloudServer, accepts: bool
) -> None:
    world.break_sends("timeout", seconds=30, accept=accepts, text="A")
    messages = [await world.queue(conversation, text) for text in "ABC"]

    async with running_process(world.settings, world.timeouts) as process:
        await eventually(lambda: was_tried(world, messages[0], accepted=accepts))
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await expire_leases()
    async with world.dispatching():
        await world.wait_for(messages[2], MessageStatus.ACCEPTED)

    assert (await get_message(messages[0].id)).status is MessageStatus.UNKNOWN
    assert world.list_texts() == ["A", "B", "C"][0 if accepts else 1 :]
    assert len(world.list_tries(messages[0])) == 1


async def test_stopping_process_releases_lanes(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, lane_lease_seconds=600.0):
        messages = [await world.queue(conversation, text) for text in "AB"]
        await eventually(lambda: has_request(world))
        # The answer comes while it stops.
        asyncio.get_running_loop().call_later(0.1, held.release)

    assert (await get_message(messages[0].id)).status is MessageStatus.ACCEPTED
    assert (await get_message(messages[1].id)).status is MessageStatus.QUEUED
    async with world.dispatching():
        await world.wait_for(messages[1], MessageStatus.ACCEPTED)
    assert world.list_texts() == ["A", "B"]


async def test_request_that_outlives_shutdown_is_unknown(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("timeout", seconds=30)

    async with world.dispatching(dispatcher_shutdown_seconds=0.1, lane_lease_seconds=600.0):
        message = await world.queue(conversation)
        await eventually(lambda: has_request(world))

    assert (await get_message(message.id)).status is MessageStatus.UNKNOWN
    lane = await Lane.get(conversation.id)
    assert lane is not None
    assert lane.leased_until is None


async def test_lane_has_single_holder(world: OutboxWorld, conversation: Conversation) -> None:
    await world.queue(conversation)

    due = await find_due(except_accounts=[], limit=10)
    claims = await asyncio.gather(*(claim_lanes(due, f"{n}", lease_seconds=3) for n in range(10)))

    assert len(due) == 1
    assert sorted(len(leases) for leases in claims) == [0] * 9 + [1]


async def test_stale_fence_opens_nothing(world: OutboxWorld, conversation: Conversation) -> None:
    await world.queue(conversation)
    frozen = await take_lane()
    await expire_leases()
    owner = await take_lane()

    assert owner.fence == frozen.fence + 1
    assert not await renew_lease(frozen)
    assert not await release_unless_woken(frozen, next_attempt_at=None)
    await release_lease(frozen)
    assert await renew_lease(owner)


async def test_lane_woken_during_check_is_kept(
    world: OutboxWorld, conversation: Conversation
) -> None:
    await world.queue(conversation)
    lease = await take_lane()
    await wake_lane(conversation.id)

    assert not await release_unless_woken(lease, next_attempt_at=None)
    assert await renew_lease(lease)
    assert await release_unless_woken(lease, next_attempt_at=None)


async def test_resumed_worker_reports_unsent_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    frozen = await take_lane()
    await outbox_transitions.claim_message(message, fence=frozen.fence)
    await expire_leases()
    async with world.dispatching():
        await world.wait_for(message, MessageStatus.UNKNOWN)
        await outbox_transitions.return_message(message.id, fence=frozen.fence)

    failed = await get_message(message.id)
    assert (failed.status, failed.outbox_state) == (MessageStatus.FAILED, OutboxState.DONE)
    assert [(error.title, error.retryable) for error in failed.errors] == [("Not sent", True)]
    assert not world.meta.requests.requests


async def test_resumed_worker_records_answer(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held):
        message = await world.wait_for(await world.queue(conversation), MessageStatus.SENDING)
        await collection(Lane).update_one({"_id": conversation.id}, {"$inc": {"fence": 1}})
        unknown = {"outbox_state": "HOLDING", "status_rank": MessageStatus.UNKNOWN.rank}
        await collection(Message).update_one({"_id": message.id}, {"$set": unknown})
        held.release()
        sent = await world.wait_for(message, MessageStatus.ACCEPTED)

    assert sent.wamid == world.meta.requests.list_sends()[0].message_id
    assert sent.outbox_state is OutboxState.DONE


async def test_woken_worker_leaves_new_owners_message_alone(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    frozen = await take_lane()
    await expire_leases()
    owner = await take_lane()
    await outbox_transitions.claim_message(message, fence=owner.fence)

    await LaneWorker(frozen, make_tools(world)).run()

    assert (await get_message(message.id)).status is MessageStatus.SENDING
    assert await renew_lease(owner)


def make_tools(world: OutboxWorld) -> Tools:
    http = httpx.AsyncClient(transport=world.transport)
    cloud_api = CloudAPI(http, settings=world.settings)
    return Tools(
        settings=world.settings,
        timeouts=world.timeouts,
        keyring=world.keyring,
        cloud_api=cloud_api,
        uploads=make_uploads(world.settings, world.keyring, cloud_api),
        pacing=Pacing(
            rate=world.settings.send_rate_per_account,
            timeouts=world.timeouts,
            gate=AccountGate(lanes_per_account=1, probe_seconds=1.0),
            wake=lambda: None,
        ),
        wake_later=lambda _seconds: None,
        is_stopping=lambda: False,
    )


async def test_without_time_for_whole_request_nothing_is_sent(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough before the message is looked at and taken, too little afterwards.
    remaining = iter([100.0, 100.0, 0.1])
    monkeypatch.setattr(Lease, "remaining_seconds", lambda _lease: next(remaining, 100.0))

    async with world.dispatching():
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    # The try that was given back does not count.
    assert (sent.attempts, world.list_texts()) == (1, ["Hello"])
    assert next(remaining, None) is None


async def test_crash_before_waking_loses_nothing(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    await collection(Lane).update_one({"_id": conversation.id}, {"$set": {"next_attempt_at": None}})

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)


async def test_answer_is_stored_once_database_is_back(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.errors import AutoReconnect

    record, failures = outbox_transitions.record_accepted, iter([AutoReconnect(), AutoReconnect()])

    async def fail_twice(*arguments: Any, **more: Any) -> bool:
        for failure in failures:
            raise failure
        return await record(*arguments, **more)

    monkeypatch.setattr(outbox_transitions, "record_accepted", fail_twice)
    async with world.dispatching():
        await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    assert world.list_texts() == ["Hello"]
