"""Accounts of killed, stalled and stopped processes continue without duplicates or loss."""

import asyncio
import contextlib
import signal
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from beanie import PydanticObjectId

from models import Conversation, Member, Message, MessageStatus, OutboxState, Partition
from models.database.base import collection, new_id, utc_now
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import HeldAnswers, OutboxWorld, get_message, make_uploads
from tests.fixtures.owners import (
    LONG_SECONDS,
    claim,
    end_lease,
    expire_leases,
    read_partition,
    take_account,
)
from tests.fixtures.waiting import eventually
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.dispatch import outbox_transitions, ownership
from whatsapp.dispatch.attempt import Attempt
from whatsapp.dispatch.claims import Claims
from whatsapp.dispatch.documents import create_document_reads
from whatsapp.dispatch.members.membership import Lease
from whatsapp.dispatch.members.partitions import own, own_all, release, store_pace, take_over
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.dispatch.recording import Acceptances
from whatsapp.dispatch.summaries import SummaryUpdates
from whatsapp.dispatch.tools import Tools


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


async def test_stopping_process_hands_over(world: OutboxWorld, conversation: Conversation) -> None:
    """The next process waits for no lease. Other conversations are ready during the stop."""
    held = HeldAnswers(world.transport)
    other = await world.add_customer(phone="16505550002")

    async with AsyncExitStack() as stack:
        async with world.dispatching(
            transport=held, account_sends=1, member_lease_seconds=LONG_SECONDS
        ):
            messages = [await world.queue(conversation, text) for text in "AB"]
            last = await world.queue(other, "C")
            await eventually(lambda: has_request(world))
            await stack.enter_async_context(
                world.dispatching(reconcile_seconds=LONG_SECONDS, member_lease_seconds=LONG_SECONDS)
            )
            # The answer comes while it stops.
            asyncio.get_running_loop().call_later(0.1, held.release)
        assert (await get_message(messages[0].id)).status is MessageStatus.ACCEPTED
        await world.wait_for(messages[1], MessageStatus.ACCEPTED)
        await world.wait_for(last, MessageStatus.ACCEPTED)

    assert world.list_texts(to="16505551234") == ["A", "B"]
    assert set(world.meta.requests.accepted_counts.values()) == {1}


