"""Everything at once: broken answers, a frozen process and a killed one. Run by `make soak`."""

import asyncio
import contextlib
import random
import signal
from typing import Any

import pytest

from models import Conversation, Message, MessageStatus
from models.base import collection
from sandbox.server import FakeCloudServer
from tests.fixtures.dispatcher_process import running_process
from tests.fixtures.outbox import OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.lanes import ACTIVE_STATES

CUSTOMERS = 40
ROUNDS = 20
FAULTS = ["timeout", "reset_before", "reset_after", "truncated", "cut", "html", "throttle"]

SETTLED = {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN}

pytestmark = pytest.mark.soak


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


async def is_outbox_empty() -> bool:
    waiting = {"outbox_state": {"$in": ACTIVE_STATES}}
    return await collection(Message).count_documents(waiting) == 0


async def test_no_message_is_sent_twice_lost_or_overtaken(
    world: OutboxWorld, cloud_server: FakeCloudServer
) -> None:
    conversations = [await world.add_customer(phone=name_phone(n)) for n in range(CUSTOMERS)]
    break_some(world)
    short = {"lane_lease_seconds": 2.0, "unknown_hold_seconds": 0.3}
    settings = world.settings.model_copy(update=short)

    async with (
        running_process(settings) as frozen,
        running_process(settings) as killed,
        running_process(settings),
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

    for customer in range(CUSTOMERS):
        texts = world.list_texts(to=name_phone(customer))
        assert texts == sorted(texts)
    await check_honesty(world)


# The two messages take a little more than 40 points; the last run ends without a kill.
@pytest.mark.parametrize("kill_point", range(1, 49))
async def test_a_kill_at_any_step_sends_nothing_twice_and_loses_nothing(
    world: OutboxWorld, cloud_server: FakeCloudServer, kill_point: int
) -> None:
    conversation = await world.add_customer()
    messages = [await world.queue(conversation, text) for text in "AB"]
    short: dict[str, Any] = {
        "lane_lease_seconds": 0.8,
        "send_deadline_seconds": 0.5,
        "unknown_hold_seconds": 0.1,
    }
    settings = world.settings.model_copy(update=short)

    async with running_process(settings, kill_point=kill_point) as process:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), timeout=3)
    async with world.dispatching(**short):
        await eventually(is_outbox_empty)

    assert world.list_texts() in (["A", "B"], ["A"], ["B"])
    for message in messages:
        assert (await get_message(message.id)).status in SETTLED
    await check_honesty(world)


async def check_honesty(world: OutboxWorld) -> None:
    """Nothing twice, and nothing shown as what it is not."""
    accepted = world.meta.requests.accepted_counts
    assert set(accepted.values()) <= {1}
    for message in await Message.find({"lane_number": {"$ne": None}}).to_list():
        assert message.status in {MessageStatus.ACCEPTED, MessageStatus.UNKNOWN} or (
            message.status is MessageStatus.FAILED and str(message.id) not in accepted
        )
        assert message.status is not MessageStatus.ACCEPTED or str(message.id) in accepted
