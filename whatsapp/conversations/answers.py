"""The times since which customers wait for an answer, recalculated from the messages.

Summaries add messages one by one, see `summaries`. They can't tell since when a customer waits if
an answer fails later, or if it answers a part of more messages than a summary keeps. Such
conversations are marked, corrected at once where possible, and swept later: by then, summary
updates that were under way at the time of the mark have ended.
"""

from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId

from models import Conversation, Message
from models.database.base import collection, utc_now
from models.messages.unanswered import find_unanswered

# Summary updates that were under way have ended after this time.
SETTLED = timedelta(seconds=30)
SWEPT_AT_ONCE = 500
# A conversation that changes more often meanwhile is left to the sweep.
_ATTEMPTS = 5
_FIELDS = ("unanswered_at", "last_outbound_at", "answers_stale_at")


async def mark_answers_stale(conversation_id: PydanticObjectId) -> None:
    """Marks the conversation for the sweep, before the failure of one of its messages is stored."""
    await collection(Conversation).update_one(
        {"_id": conversation_id}, {"$set": {"answers_stale_at": utc_now()}}
    )


async def update_answers(conversation_id: PydanticObjectId) -> None:
    """Recalculates since when the customer waits, after the status of an answer changed."""
    for _ in range(_ATTEMPTS):
        if await _update_once(conversation_id, is_sweep=False):
            return


async def sweep_stale_answers() -> None:
    """Corrects marked conversations."""
    # `$type` for the index, which has only marked conversations.
    marked = {"answers_stale_at": {"$type": "date", "$lt": utc_now() - SETTLED}}
    conversations = collection(Conversation).find(marked, {"_id": 1}).limit(SWEPT_AT_ONCE)
    for conversation in await conversations.to_list():
        # If it changed meanwhile, the next run tries again.
        await _update_once(conversation["_id"], is_sweep=True)


async def _update_once(conversation_id: PydanticObjectId, *, is_sweep: bool) -> bool:
    """Returns False if the summary changed between the read and the write."""
    # Read before the messages: the summaries of messages stored later change it.
    key = {"_id": conversation_id}
    stored = await collection(Conversation).find_one(key, dict.fromkeys(_FIELDS, 1))
    if stored is None:
        return True
    answered_at, times = await find_unanswered(collection(Message), conversation_id)
    changes: dict[str, Any] = {"last_outbound_at": answered_at, "unanswered_at": times}
    if any(stored.get(name) != value for name, value in changes.items()):
        changes["updated_at"] = utc_now()
    elif not is_sweep:
        return True
    if is_sweep:
        changes["answers_stale_at"] = None
    unchanged = {name: stored.get(name) for name in _FIELDS}
    updated = await collection(Conversation).update_one(key | unchanged, {"$set": changes})
    return bool(updated.matched_count)
