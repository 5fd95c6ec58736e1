"""The migrations that create agents from documents of version 0.1."""

from datetime import timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models import Agent, ApiKey, Conversation, Role
from models.database.base import collection, new_id, utc_now
from models.migrations.agents import AGENTS_OF_ASSIGNEES, AGENTS_OF_KEYS
from models.migrations.migration import Migration, Progress
from telemetry.global_ids import encode_id

Database = AsyncDatabase[dict[str, Any]]


async def run_twice(database: Database, migration: Migration) -> None:
    for _ in range(2):
        await database["schema"].update_one(
            {"_id": "version"}, {"$set": {"version": migration.number - 1}}, upsert=True
        )
        await migration.run(database, Progress(database, migration.number, None))


def make_key(name: str, **changes: Any) -> dict[str, Any]:
    """Returns an API key as version 0.1 stored it."""
    return {
        "_id": new_id(),
        "name": name,
        "prefix": str(new_id()),
        "secret_hash": "00",
        "role": "AGENT",
        "account_ids": None,
        "expires_at": None,
        "revoked_at": None,
        "created_at": utc_now(),
    } | changes


async def test_valid_keys_get_agents(database: Database) -> None:
    account_id, now = new_id(), utc_now()
    wide, limited = make_key("Zoe"), make_key("Ada", account_ids=[account_id], role="VIEWER")
    revoked = make_key("old", revoked_at=now)
    expired = make_key("short", expires_at=now - timedelta(seconds=1))
    await database["api_keys"].insert_many([wide, limited, revoked, expired])

    await run_twice(database, AGENTS_OF_KEYS)

    agents = {agent.name: agent for agent in await Agent.find_all().to_list()}
    keys = {key.name: key for key in await ApiKey.find_all().to_list()}
    assert set(agents) == {"Zoe", "Ada"}
    assert {name: key.agent_id for name, key in keys.items()} == {
        "Zoe": agents["Zoe"].id,
        "Ada": agents["Ada"].id,
        "old": None,
        "short": None,
    }
    (grant,) = agents["Ada"].grants
    assert (grant.api_key_id, grant.role) == (limited["_id"], Role.VIEWER)
    assert grant.account_ids == agents["Ada"].account_ids == [account_id]
    assert agents["Zoe"].account_ids is None
    assert await collection(Agent).count_documents({"sort_name": "zoe"}) == 1


async def test_assignees_become_agents(database: Database) -> None:
    first, second = new_id(), new_id()
    ada, twins = make_key("Ada"), [make_key("Twin"), make_key("Twin")]
    await database["api_keys"].insert_many([ada, *twins])
    texts = [
        ("Ada", first),
        (str(twins[0]["_id"]), first),
        (encode_id("ApiKey", twins[1]["_id"]), first),
        ("Twin", first),
        ("agent-7", first),
        ("agent-7", second),
        (None, second),
    ]
    conversations = [
        {"_id": new_id(), "account_id": account_id, "contact_id": new_id(), "assignee_id": text}
        for text, account_id in texts
    ]
    await database["conversations"].insert_many(conversations)
    await run_twice(database, AGENTS_OF_KEYS)

    await run_twice(database, AGENTS_OF_ASSIGNEES)

    agents = {agent.subject: agent for agent in await Agent.find_all().to_list()}
    stored = await Conversation.find_all(sort="_id").to_list()
    assert [conversation.assignee_id for conversation in stored] == [
        ada["_id"],
        twins[0]["_id"],
        twins[1]["_id"],
        agents["Twin"].id,
        agents["agent-7"].id,
        agents["agent-7"].id,
        None,
    ]
    seven = agents["agent-7"]
    assert seven.name == "agent-7"
    assert (seven.grants[0].api_key_id, seven.grants[0].role) == (None, None)
    assert set(seven.account_ids or ()) == {first, second}
    assert len(agents) == 3  # of all keys None, "Twin" and "agent-7"
