"""The backlog is read from the database at a scrape, by indexes, and not too often."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

import models.backlog
from models import Account, EventState, MessageDirection, OutboxState, WebhookEvent
from models.database.base import collection, to_bson, utc_now
from tests.conftest import make_settings
from tests.fixtures.metrics import METRICS_TOKEN, scrape
from tests.fixtures.said import write_message
from tests.fixtures.timeouts import with_timeouts
from whatsapp.settings import Settings

READ = ("webhook_events", "messages", "parked_items")
Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
def settings(mongodb_uri: str, database_name: str) -> Settings:
    return make_settings(
        mongodb_uri=mongodb_uri, mongodb_database=database_name, metrics_token=METRICS_TOKEN
    )


def make_events(count: int) -> list[dict[str, Any]]:
    """Webhooks that another process holds for an hour, received up to two hours ago."""
    now = utc_now()
    return [
        to_bson(
            WebhookEvent(
                id=f"event {number}",
                body=b"{}",
                secret_digest="",
                received_at=now - timedelta(hours=2) if not number else now,
                state=EventState.RECEIVED,
                lease_until=now + timedelta(hours=1),
            )
        )
        for number in range(count)
    ]


async def queue_message(account: Account, *, hours: float = 3, wa_id: str = "16505551234") -> None:
    """Of a stopped account, so that it stays."""
    await collection(Account).update_one({"_id": account.id}, {"$set": {"enabled": False}})
    await write_message(
        account,
        wa_id,
        "out",
        direction=MessageDirection.OUTBOUND,
        outbox_state=OutboxState.READY,
        created_at=utc_now() - timedelta(hours=hours),
    )


async def test_gauges_show_what_waits(client: httpx.AsyncClient, account: Account) -> None:
    await collection(WebhookEvent).insert_many(make_events(20))
    await queue_message(account)

    found = await scrape(client)

    assert found.get("wagraph_webhooks_unprocessed") == 20
    assert 7200 <= found.get("wagraph_webhooks_oldest_unprocessed_seconds") < 7800
    assert found.get("wagraph_outbox_messages", state="READY") == 1
    assert 10_800 <= found.get("wagraph_outbox_oldest_queued_seconds") < 11_400
    assert found.get("wagraph_backlog_read") == 1


async def test_count_is_bounded(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.backlog, "MAX_COUNT", 50)
    await collection(WebhookEvent).insert_many(make_events(200))
    await database["system.profile"].drop()
    await database.command("profile", 2)

    found = await scrape(client)

    await database.command("profile", 0)
    assert found.get("wagraph_webhooks_unprocessed") == 50
    ours = {"command.pipeline": {"$exists": True}, "command.hint": {"$exists": True}}
    commands = await database["system.profile"].find(ours).to_list()
    await database["system.profile"].drop()
    assert sorted(command["command"]["aggregate"] for command in commands) == sorted(
        [*READ, "messages"]
    )
    assert {command["planSummary"].split()[0] for command in commands} == {"IXSCAN"}
    assert max(command["docsExamined"] for command in commands) <= 51


async def test_oldest_queued_is_found_behind_many(
    client: httpx.AsyncClient,
    account: Account,
    other_account: Account,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models.backlog, "MAX_COUNT", 5)
    [first, last] = sorted([account, other_account], key=lambda one: one.id)
    # Stopped accounts, so that their messages stay.
    await collection(Account).update_many({}, {"$set": {"enabled": False}})
    for number in range(10):
        await queue_message(first, hours=1, wa_id=f"1650555{number:04}")
    await queue_message(last, hours=3)
    await database["system.profile"].drop()
    await database.command("profile", 2)

    found = await scrape(client)

    await database.command("profile", 0)
    assert found.get("wagraph_outbox_messages", state="READY") == 5
    assert 10_800 <= found.get("wagraph_outbox_oldest_queued_seconds") < 11_400
    ours = {"command.hint": "outbox_oldest"}
    [command] = await database["system.profile"].find(ours).to_list()
    await database["system.profile"].drop()
    assert (command["keysExamined"], command["docsExamined"]) == (1, 1)


async def test_scrapes_share_read(client: httpx.AsyncClient, database: Database) -> None:
    first = await scrape(client)
    await collection(WebhookEvent).insert_many(make_events(3))
    second = await scrape(client)

    assert first.get("wagraph_webhooks_unprocessed") == 0
    assert second.get("wagraph_webhooks_unprocessed") == 0
    assert second.get("wagraph_backlog_read") == 1


@with_timeouts(backlog_read_seconds=0.000_001)
async def test_outage_leaves_other_metrics(client: httpx.AsyncClient) -> None:
    found = await scrape(client)

    assert found.get("wagraph_backlog_read") == 0
    assert found.get("wagraph_process_workers") == 1
