"""Background syncs of templates: a process at a time, with takeover."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from models import Account, Template
from models.accounts.account import TemplateSyncState
from models.database.base import collection, utc_now
from tests.fixtures.fields import reload
from tests.fixtures.outbox import OutboxWorld
from tests.fixtures.waiting import eventually
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.cloud_api.client import CloudAPI, create_http_client
from whatsapp.templates.sync import BackgroundSyncs


@asynccontextmanager
async def syncing(world: OutboxWorld, *, processes: int = 1) -> AsyncIterator[None]:
    async with create_http_client(world.transport) as http:
        api = AccountAPI(CloudAPI(http, settings=world.settings), keyring=world.keyring)
        syncs = [BackgroundSyncs(api, timeouts=world.timeouts) for _ in range(processes)]
        tasks = [asyncio.create_task(one.run()) for one in syncs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def set_state(world: OutboxWorld, **values: Any) -> None:
    change = {f"template_sync.{name}": value for name, value in values.items()}
    await collection(Account).update_one({"_id": world.account.id}, {"$set": change})


async def wait_until_synced(world: OutboxWorld) -> TemplateSyncState:
    async def is_done() -> bool:
        state = (await reload(world.account)).template_sync
        return state.synced_at is not None and state.leased_until is None

    await eventually(is_done)
    return (await reload(world.account)).template_sync


def count_lists(world: OutboxWorld) -> int:
    return len(world.meta.requests.find({"endpoint": "templates"}))


async def test_one_of_many_processes_reads(world: OutboxWorld) -> None:
    await set_state(world, due_at=utc_now())

    async with syncing(world, processes=5):
        await wait_until_synced(world)

    assert count_lists(world) == 1
    assert await Template.count() == len(world.meta.templates.templates)


async def test_expired_sync_lease_is_taken_over(world: OutboxWorld) -> None:
    ago = utc_now() - timedelta(seconds=1)
    await set_state(world, due_at=ago, leased_until=ago)

    async with syncing(world):
        await wait_until_synced(world)


LATER = timedelta(hours=1)
NOT_NOW: list[dict[str, Any]] = [
    {"template_sync.due_at": LATER},
    {"template_sync.due_at": -LATER, "template_sync.leased_until": LATER},
    {"template_sync.due_at": -LATER, "enabled": False},
    {"template_sync.due_at": -LATER, "health.state": "STOPPED"},
    {"template_sync.due_at": -LATER, "deleted_at": -LATER},
]


async def test_who_is_not_due_waits(world: OutboxWorld) -> None:
    now = utc_now()
    for number, change in enumerate(NOT_NOW):
        values = world.account.model_dump(exclude={"id"}) | {"phone_number_id": str(number)}
        other = await Account(**values).insert()
        moments = {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in change.items()
        }
        await collection(Account).update_one({"_id": other.id}, {"$set": moments})
    # The other accounts would have been synced first.
    await set_state(world, due_at=now)

    async with syncing(world):
        await wait_until_synced(world)

    synced = {"template_sync.synced_at": {"$ne": None}}
    assert [one.id for one in await Account.find(synced).to_list()] == [world.account.id]
    assert count_lists(world) == 1
