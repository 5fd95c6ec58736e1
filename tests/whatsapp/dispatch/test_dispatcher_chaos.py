"""Frozen and killed processes and broken answers: no loss, no duplicates, no wrong status.

`make test` runs a sample of the cases of `make soak`.
"""

import asyncio
import contextlib
import random
import signal
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from beanie import PydanticObjectId

from models import Conversation, Message, MessageStatus
from models.database.base import utc_now
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import OutboxWorld, get_message, is_outbox_empty
from tests.fixtures.owners import expire_leases
from tests.fixtures.waiting import eventually
from whatsapp.common.capacity import Capacity
from whatsapp.messages.statuses import StatusUpdate, record_status

CUSTOMERS = 40
ROUNDS = 20
FAULTS = ["timeout", "reset_before", "reset_after", "truncated", "cut", "html", "throttle"]

SETTLED = {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN}

SENDS = 8  # requests of the account that are under way at the same time
# Up to the first claim there are about 27 points where the process may end, and 25 more up to the
# next; searches and changes put some between.
SAMPLED_KILLS = (7, 19, 24, 28, 30, 32, 34, 36, 41, 47)


def name_phone(customer: int) -> str:
    return f"1650555{customer:04}"


def break_some(world: OutboxWorld) -> None:
    chooser = random.Random(7)
    for kind in chooser.choices(FAULTS, k=CUSTOMERS * ROUNDS // 10):
        to, text = name_phone(chooser.randrange(CUSTOMERS)), f"{chooser.randrange(ROUNDS):03}"
        seconds = {"seconds": 5} if kind == "timeout" else {}
        world.break_sends(kind, to=to, text=text, **seconds)


async def queue_rounds(world: OutboxWorld, conversations: list[Conversation]) -> None:
    for number in range(ROUNDS):
        await asyncio.gather(*(world.queue(each, f"{number:03}") for each in conversations))


async def queue_many(
    world: OutboxWorld, conversations: list[Conversation], *, each: int
) -> list[Message]:
    """Messages numbered within each conversation."""
    queued: list[Message] = []
    for number in range(each):
        for start in range(0, len(conversations), 50):
            part = conversations[start : start + 50]
            queued += await asyncio.gather(*(world.queue(one, f"{number:03}") for one in part))
    return queued


async def has_accepted(world: OutboxWorld, number: int) -> bool:
    return len(world.meta.requests.list_sends()) >= number


@pytest.mark.parametrize(
    ("customers", "each", "lease_seconds", "frozen_seconds"),
    [(40, 5, 12.0, 14.0), pytest.param(400, 10, 30.0, 90.0, marks=pytest.mark.soak)],
)
async def test_accounts_of_dead_processes_are_taken_over(
    world: OutboxWorld,
    cloud_server: FakeCloudServer,
    customers: int,
    each: int,
    lease_seconds: float,
    frozen_seconds: float,
) -> None:
    conversations = [await world.add_customer(phone=name_phone(n)) for n in range(customers)]
    world.meta.settings.answer_delay = 0.05
    capacity = Capacity(account_sends=SENDS)
    timeouts = replace(
        world.timeouts,
        member_lease_seconds=lease_seconds,
        # So long that a slow answer is not taken for lost on a slow machine.
        send_deadline_seconds=lease_seconds * 0.6,
        unknown_hold_seconds=0.3,
    )

    async with AsyncExitStack() as stack:
        frozen, killed, *_ = [
            await stack.enter_async_context(
                running_process(world.settings, timeouts, capacity=capacity)
            )
            for _ in range(4)
        ]
        feeding = asyncio.create_task(queue_many(world, conversations, each=each))
        await eventually(lambda: has_accepted(world, 40), seconds=60)
        frozen.send_signal(signal.SIGSTOP)
        killed.send_signal(signal.SIGKILL)
        await asyncio.sleep(frozen_seconds)
        messages = await feeding
        frozen.send_signal(signal.SIGCONT)
        await eventually(is_outbox_empty, seconds=60 + len(messages) / 10)

    accepted = world.meta.requests.accepted_counts
    statuses = {one.id: (await get_message(one.id)).status for one in messages}
    unsure = [one for one in statuses if statuses[one] is not MessageStatus.ACCEPTED]
    assert set(accepted.values()) == {1}
    # The outcome of messages under way in the two processes may be unknown.
    assert len(unsure) <= 2 * SENDS
    assert all(str(one) in accepted for one in statuses if one not in unsure)
    check_order(world, customers)
    await check_honesty(world)


@pytest.mark.soak
async def test_no_message_is_sent_twice_lost_or_overtaken(
    world: OutboxWorld, cloud_server: FakeCloudServer
) -> None:
    conversations = [await world.add_customer(phone=name_phone(n)) for n in range(CUSTOMERS)]
    break_some(world)
    settings = world.settings
    timeouts = replace(world.timeouts, member_lease_seconds=2.0, unknown_hold_seconds=0.3)

    async with (
        running_process(settings, timeouts) as frozen,
        running_process(settings, timeouts) as killed,
        running_process(settings, timeouts),
    ):
        feeding = asyncio.create_task(queue_rounds(world, conversations))
        await asyncio.sleep(1)
        frozen.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1)
        killed.send_signal(signal.SIGKILL)
        await feeding
        await asyncio.sleep(3 * 2.0)
        frozen.send_signal(signal.SIGCONT)
        await eventually(is_outbox_empty, seconds=120)

    check_order(world, CUSTOMERS)
    await check_honesty(world)


def check_order(world: OutboxWorld, customers: int) -> None:
    for customer in range(customers):
        texts = world.list_texts(to=name_phone(customer))
        assert texts == sorted(texts)


@pytest.mark.parametrize(
    "kill_point",
    [
        number if number in SAMPLED_KILLS else pytest.param(number, marks=pytest.mark.soak)
        # The two messages take fewer points; the last runs end without a kill.
        for number in range(1, 91)
    ],
)
async def test_kill_at_any_step_loses_and_doubles_nothing(
    world: OutboxWorld, cloud_server: FakeCloudServer, kill_point: int
) -> None:
    conversation = await world.add_customer()
    messages = [await world.queue(conversation, text) for text in "AB"]
    timeouts = replace(world.timeouts, unknown_hold_seconds=0.1)

    async with running_process(world.settings, timeouts, kill_point=kill_point) as process:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), timeout=3)
    await expire_leases()
    async with world.dispatching(unknown_hold_seconds=0.1):
        await eventually(is_outbox_empty)

    assert world.list_texts() in (["A", "B"], ["A"], ["B"])
    for message in messages:
        assert (await get_message(message.id)).status in SETTLED
    await check_honesty(world)
    await check_statuses_settle(world)


async def check_statuses_settle(world: OutboxWorld) -> None:
    """The first status settles a send with a lost answer."""
    for request in world.meta.requests.list_sends():
        message_id = PydanticObjectId(request.callback_data)
        update = StatusUpdate(
            name="sent", at=utc_now(), message_id=message_id, wamid=request.message_id
        )
        await record_status(world.account.id, update)
        assert (await get_message(message_id)).status is MessageStatus.SENT


async def check_honesty(world: OutboxWorld) -> None:
    """No duplicates and no wrong status."""
    accepted = world.meta.requests.accepted_counts
    assert set(accepted.values()) <= {1}
    for message in await Message.find({"outbox_state": {"$ne": None}}).to_list():
        assert message.status in {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN} or (
            message.status is MessageStatus.FAILED and str(message.id) not in accepted
        )
        assert message.status is not MessageStatus.ACCEPTED or str(message.id) in accepted
