"""Migrations: make agents of the API keys and the assignees of version 0.1."""

import base64
import binascii
from datetime import datetime
from typing import Any, cast

from bson import ObjectId

from models.database.base import new_id, utc_now
from models.migrations.migration import Batches, Database, Migration, Progress


async def _make_agents(database: Database, progress: Progress) -> None:
    """Gives each valid API key an agent, which has the id of the key."""
    async for keys in Batches(
        database, "api_keys", progress, query={"agent_id": {"$exists": False}}
    ):
        for key in keys:
            is_valid = _is_valid(key, utc_now())
            if is_valid:
                await database["agents"].update_one(
                    {"_id": key["_id"]}, {"$setOnInsert": _make_agent(key)}, upsert=True
                )
            agent_id = key["_id"] if is_valid else None
            await database["api_keys"].update_one(
                {"_id": key["_id"]}, {"$set": {"agent_id": agent_id}}
            )


def _is_valid(key: dict[str, Any], now: datetime) -> bool:
    expires_at = key.get("expires_at")
    return key.get("revoked_at") is None and (expires_at is None or expires_at > now)


def _make_agent(key: dict[str, Any]) -> dict[str, Any]:
    account_ids = key.get("account_ids")
    grant = {
        "api_key_id": key["_id"],
        "role": key["role"],
        "account_ids": account_ids,
        "expires_at": key.get("expires_at"),
    }
    return {
        "name": key["name"],
        "sort_name": key["name"].casefold(),
        "grants": [grant],
        "account_ids": account_ids,
        "last_seen_at": key.get("last_used_at"),
        "created_at": key["created_at"],
        "updated_at": key["created_at"],
    }


AGENTS_OF_KEYS = Migration(
    number=6, name="make agents of API keys", run=_make_agents, before_serving=True
)


async def _make_assignees(database: Database, _progress: Progress) -> None:
    """Replaces the texts by which conversations named their assignees by ids of agents.

    A text is the id or the name of an API key, or becomes an agent without a credential. If it is
    the subject of tokens, they are tokens of that agent.
    """
    conversations = database["conversations"]
    is_text: dict[str, Any] = {"assignee_id": {"$type": "string"}}
    for text in await conversations.distinct("assignee_id", is_text):
        assigned = {"assignee_id": text}
        account_ids = await conversations.distinct("account_id", assigned)
        agent_id = await _find_agent_of_key(database, text)
        if agent_id is None:
            agent_id = await _store_assignee(database, text, account_ids)
        # The staff of these accounts see the agent. An agent of all accounts has no array.
        await database["agents"].update_one(
            {"_id": agent_id, "account_ids": {"$type": "array"}},
            {"$addToSet": {"account_ids": {"$each": account_ids}}},
        )
        await conversations.update_many(assigned, {"$set": {"assignee_id": agent_id}})


async def _find_agent_of_key(database: Database, text: str) -> ObjectId | None:
    """Returns the agent of the API key with this id, or of the only key with this name."""
    keys = database["api_keys"]
    key_id = _read_key_id(text)
    if key_id is not None:
        key = await keys.find_one({"_id": key_id, "agent_id": {"$ne": None}})
        if key is not None:
            return cast(ObjectId, key["agent_id"])
    named = await keys.find({"name": text, "agent_id": {"$ne": None}}).limit(2).to_list()
    return cast(ObjectId, named[0]["agent_id"]) if len(named) == 1 else None


def _read_key_id(text: str) -> ObjectId | None:
    """Reads an id as in the database, or as in the API."""
    if ObjectId.is_valid(text):
        return ObjectId(text)
    try:
        decoded = base64.b64decode(text, validate=True).decode().removeprefix("ApiKey:")
    except (binascii.Error, ValueError):
        return None
    return ObjectId(decoded) if ObjectId.is_valid(decoded) else None


async def _store_assignee(database: Database, text: str, account_ids: list[ObjectId]) -> ObjectId:
    stored = await database["agents"].find_one({"subject": text}, {"_id": 1})
    if stored is not None:
        return cast(ObjectId, stored["_id"])
    agent_id, now = new_id(), utc_now()
    grant = {"api_key_id": None, "role": None, "account_ids": account_ids, "expires_at": None}
    await database["agents"].insert_one(
        {
            "_id": agent_id,
            "name": text,
            "sort_name": text.casefold(),
            "subject": text,
            "grants": [grant],
            "account_ids": account_ids,
            "created_at": now,
            "updated_at": now,
        }
    )
    return agent_id


AGENTS_OF_ASSIGNEES = Migration(
    number=7, name="make agents of assignees", run=_make_assignees, before_serving=True
)
