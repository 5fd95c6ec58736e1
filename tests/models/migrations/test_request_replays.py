"""The migration that has parked items of version 0.1 replayed."""

from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase

from models import Account
from models.database.base import collection
from models.migrations.from_0_1 import REQUEST_REPLAYS
from models.migrations.migration import Progress
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from whatsapp.common.crypto import KeyRing


async def test_accounts_of_0_1_replay_parked_items(
    database: AsyncDatabase[dict[str, Any]], keyring: KeyRing
) -> None:
    old = await connect_number(keyring, NUMBER)
    new = await connect_number(keyring, OTHER_NUMBER)
    await collection(Account).update_one({"_id": old.id}, {"$unset": {"replay_due_at": ""}})
    await collection(Account).update_one({"_id": new.id}, {"$set": {"replay_due_at": None}})
    await database["parked_items"].create_index([("reason", ASCENDING)], name="waiting")

    # A second time it finds nothing to do.
    for _ in range(2):
        await REQUEST_REPLAYS.run(database, Progress(database, REQUEST_REPLAYS.number, None))

    dues = {one["_id"]: one["replay_due_at"] async for one in collection(Account).find()}
    assert dues[old.id] is not None
    assert dues[new.id] is None
    assert "waiting" not in await database["parked_items"].index_information()
