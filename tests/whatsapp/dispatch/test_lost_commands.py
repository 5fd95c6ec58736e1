"""Commands to MongoDB whose answers are lost, or that are executed late."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect, OperationFailure

from models import Conversation, MessageStatus, OutboxState
from tests.fixtures.outbox import OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.outbox_transitions import record_accepted
from whatsapp.dispatch.queues import findings

Write = Callable[[], Awaitable[Any]]
Fault = Callable[[Write], Awaitable[Any]]


def find_state(writes: Sequence[Any]) -> str | None:
    """Returns the state in the queue that the updates set."""
    changes: Any = writes[0]._doc if isinstance(writes[0], UpdateOne) else None
    if not isinstance(changes, dict):  # an insert, or a pipeline
        return None
    state: str | None = changes.get("$set", {}).get("outbox_state")
    return state


@pytest.fixture
def break_writes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the next group writes that set this state through the faults, in order."""
    original = AsyncCollection.bulk_write

    def break_them(*faults: Fault, sets: OutboxState) -> None:
        waiting = iter(faults)

        async def bulk_write(self: Any, writes: Any, **options: Any) -> Any:
            async def write() -> Any:
                return await original(self, writes, **options)

            fault = next(waiting, None) if find_state(writes) == sets.value else None
            return await (write() if fault is None else fault(write))

        monkeypatch.setattr(AsyncCollection, "bulk_write", bulk_write)

    return break_them


async def lose_request(_write: Write) -> None:
    raise AutoReconnect("connection closed")


async def lose_answer(write: Write) -> None:
    await write()
    raise AutoReconnect("connection closed")


@pytest.mark.parametrize("fault", [lose_request, lose_answer])
async def test_lost_claim_sends_once(
    world: OutboxWorld,
    conversation: Conversation,
    break_writes: Callable[..., None],
    fault: Fault,
) -> None:
    break_writes(fault, sets=OutboxState.SENDING)

    async with world.dispatching():
        first = await world.queue(conversation, "A")
        last = await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)
        first = await world.wait_for(first, MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "B"]
    assert (first.attempts, last.attempts) == (1, 1)


async def test_claim_that_is_executed_late_is_returned(
    world: OutboxWorld, conversation: Conversation, break_writes: Callable[..., None]
) -> None:
    late: list[Write] = []

    async def delay(write: Write) -> None:
        late.append(write)
        raise AutoReconnect("connection closed")

    async def run_late_first(write: Write) -> Any:
        await late[0]()
        return await write()

    break_writes(delay, run_late_first, sets=OutboxState.SENDING)

    async with world.dispatching():
        first = await world.queue(conversation, "A")
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)
        first = await world.wait_for(first, MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "B"]
    # No request was begun under the late claim.
    assert first.attempts == 1


async def test_answer_is_stored_once_database_is_back(
    world: OutboxWorld,
    conversation: Conversation,
    break_writes: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([AutoReconnect(), AutoReconnect()])

    async def fail_twice(*arguments: Any, **more: Any) -> Any:
        for failure in failures:
            raise failure
        return await record_accepted(*arguments, **more)

    break_writes(lose_request, sets=OutboxState.DONE)
    monkeypatch.setattr("whatsapp.dispatch.recording.record_accepted", fail_twice)
    async with world.dispatching():
        await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    assert world.list_texts() == ["Hello"]
    assert next(failures, None) is None


async def test_unknown_outcome_that_is_not_recorded_is_not_sent_again(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MongoDB refuses to store it for good; other conversations go on."""
    refusals = 0

    async def refuse(*_arguments: Any, **_more: Any) -> bool:
        nonlocal refusals
        refusals += 1
        raise OperationFailure("the document is too large", code=10334)

    monkeypatch.setattr(outbox_transitions, "record_unknown", refuse)
    monkeypatch.setattr(findings, "BUSY_SECONDS", 0.05)
    world.break_sends("cut", text="A")
    other = await world.add_customer(phone="16505550002")

    async with world.dispatching():
        lost = await world.queue(conversation, "A")

        async def is_refused() -> bool:
            return refusals >= 2

        await eventually(is_refused)
        await asyncio.sleep(0.5)  # it is read again many times
        await world.wait_for(await world.queue(other, "B"), MessageStatus.ACCEPTED)
        assert len(world.list_tries(lost)) == 1
        assert (await get_message(lost.id)).outbox_state is OutboxState.SENDING
