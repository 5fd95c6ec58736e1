"""The measured database: an embedded MongoDB with the data of a busy support team.

Documents are bulk-written before the indexes are built, because a million messages by webhooks
would take half an hour.
"""

import asyncio
import base64
import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from beanie import init_beanie
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.write_concern import WriteConcern

from bench.documents import (
    BUSY_EVERY,
    Fields,
    History,
    Person,
    list_counts,
    make_contact,
    make_people,
    make_user,
    prepare_templates,
)
from models import DOCUMENTS, Account, Role
from models.connection import create_client, finish_upgrade, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from sandbox.mongod import EmbeddedMongod
from whatsapp.accounts.accounts import create_account
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

ENCRYPTION_KEYS = f"k1:{base64.b64encode(bytes(range(32))).decode()}"
APP_SECRET = "bench-app-secret"
PHONE_NUMBER_IDS = ("106540352242922", "106540352242923")
BUSINESS_ACCOUNT_ID = "419561257915477"
DISPLAY_NUMBER = "15550783881"
BATCH = 5000
SEED_SECONDS = 3600.0
SIZES = {1_000: 60, 10_000: 400, 100_000: 2_000, 1_000_000: 20_000}
"""Returns the number of contacts for a number of messages."""


@dataclass(frozen=True)
class World:
    """The keys and ids of a seeded database for load generators."""

    database: str
    api_key: str
    accounts: list[ObjectId]
    people: list[Person]
    messages: int
    activity: list[tuple[datetime, Person]]
    """Conversations in inbox order: most recently active first."""

    @property
    def main_account(self) -> ObjectId:
        return self.accounts[0]

    @property
    def customers(self) -> list[Person]:
        """Customers of the main account."""
        return [person for person in self.people if person.account_id == self.main_account]

    @property
    def busy(self) -> list[Person]:
        """Customers whose conversation has more than a page of messages."""
        return [person for person in self.customers if person.number % BUSY_EVERY == 0]


@asynccontextmanager
async def open_client(mongod: EmbeddedMongod) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    """Opens a client with a long deadline, because building indexes takes minutes."""
    async with create_client(mongod.uri, operation_seconds=SEED_SECONDS) as client:
        yield client


async def seed_world(
    client: AsyncMongoClient[dict[str, Any]],
    name: str,
    messages: int,
    *,
    seed: int = 1,
    counts: Sequence[int] = (),
) -> World:
    """Recreates the database `name` with this many messages of the last 20 days.

    `counts` has the number of messages of each customer, by default those of a support team.
    """
    started = time.monotonic()
    await client.drop_database(name)
    database = client[name]
    await init_beanie(database=database, document_models=DOCUMENTS, skip_indexes=True)
    prepare_templates()
    generator = random.Random(seed)
    accounts = [await _make_account(number, generator) for number in range(2)]
    _, api_key = await create_api_key(DEFAULT_WORKSPACE_ID, name="bench", role=Role.ADMIN)
    counts = counts or list_counts(SIZES.get(messages, max(messages // 50, 60)), messages)
    people = make_people(len(counts), accounts, generator=generator)
    activity = await _insert_people(database, people, counts, seed)
    await prepare_database(database)
    await finish_upgrade(database)
    print(f"  seeded {name}: {messages} messages in {time.monotonic() - started:.1f} s", flush=True)
    return World(name, api_key, accounts, people, messages, activity)


async def _make_account(number: int, generator: random.Random) -> ObjectId:
    keyring = KeyRing.from_text(ENCRYPTION_KEYS)
    account, _ = await create_account(
        keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=f"Shop {number}",
        phone_number_id=PHONE_NUMBER_IDS[number],
        business_account_id=BUSINESS_ACCOUNT_ID,
        access_token=f"bench-access-token-{generator.random()}",
    )
    # Meta's top tier, and no background requests to the fake Meta.
    later = utc_now() + timedelta(days=1)
    changes = {
        "display_phone_number": DISPLAY_NUMBER,
        "verified_name": "Bench shop",
        "health.throughput": "HIGH",
        "template_sync.due_at": later,
    }
    await collection(Account).update_one({"_id": account.id}, {"$set": changes})
    return account.id


async def _insert_people(
    database: AsyncDatabase[dict[str, Any]], people: list[Person], counts: Sequence[int], seed: int
) -> list[tuple[datetime, Person]]:
    now, activity = utc_now(), []
    writer = _BulkWriter(database)
    for person, count in zip(people, counts, strict=True):
        history = History(person, count, now=now, seed=seed)
        await writer.add("messages", history.messages)
        await writer.add("media", history.media)
        conversation = history.make_conversation()
        activity.append((conversation["last_activity_at"], person))
        await writer.add("conversations", [conversation])
        await writer.add("contacts", [make_contact(person, history.first_at)])
        await writer.add("users", [make_user(person, history.first_at)])
    await writer.flush()
    activity.sort(key=lambda one: (one[0], one[1].conversation_id), reverse=True)
    return activity


class _BulkWriter:
    """Inserts in batches; prepares the next batch during a write."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._database = database
        self._waiting: dict[str, list[Fields]] = {}
        self._running: asyncio.Task[None] | None = None

    async def add(self, name: str, documents: Iterable[Fields]) -> None:
        waiting = self._waiting.setdefault(name, [])
        waiting += documents
        if len(waiting) >= BATCH:
            await self._insert(name)

    async def flush(self) -> None:
        for name in list(self._waiting):
            await self._insert(name)
        if self._running is not None:
            await self._running

    async def _insert(self, name: str) -> None:
        documents = self._waiting.pop(name)
        if self._running is not None:
            await self._running
        self._running = asyncio.create_task(insert_fast(self._database, name, documents))
        await asyncio.sleep(0)


async def insert_fast(
    database: AsyncDatabase[dict[str, Any]], name: str, documents: list[Fields]
) -> None:
    """Runs a bulk insert that does not wait for the journal."""
    target = database[name].with_options(write_concern=WriteConcern(w=1, j=False))
    if documents:
        await target.insert_many(documents, ordered=False)


async def main() -> None:
    import tempfile  # noqa: PLC0415 - a trial run of the seeding alone

    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedMongod(Path(folder)) as mongod, open_client(mongod) as client:
            await seed_world(client, "bench", 100_000)


if __name__ == "__main__":
    asyncio.run(main())
