"""The quota of sends a second, over all accounts of a workspace in their owner's process."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import httpx
import pytest
from starlette.applications import Starlette

from models import Message, MessageStatus
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.application import create_fake_cloud_api, get_fake_meta
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.outbox import OutboxWorld
from tests.fixtures.quotas import add_other_workspace, set_quotas
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from whatsapp.accounts.accounts import create_account

RATE = 5
# Requests begin at their slots, but the log of the fake Meta may be a little late.
TOLERANCE = 0.8


@pytest.fixture
async def cloud_app() -> AsyncIterator[Starlette]:
    settings = SandboxSettings(webhook_url="http://server.test/webhooks/whatsapp").faster(20)
    taken = httpx.MockTransport(lambda _request: httpx.Response(200))
    numbers = NumberDirectory(NUMBER, OTHER_NUMBER)
    app = create_fake_cloud_api(numbers, settings, webhook_transport=taken)
    yield app
    await get_fake_meta(app).close()


async def add_account(world: OutboxWorld) -> OutboxWorld:
    account, _ = await create_account(
        world.keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name="Other shop",
        phone_number_id=OTHER_NUMBER.phone_number_id,
        business_account_id=OTHER_NUMBER.business_account_id,
        access_token=OTHER_NUMBER.access_token,
    )
    return replace(world, account=account)


async def queue_many(world: OutboxWorld, count: int) -> list[Message]:
    conversations = [
        await world.add_customer(phone=f"1650555{number:04}") for number in range(count)
    ]
    return [await world.queue(conversation) for conversation in conversations]


async def send_all(world: OutboxWorld, messages: list[Message]) -> list[tuple[float, str]]:
    """Returns time and account of the messages, in the order of sending."""
    async with world.dispatching():
        for message in messages:
            await world.wait_for(message, MessageStatus.ACCEPTED, MessageStatus.SENT)
    tries = [(world.list_tries(message), message) for message in messages]
    return sorted((times[0], str(message.account_id)) for times, message in tries)


async def test_accounts_share_pace_of_workspace_and_take_turns(world: OutboxWorld) -> None:
    other = await add_account(world)
    messages = [*await queue_many(world, 8), *await queue_many(other, 4)]
    await set_quotas(sends_per_second=RATE)
    await world.quotas.refresh()

    sent = await send_all(world, messages)

    times = [time for time, _ in sent]
    assert times[-1] - times[0] >= (len(messages) - 2) / RATE * TOLERANCE
    # The account with fewer messages does not wait for the other.
    accounts = [account for _, account in sent]
    assert accounts.index(str(other.account.id)) <= 2
    middle = accounts[2:7]
    assert all(before != after for before, after in pairwise(middle)), accounts


async def test_raised_quota_frees_waiting_messages(world: OutboxWorld) -> None:
    messages = await queue_many(world, 12)
    await set_quotas(sends_per_second=1)
    await world.quotas.refresh()
    async with world.dispatching():
        await world.wait_for(messages[0], MessageStatus.ACCEPTED)
        await set_quotas()
        await world.quotas.refresh()
        for message in messages:
            await world.wait_for(message, MessageStatus.ACCEPTED)

    times = sorted(world.list_tries(message)[0] for message in messages)
    assert times[-1] - times[0] < len(messages) - 1, "not one a second"


async def test_quota_of_another_workspace_changes_nothing(world: OutboxWorld) -> None:
    messages = await queue_many(world, 12)
    stranger = await add_other_workspace()
    await set_quotas(stranger.id, sends_per_second=1)
    await world.quotas.refresh()

    sent = await send_all(world, messages)

    assert sent[-1][0] - sent[0][0] < len(messages) - 1, "not one a second"