async def test_request_that_outlives_shutdown_is_unknown(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("timeout", seconds=30)

    async with world.dispatching(dispatcher_shutdown_seconds=0.1, member_lease_seconds=600.0):
        message = await world.queue(conversation)
        await eventually(lambda: has_request(world))

    assert (await get_message(message.id)).status is MessageStatus.UNKNOWN
    assert await Member.count() == 0


async def test_account_has_single_owner(world: OutboxWorld) -> None:
    takers = [new_id() for _ in range(10)]

    taken = await asyncio.gather(*(own(world.account.id, taker) for taker in takers))

    [partition] = [one for one in taken if one is not None]
    assert (partition.owner in takers, partition.fence) == (True, 1)
    dead = {world.account.id: partition.owner or new_id()}
    takeovers = await asyncio.gather(*(take_over(dead, new_id()) for _ in takers))
    assert [one.fence for owned in takeovers for one in owned] == [2]


async def test_earlier_owner_changes_nothing(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    frozen = await take_account(world)
    await end_lease(frozen.lease.member_id)
    assert frozen.partition.owner is not None
    [owner] = await take_over({world.account.id: frozen.partition.owner}, new_id())

    await store_pace(frozen.partition, {"failures": 7})
    await release([frozen.partition])

    assert await read_partition(world) == owner
    # A retry that the new owner has claimed once is not claimed under the lower fence.
    returned = {"outbox_state": OutboxState.READY.value, "fence": owner.fence}
    await collection(Message).update_one({"_id": message.id}, {"$set": returned})
    assert await claim(frozen, message) is None
    assert (await get_message(message.id)).outbox_state is OutboxState.READY


async def test_resumed_process_reports_unsent_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    frozen = await take_account(world)
    assert await claim(frozen, message) is not None
    await expire_leases()
    async with world.dispatching():
        await world.wait_for(message, MessageStatus.UNKNOWN)
        await outbox_transitions.return_message(
            QueuedMessage.from_message(message), fence=frozen.fence
        )

    failed = await get_message(message.id)
    assert (failed.status, failed.outbox_state) == (MessageStatus.FAILED, OutboxState.DONE)
    assert [(error.title, error.retryable) for error in failed.errors] == [("Not sent", True)]
    assert not world.meta.requests.requests


async def test_resumed_process_records_answer(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held):
        message = await world.wait_for(await world.queue(conversation), MessageStatus.SENDING)
        await collection(Partition).update_one({"_id": world.account.id}, {"$inc": {"fence": 1}})
        unknown = {"outbox_state": "HOLDING", "status_rank": MessageStatus.UNKNOWN.rank}
        await collection(Message).update_one({"_id": message.id}, {"$set": unknown})
        held.release()
        sent = await world.wait_for(message, MessageStatus.ACCEPTED)

    assert sent.wamid == world.meta.requests.list_sends()[0].message_id
    assert sent.outbox_state is OutboxState.DONE


async def test_resumed_process_leaves_new_owners_message_alone(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    frozen = await take_account(world)
    await end_lease(frozen.lease.member_id)
    assert frozen.partition.owner is not None
    await collection(Partition).update_one({}, {"$set": {"owner": None}})
    owner = await take_account(world)
    assert await claim(owner, message) is not None

    attempt = Attempt(
        frozen,
        QueuedMessage.from_message(message),
        time.monotonic(),
        make_tools(world),
        on_departure=lambda: None,
    )
    assert await attempt.run() == 0.0

    found = await get_message(message.id)
    assert (found.status, found.fence) == (MessageStatus.SENDING, owner.fence)
    assert not world.meta.requests.requests


def make_tools(world: OutboxWorld) -> Tools:
    http = httpx.AsyncClient(transport=world.transport)
    cloud_api = CloudAPI(http, settings=world.settings)
    return Tools(
        settings=world.settings,
        timeouts=world.timeouts,
        keyring=world.keyring,
        cloud_api=cloud_api,
        uploads=make_uploads(world.settings, world.keyring, cloud_api),
        claims=Claims(),
        documents=create_document_reads(),
        acceptances=Acceptances(),
        summaries=SummaryUpdates(),
        is_stopping=lambda: False,
    )


async def test_late_claim_of_earlier_owner_becomes_unknown(
    world: OutboxWorld, conversation: Conversation
) -> None:
    """A message that no owner has claimed has no fence, so that an earlier owner may claim it."""
    message = await world.queue(conversation)
    frozen = await take_account(world)
    await expire_leases()
    paused = {"paused_until": utc_now().replace(year=2100)}  # so that nothing else claims it
    await collection(Partition).update_one({"_id": world.account.id}, {"$set": paused})

    async with world.dispatching():
        await eventually(lambda: has_other_owner(world, frozen.lease.member_id))
        assert await claim(frozen, message) is not None
        await world.wait_for(message, MessageStatus.UNKNOWN)

    assert not world.meta.requests.requests


async def has_other_owner(world: OutboxWorld, member_id: PydanticObjectId) -> bool:
    return (await read_partition(world)).owner not in (None, member_id)


async def test_process_taken_for_dead_sends_as_new_member(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching(send_deadline_seconds=4.0, member_lease_seconds=6.0):
        await world.wait_for(await world.queue(conversation, "A"), MessageStatus.ACCEPTED)
        before = await read_partition(world)
        assert before.owner is not None

        # It froze for longer than its lease, and another process took its account.
        await end_lease(before.owner)
        other = Lease(new_id(), ends_at=0.0)
        await Member(
            id=other.member_id, name="other", leased_until=utc_now().replace(year=2100)
        ).insert()
        assert await take_over({world.account.id: before.owner}, other.member_id)
        await eventually(lambda: is_new_member(before.owner, other.member_id))
        message = await world.queue(conversation, "B")
        await asyncio.sleep(world.timeouts.reconcile_seconds * 2)
        assert (await get_message(message.id)).status is MessageStatus.QUEUED
        await end_lease(other.member_id)
        await world.wait_for(message, MessageStatus.ACCEPTED)
        after = await read_partition(world)

    assert after.owner not in (before.owner, other.member_id)
    assert after.fence > before.fence
    assert world.list_texts() == ["A", "B"]


async def is_new_member(*earlier: PydanticObjectId | None) -> bool:
    return await Member.find({"_id": {"$nin": list(earlier)}}).count() == 1


async def test_account_is_taken_once_by_same_process(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search for dead owners meets an account that this process is about to own."""
    held, is_found = HeldAnswers(world.transport), asyncio.Event()

    async def own_slowly(*arguments: Any) -> Any:
        taken = await own_all(*arguments)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_found.wait(), timeout=1.0)
        return taken

    async def take_slowly(*arguments: Any) -> Any:
        is_found.set()
        await eventually(lambda: has_request(world))
        return await take_over(*arguments)

    monkeypatch.setattr(ownership, "own_all", own_slowly)
    monkeypatch.setattr(ownership, "take_over", take_slowly)
    message = await world.queue(conversation)

    async with world.dispatching(transport=held):
        await eventually(lambda: has_request(world))
        await asyncio.sleep(world.timeouts.member_check_seconds * 2)
        held.release()
        sent = await world.wait_for(message, MessageStatus.ACCEPTED)

    assert list(sent.status_times) == ["queued", "sending", "accepted"]


async def test_without_time_for_whole_request_nothing_is_sent(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    remaining = iter([0.1])
    monkeypatch.setattr(Lease, "remaining_seconds", lambda _lease: next(remaining, 100.0))

    async with world.dispatching():
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    # The attempt that was given back does not count.
    assert (sent.attempts, world.list_texts()) == (1, ["Hello"])
    assert next(remaining, None) is None
