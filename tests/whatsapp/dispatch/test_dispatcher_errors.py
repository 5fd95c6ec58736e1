"""Meta's errors: retries, failures, stopped accounts."""

import itertools
import logging
import time

import pytest

from models import Account, Conversation, HealthState, MessageStatus, OutboxState, Partition
from models.database.base import collection
from tests.fixtures.outbox import OutboxWorld, get_contact, get_message, let_window_close
from tests.fixtures.waiting import eventually
from whatsapp.accounts.accounts import set_account_enabled, update_account


@pytest.mark.parametrize("code", [2, 131000, 133004])
async def test_temporary_error_is_tried_again(
    world: OutboxWorld, conversation: Conversation, code: int
) -> None:
    world.break_sends("error", code=code, http_status=500)

    async with world.dispatching():
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    assert (sent.attempts, sent.errors) == (2, [])
    assert world.list_texts() == ["Hello"]


@pytest.mark.parametrize("code", [100, 131026, 131047, 131049, 132000])
async def test_permanent_error_fails_once_and_frees_conversation(
    world: OutboxWorld, conversation: Conversation, code: int
) -> None:
    world.break_sends("error", code=code, details="what was wrong", text="A")

    async with world.dispatching():
        failed = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.FAILED)
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert [(error.code, error.details) for error in failed.errors] == [(code, "what was wrong")]
    assert len(world.list_tries(failed)) == 1


