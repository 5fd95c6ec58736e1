"""Migrations: make agents of the API keys of version 0.1."""

from datetime import datetime
from typing import Any

from models.database.base import utc_now
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
