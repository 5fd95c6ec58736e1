"""An idle process runs few commands and no scan, with any number of accounts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring
from pymongo.asynchronous.database import AsyncDatabase

import models.connection
from app import create_app
from models import Account
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson
from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.world import wait_until_ready
from whatsapp.settings import Settings

ACCOUNTS = 200
WATCHED_SECONDS = 20.0

SCANS = {
    "$or": [
        {"planSummary": "COLLSCAN"},
        {"keysExamined": {"$gt": ACCOUNTS // 10}},
        {"docsExamined": {"$gt": ACCOUNTS // 10}},
    ]
}


class CommandLog(monitoring.CommandListener):
    """All commands of a process: name and collection of each."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, str]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        target = event.command.get(event.command_name)
        self.commands.append((event.command_name, str(target)))

    def succeeded(self, event: Any) -> None:
        """Only the start is compared."""

    def failed(self, event: Any) -> None:
        """Only the start is compared."""


@pytest.fixture
def command_log(monkeypatch: pytest.MonkeyPatch) -> CommandLog:
    """Hears the connections of a process that starts after this."""
    log = CommandLog()

    def create_client(*args: Any, event_listeners: Sequence[Any], **options: Any) -> Any:
        return AsyncMongoClient(*args, event_listeners=[*event_listeners, log], **options)

    monkeypatch.setattr(models.connection, "MeasuredClient", create_client)
    return log


async def add_accounts() -> None:
    accounts = [
        Account(
            workspace_id=DEFAULT_WORKSPACE_ID,
            name=f"Shop {number}",
            phone_number_id=str(number),
            business_account_id="1",
            access_token="",
            verify_token="",
            verify_token_digest=str(number),
            # Most are due for something, but can't have it.
            enabled=number % 2 == 0,
        )
        for number in range(ACCOUNTS)
    ]
    await collection(Account).insert_many([to_bson(one) for one in accounts])


async def test_idle_process_runs_few_commands(
    database: AsyncDatabase[dict[str, Any]], mongodb_uri: str, command_log: CommandLog
) -> None:
    await add_accounts()
    settings = Settings(
        _env_file=None,
        mongodb_uri=mongodb_uri,
        mongodb_database=database.name,
        encryption_keys=ENCRYPTION_KEYS,
        graph_api_url="http://127.0.0.1:9",
    )
    async with run_lifespan(create_app(settings)) as manager:
        await wait_until_ready(manager.app)
        await asyncio.sleep(5)
        command_log.commands.clear()
        await database["system.profile"].drop()  # that of an earlier test
        await database.command("profile", 2)
        await asyncio.sleep(WATCHED_SECONDS)
        await database.command("profile", 0)
        commands = Counter(command_log.commands)

    own = Counter(
        {command: count for command, count in commands.items() if command[0] != "getMore"}
    )
    assert own.total() / WATCHED_SECONDS <= 1, own
    scans = await database["system.profile"].find(SCANS).to_list()
    await database["system.profile"].drop()
    assert [one["command"] for one in scans] == []


async def test_second_process_leaves_housekeeping_to_first(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, command_log: CommandLog
) -> None:
    await database["leases"].insert_one(
        {"_id": "housekeeping", "owner": str(new_id()), "leased_until": None}
    )
    await database["leases"].update_one(
        {"_id": "housekeeping"},
        [{"$set": {"leased_until": {"$add": ["$$NOW", 60_000]}}}],
    )
    async with run_lifespan(create_app(settings, timeouts=make_timeouts())) as manager:
        await wait_until_ready(manager.app)
        command_log.commands.clear()
        await asyncio.sleep(2)
        commands = {target for _, target in command_log.commands}

    # Which only housekeeping looks for.
    assert commands.isdisjoint({"erasures", "uploads", "users", "contacts"})