async def test_pauses_grow_fourfold(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("error", code=131000, times=3)

    async with world.dispatching(retry_base_seconds=0.06):
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    tries = world.list_tries(sent)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    # Jitter may take 20 % from a pause, and add as much; a slow machine adds more.
    assert all(
        0.8 * pause <= waited <= 1.2 * pause + 3
        for waited, pause in zip(pauses, (0.06, 0.24, 0.96), strict=True)
    )


async def test_enough_tries_are_enough(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("error", code=131000, times=None, text="A")

    async with world.dispatching(retry_limit=2, retry_base_seconds=0.01):
        failed = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.FAILED)
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert len(world.list_tries(failed)) == 3
    assert [(error.code, error.retryable) for error in failed.errors] == [(131000, True)]


@pytest.mark.parametrize("code", [131016, 131056, 130429])
async def test_account_error_uses_no_attempts(
    world: OutboxWorld, conversation: Conversation, code: int
) -> None:
    world.break_sends("error", code=code, times=4)

    async with world.dispatching(retry_limit=0, retry_base_seconds=0.005):
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    assert (sent.attempts, sent.refusals) == (5, 0)


async def test_message_fails_when_its_life_is_over(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("error", code=131016, times=None, text="A")

    async with world.dispatching(retry_life_seconds=0.1, retry_base_seconds=0.01):
        failed = await world.wait_for(await world.queue(conversation, "A"), MessageStatus.FAILED)
        await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert [(error.code, error.retryable) for error in failed.errors] == [(131016, True)]


async def test_retry_never_lowers_status(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("error", code=131000, retry_after=60)

    async with world.dispatching():
        message = await world.queue(conversation)

        async def waits_again() -> bool:
            found = await get_message(message.id)
            return found.attempts == 1 and found.outbox_state is OutboxState.READY

        await eventually(waits_again)

    assert (await get_message(message.id)).status is MessageStatus.SENDING


async def test_retry_after_is_waited_for(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("throttle", retry_after=0.6)

    async with world.dispatching(retry_base_seconds=0.01):
        sent = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    first, second = world.list_tries(sent)
    assert second - first >= 0.6


async def test_pair_limit_slows_only_that_customer(world: OutboxWorld) -> None:
    limited, other = await world.add_customer(), await world.add_customer(phone="16505550002")
    world.break_sends("error", code=131056, to="16505551234", times=None)

    async with world.dispatching(retry_base_seconds=0.1):
        slow = await world.queue(limited)
        await eventually(lambda: _has_tries(world, slow.id))
        await world.wait_for(await world.queue(other), MessageStatus.ACCEPTED)
        world.meta.faults.clear()
        sent = await world.wait_for(slow, MessageStatus.ACCEPTED)

    tries = itertools.pairwise(world.list_tries(sent))
    assert all(later - earlier >= 0.54 for earlier, later in tries)
    assert sent.attempts > 1


async def _is_slowed(world: OutboxWorld) -> bool:
    partition = await Partition.get(world.account.id)
    return partition is not None and partition.reduced_at is not None


async def _has_tries(world: OutboxWorld, message_id: object) -> bool:
    return bool(world.meta.requests.find({"callback_data": str(message_id)}))


@pytest.mark.parametrize("code", [4, 80007, 130429])
async def test_accounts_rate_limit_pauses_all_conversations(world: OutboxWorld, code: int) -> None:
    limited, other = await world.add_customer(), await world.add_customer(phone="16505550002")
    world.break_sends("error", code=code, http_status=429, retry_after=0.5)

    async with world.dispatching():
        first = await world.queue(limited)
        await eventually(lambda: _is_slowed(world))
        second = await world.wait_for(await world.queue(other), MessageStatus.ACCEPTED)
        first = await world.wait_for(first, MessageStatus.ACCEPTED)

    refused = world.list_tries(first)[0]
    assert world.list_tries(second)[0] - refused >= 0.45


@pytest.mark.parametrize("code", [190, 368, 131048])
async def test_refused_account_stops_after_first_call(
    world: OutboxWorld, conversation: Conversation, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    world.break_sends("error", code=code, times=None, http_status=401)

    async with world.dispatching():
        await world.queue(conversation)
        await eventually(lambda: _is_stopped(world))
        await _wait_for_rest(world)

    account = await Account.get(world.account.id)
    assert str(code) in str(account and account.health.reason)
    assert len(world.meta.requests.requests) == 1
    assert [each.levelno for each in caplog.records if "Stopping the account" in each.message] == [
        logging.ERROR
    ]


async def _is_stopped(world: OutboxWorld) -> bool:
    account = await Account.get(world.account.id)
    return account is not None and account.health.state is HealthState.STOPPED


async def _wait_for_rest(world: OutboxWorld) -> None:
    """Several searches for messages: time enough for a mistake to show."""
    end = time.monotonic() + world.timeouts.reconcile_seconds * 4
    await eventually(lambda: _is_over(end))


async def _is_over(end: float) -> bool:
    return time.monotonic() > end


async def test_new_token_lets_waiting_messages_go_in_order(world: OutboxWorld) -> None:
    conversation = await world.add_customer()
    await update_account(world.keyring, world.account, changes={"access_token": "expired"})

    messages = [await world.queue(conversation, text) for text in "ABC"]
    async with world.dispatching():
        await eventually(lambda: _is_stopped(world))
        good = {"access_token": "canary-access-token-A"}
        await update_account(world.keyring, world.account, changes=good)
        await world.wait_for(messages[-1], MessageStatus.ACCEPTED)

    assert world.list_texts() == ["A", "B", "C"]


async def test_disabled_account_sends_nothing_until_it_is_enabled(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    await set_account_enabled(world.account, enabled=False)

    async with world.dispatching():
        await _wait_for_rest(world)
        assert not world.meta.requests.requests
        await set_account_enabled(world.account, enabled=True)
        await world.wait_for(message, MessageStatus.ACCEPTED)


async def test_undecryptable_token_does_not_stop_account(
    world: OutboxWorld, conversation: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    sealed = world.account.access_token
    damaged = {"access_token": sealed[:-8] + "AAAAAAA="}
    await collection(Account).update_one({"_id": world.account.id}, {"$set": damaged})

    async with world.dispatching(retry_base_seconds=0.01):
        message = await world.queue(conversation)
        await eventually(lambda: _has_logged(caplog, "can't send"))
        mended = {"access_token": sealed}
        await collection(Account).update_one({"_id": world.account.id}, {"$set": mended})
        await world.wait_for(message, MessageStatus.ACCEPTED)


async def _has_logged(caplog: pytest.LogCaptureFixture, part: str) -> bool:
    return any(part in record.message for record in caplog.records)


async def test_closed_window_fails_without_request(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    await let_window_close(conversation)

    async with world.dispatching():
        failed = await world.wait_for(message, MessageStatus.FAILED)

    assert [(error.code, error.retryable) for error in failed.errors] == [(131047, False)]
    assert not world.meta.requests.requests


async def test_contact_blocked_in_queue_gets_nothing(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    contact = await get_contact(conversation)
    await contact.set({"blocked": True})

    async with world.dispatching():
        failed = await world.wait_for(message, MessageStatus.FAILED)

    assert [error.title for error in failed.errors] == ["Contact blocked"]
    assert not world.meta.requests.requests


async def test_opt_out_in_metas_answer_is_remembered(
    world: OutboxWorld, conversation: Conversation
) -> None:
    world.break_sends("error", code=131050)

    async with world.dispatching():
        await world.wait_for(await world.queue(conversation), MessageStatus.FAILED)
        await eventually(lambda: _has_opted_out(conversation))


async def _has_opted_out(conversation: Conversation) -> bool:
    return (await get_contact(conversation)).marketing_opt_out


async def test_failed_message_is_no_answer(world: OutboxWorld, conversation: Conversation) -> None:
    world.break_sends("error", code=131026, text="A")

    async def find_answer() -> object:
        stored = await Conversation.get(conversation.id)
        assert stored is not None
        return stored.last_outbound_at

    async with world.dispatching():
        await world.wait_for(await world.queue(conversation, "A"), MessageStatus.FAILED)

        async def is_unanswered() -> bool:
            return await find_answer() is None

        await eventually(is_unanswered)
        sent = await world.wait_for(await world.queue(conversation, "B"), MessageStatus.ACCEPTED)

    assert await find_answer() == sent.timestamp
