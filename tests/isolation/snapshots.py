"""The whole database before and after an operation."""

from bson import encode

from models import Message
from models.database.base import collection

BOOKKEEPING = {
    "leases",
    "members",
    "partitions",
    "presences",
    "schema",
}
"""Collections that background work changes at any time: leases and heartbeats, no content."""
TIMES = {"last_used_at", "last_seen_at", "replay_due_at"}
"""Fields that say when a credential was used last or an item is tried again."""
Snapshot = dict[tuple[str, str], bytes]
"""The documents by collection and id."""


async def take_snapshot() -> Snapshot:
    database = collection(Message).database
    found: Snapshot = {}
    for name in sorted(await database.list_collection_names()):
        if name.startswith("system.") or name in BOOKKEEPING:
            continue
        async for document in database[name].find({}, dict.fromkeys(TIMES, 0)):
            found[name, str(document["_id"])] = encode(document)
    return found


def list_changes(before: Snapshot, after: Snapshot) -> list[tuple[str, str]]:
    """Returns collection and id of each document that was added, changed or removed."""
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def without_audit(changes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The audit log records refusals too, as the caller's own entries."""
    return [(name, key) for name, key in changes if name != "audit_entries"]
