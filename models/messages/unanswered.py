"""Messages of a customer that still need an answer, as the stored messages show them."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.asynchronous.collection import AsyncCollection

from models.messages.message import CALL, REACTION, MessageDirection
from models.messages.message_status import MessageStatus

# Types that open no service window: system messages, and changes of earlier messages.
NOT_WRITTEN = frozenset({"system", REACTION, "edit", "revoke"})
# Unanswered messages whose times a conversation keeps; the first is the start of the wait.
UNANSWERED_KEPT = 10
# A message that never reached the customer is no answer.
NO_ANSWER_RANKS = frozenset({MessageStatus.FAILED.rank, MessageStatus.CANCELLED.rank})


async def find_unanswered(
    messages: AsyncCollection[dict[str, Any]], conversation_id: ObjectId
) -> tuple[datetime | None, list[datetime]]:
    """Returns the time of the newest answer, and the times of later messages of the customer.

    Of more than UNANSWERED_KEPT times these are the first ones and the newest, as
    `Conversation.unanswered_at` has them.
    """
    answers: dict[str, Any] = {
        "conversation_id": conversation_id,
        "direction": MessageDirection.OUTBOUND.value,
        "type": {"$ne": REACTION},
        "status_rank": {"$nin": sorted(NO_ANSWER_RANKS)},
    }
    answer = await messages.find_one(answers, {"timestamp": 1}, sort=[("timestamp", DESCENDING)])
    answered_at = None if answer is None else answer["timestamp"]
    written: dict[str, Any] = {
        "conversation_id": conversation_id,
        "direction": MessageDirection.INBOUND.value,
        # The time of a call is not final.
        "type": {"$nin": sorted({*NOT_WRITTEN, CALL})},
        "group_id": None,
    }
    if answered_at is not None:
        written["timestamp"] = {"$gt": answered_at}
    times = sorted(await messages.distinct("timestamp", written))
    return answered_at, times[:UNANSWERED_KEPT] + times[UNANSWERED_KEPT:][-1:]
