"""Commands are counted by name, as the driver reports them."""

from collections import Counter
from typing import Any

import pytest
from pymongo import AsyncMongoClient, InsertOne, UpdateOne
from pymongo.errors import DuplicateKeyError
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from telemetry.metrics.mongodb import COMMANDS, MeasuredClient
from telemetry.metrics.registry import OTHER, REGISTRY


class CommandNames(CommandListener):
    def __init__(self) -> None:
        self.names: Counter[str] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        self.names[event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def read_counts() -> Counter[str]:
    name = "wagraph_mongodb_command_seconds_count"
    return Counter(
        {
            command: int(REGISTRY.get_sample_value(name, {"command": command}) or 0)
            for command in (*COMMANDS, OTHER)
        }
    )


async def run_commands(client: AsyncMongoClient[dict[str, Any]], database_name: str) -> None:
    database = client[database_name]
    items = database["items"]
    await items.insert_many([{"_id": number} for number in range(10)])
    with pytest.raises(DuplicateKeyError):
        await items.insert_one({"_id": 1})
    await items.find_one({"_id": 1})
    assert len(await items.find({}, batch_size=3).to_list()) == 10
    assert len(await (await items.aggregate([{"$match": {}}], batchSize=4)).to_list()) == 10
    await items.distinct("_id")
    await items.count_documents({})
    await items.estimated_document_count()
    await items.update_one({"_id": 1}, {"$set": {"name": "one"}})
    await items.find_one_and_update({"_id": 2}, {"$set": {"name": "two"}})
    await items.bulk_write([UpdateOne({"_id": 3}, {"$set": {"name": "three"}}), InsertOne({})])
    async with client.start_session() as session, await session.start_transaction():
        await items.update_one({"_id": 4}, {"$set": {"name": "four"}}, session=session)
    await items.delete_many({"name": "one"})
    await database.command("ping")
    await database.command("collStats", "items")


async def test_commands_are_counted_by_name(mongodb_uri: str, database_name: str) -> None:
    recorded = CommandNames()
    name = f"{database_name}_commands"
    before = read_counts()
    async with MeasuredClient(mongodb_uri, event_listeners=[recorded]) as client:
        await run_commands(client, name)
        counted = read_counts() - before
        sent = Counter(recorded.names)
        await client.drop_database(name)

    assert sent.pop("collStats") == counted.pop(OTHER) == 1
    # `insert_many` and `bulk_write`, which sent three commands.
    assert counted.pop("bulkWrite") == 2
    # `count_documents` aggregates.
    renamed = Counter({"insert": -2, "update": -1, "aggregate": -1, "count": 1})
    assert counted == {name: sent[name] + renamed[name] for name in sent}
