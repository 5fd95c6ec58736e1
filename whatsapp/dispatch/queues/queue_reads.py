"""Reads queued messages from the index, in the order of sending."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING

from models import Message, MessagePriority, OutboxState
from models.database.base import collection
from models.database.coalescing import SharedRead
from models.messages.outbox_state import IS_ACTIVE

# Messages of one read; the conversations that do not fit are read later.
MAX_MESSAGES = 500
MAX_CONVERSATIONS = 100
# Accounts of one search for messages in SENDING.
MAX_ACCOUNTS = 1000
_ORDER = [
    (name, ASCENDING) for name in ("account_id", "priority", "conversation_id", "timestamp", "_id")
]
_PRIORITIES = list(MessagePriority)
_FIELDS = dict.fromkeys(
    (
        "account_id",
        "conversation_id",
        "contact_id",
        "priority",
        "timestamp",
        "outbox_state",
        "hold_until",
        "fence",
        "claim_token",
        "status_rank",
        "wamid",
        "upload_id",
    ),
    1,
)
Fields = Mapping[str, Any]
ConversationKey = tuple[PydanticObjectId, PydanticObjectId]
"""Ids of the account and the conversation."""


@dataclass(frozen=True)
class QueueRows:
    """Active messages of a conversation that have the same priority, in order."""

    rows: Sequence[Fields]
    is_complete: bool
    """False if there may be more."""


ClassKey = tuple[MessagePriority, PydanticObjectId]
"""A priority and the id of a conversation."""


@dataclass(frozen=True)
class Window:
    """Active messages of several conversations of an account."""

    conversations: Mapping[ClassKey, QueueRows]
    last: ClassKey | None
    """The last of the conversations, or None if there are no more."""

    def get_rest(self, priority: MessagePriority) -> tuple[PydanticObjectId | None, bool]:
        """Returns the conversation after which the next window begins, and True if there may be
        more."""
        if self.last is None or _rank(priority) < _rank(self.last[0]):
            return None, False
        return (self.last[1] if priority is self.last[0] else None), True


async def read_window(
    account_id: PydanticObjectId,
    priorities: Sequence[MessagePriority],
    after: PydanticObjectId | None,
) -> Window:
    """Reads the conversations of one priority after the given one, by id, or the first ones of
    several priorities."""
    query: dict[str, Any] = {"account_id": account_id, **IS_ACTIVE}
    if len(priorities) < len(MessagePriority):
        query["priority"] = {"$in": [priority.stored for priority in priorities]}
    if after is not None:
        query["conversation_id"] = {"$gt": after}
    rows = await _find(query)
    conversations = _group(rows)
    last = _get_key(rows[-1]) if len(rows) == MAX_MESSAGES else None
    return Window(
        {key: QueueRows(found, key != last) for key, found in conversations.items()}, last
    )


async def _read_conversations(
    priority: MessagePriority, keys: list[ConversationKey]
) -> list[QueueRows]:
    """Reads conversations of any accounts in one command."""
    account_ids = list({account_id for account_id, _ in keys})
    ids = [conversation_id for _, conversation_id in keys]
    query = {"account_id": {"$in": account_ids}, "conversation_id": {"$in": ids}, **IS_ACTIVE}
    rows = await _find({**query, "priority": priority.stored})
    conversations = _group(rows)
    # Rows are sorted by both ids, so only conversations before the last row are complete.
    last = (rows[-1]["account_id"], rows[-1]["conversation_id"]) if rows else None
    is_full = len(rows) == MAX_MESSAGES
    return [
        QueueRows(
            conversations.get((priority, key[1]), []), not is_full or last is None or key < last
        )
        for key in keys
    ]


def create_queue_reads() -> Mapping[MessagePriority, SharedRead[ConversationKey, QueueRows]]:
    """Returns the reads of conversations that the sends of a process share, for each priority."""
    return {
        priority: SharedRead(
            partial(_read_conversations, priority),
            max_keys=MAX_CONVERSATIONS,
        )
        for priority in MessagePriority
    }


async def find_claimed(account_ids: Sequence[PydanticObjectId]) -> AsyncIterator[Fields]:
    """Yields the messages in SENDING of these accounts; few at any time."""
    for start in range(0, len(account_ids), MAX_ACCOUNTS):
        batch = account_ids[start : start + MAX_ACCOUNTS]
        query = {"outbox_state": OutboxState.SENDING.value, "account_id": {"$in": batch}}
        async for row in collection(Message).find(query, _FIELDS, hint="sending"):
            yield row


async def _find(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = collection(Message).find(query, _FIELDS, hint="send_queue")
    return await messages.sort(_ORDER).limit(MAX_MESSAGES).to_list()


def _group(rows: Collection[dict[str, Any]]) -> dict[ClassKey, list[dict[str, Any]]]:
    conversations: dict[ClassKey, list[dict[str, Any]]] = {}
    for row in rows:
        conversations.setdefault(_get_key(row), []).append(row)
    return conversations


def _get_key(row: Fields) -> ClassKey:
    return MessagePriority.from_stored(row.get("priority")), row["conversation_id"]


def _rank(priority: MessagePriority) -> int:
    return _PRIORITIES.index(priority)
