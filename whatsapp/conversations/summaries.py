"""Summary updates of conversations, independent of order and repetition of messages.

Messages of a conversation that are stored together are folded into one update, which MongoDB
compares with the stored summary. The comparing expressions are encoded once and cached, because
updates differ only in their values.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import bson
from beanie import PydanticObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from models import CALL, ConversationStatus, Message, MessageDirection
from models.database.base import new_id, utc_now
from models.messages.unanswered import NO_ANSWER_RANKS, NOT_WRITTEN, UNANSWERED_KEPT

# Meta truncates timestamps to seconds, so a message may be this much later.
TIMESTAMP_STEP = timedelta(seconds=1)
# An upper bound of messages that are stored concurrently in another order than their ids.
NEWEST_KEPT = 10
# Temporary field with the values of the update; it is never stored.
_NEW = "_new"


def opens_window(message: Message) -> bool:
    """Returns True if the message opens the service window of its conversation."""
    is_inbound = message.direction is MessageDirection.INBOUND
    return is_inbound and message.type not in NOT_WRITTEN and message.group_id is None


def make_summary_update(
    conversation_id: PydanticObjectId, messages: Sequence[Message]
) -> UpdateOne:
    """Returns the update of the summary for these messages of the conversation."""
    return _make_update(conversation_id, _fold_messages(messages))


def make_deletion_update(
    conversation_id: PydanticObjectId, message_id: PydanticObjectId
) -> UpdateOne:
    """Returns the update of the summary for a message that its author deleted."""
    return _make_update(conversation_id, {"deleted": [message_id]})


def _fold_messages(messages: Sequence[Message]) -> dict[str, Any]:
    """Returns the combined values of the messages, by the keys of `_SUMMARIES`."""
    values: dict[str, Any] = {}
    keys = [(message.timestamp, message.id) for message in messages if not message.is_own_reaction]
    if keys:
        values["at"], values["id"] = max(keys)
    inbound = [message for message in messages if message.direction is MessageDirection.INBOUND]
    opening = [message for message in inbound if opens_window(message)]
    # The time of a call is not final.
    written = {message.timestamp for message in opening if message.type != CALL}
    answers = [
        message.timestamp
        for message in messages
        if message.direction is MessageDirection.OUTBOUND
        and not message.is_own_reaction
        and message.status_rank not in NO_ANSWER_RANKS
    ]
    if written or answers:
        values["answers"] = {"to": sorted(written), "at": max(answers, default=None)}
    if not inbound:
        return values
    newest_at, newest_id = max((message.timestamp, message.id) for message in inbound)
    values["reopens_before"] = newest_at + TIMESTAMP_STEP
    values["reopening"] = {"change_id": new_id(), "at": newest_at, "message_id": newest_id}
    if opening:
        values["inbound_at"] = max(message.timestamp for message in opening)
    unread = {message.id for message in inbound if message.unread}
    if unread:
        values["unread"] = sorted(unread, reverse=True)[:NEWEST_KEPT]
    return values


def _make_update(conversation_id: PydanticObjectId, values: Mapping[str, Any]) -> UpdateOne:
    stage = {"$set": {_NEW: {**values, "now": utc_now(), "before": "$$ROOT"}}}
    return UpdateOne({"_id": conversation_id}, [stage, *_compile_stages(frozenset(values))])


@cache
def _compile_stages(names: frozenset[str]) -> list[RawBSONDocument]:
    """Returns the remaining stages, which are equal for all updates with these values."""
    summary: dict[str, Any] = {}
    for name in names:
        summary |= _SUMMARIES.get(name, {})
    stored = [f"${name}" for name in summary]
    before = [f"${_NEW}.before.{name}" for name in summary]
    updated_at = {"$cond": [{"$ne": [stored, before]}, f"${_NEW}.now", "$updated_at"]}
    # An update that leaves the document equal causes no change event.
    stages: list[dict[str, Any]] = [{"$set": {"updated_at": updated_at}}, {"$unset": _NEW}]
    if summary:
        stages.insert(0, {"$set": summary})
    return [RawBSONDocument(bson.encode(stage)) for stage in stages]


def _update_last_message() -> dict[str, Any]:
    at, message_id = f"${_NEW}.at", f"${_NEW}.id"
    is_newest = {"$gt": [[at, message_id], ["$last_message_at", "$last_message_id"]]}
    is_first = {"$eq": [{"$ifNull": ["$last_message_at", None]}, None]}
    latest = {"$max": ["$last_activity_at", at]}
    return {
        "last_message_id": {"$cond": [is_newest, message_id, "$last_message_id"]},
        "last_message_at": {"$cond": [is_newest, at, "$last_message_at"]},
        # Before the first message this is the time of creation, which is not an activity.
        "last_activity_at": {"$cond": [is_first, at, latest]},
    }


def _reopen_conversation() -> dict[str, Any]:
    reopens = {
        "$and": [
            {"$eq": ["$status", ConversationStatus.CLOSED.value]},
            {"$gt": [f"${_NEW}.reopens_before", "$closed_at"]},
        ]
    }
    recorded = record_reopening(f"${_NEW}.reopening")
    return {
        "status": {"$cond": [reopens, ConversationStatus.OPEN.value, "$status"]},
        "closed_at": {"$cond": [reopens, None, "$closed_at"]},
        **{name: {"$cond": [reopens, value, f"${name}"]} for name, value in recorded.items()},
    }


def record_reopening(reopening: Any, *, stored: Any = "$reopenings") -> dict[str, Any]:
    """Returns the `$set` of a pipeline that reopens a conversation: the record of it.

    `reopening` is an expression for a `Reopening`, whose time is moved behind the previous change;
    `stored` is one for the earlier records.
    """
    fields = {"input": reopening, "field": "at"}
    at = {"$max": [{"$getField": fields}, {"$add": ["$changed_at", 1]}]}
    dated = {"$mergeObjects": [reopening, {"at": at}]}
    return {
        "changed_at": at,
        "reopenings": {"$concatArrays": [{"$ifNull": [stored, []]}, [dated]]},
    }


def _add_newest(stored: str, added: str) -> dict[str, Any]:
    """Adds to a set limited to its greatest members.

    It is independent of order and repetition, and changes with each new message, even an older one.
    """
    joined = {"$setUnion": [{"$ifNull": [stored, []]}, added]}
    return {"$slice": [{"$sortArray": {"input": joined, "sortBy": -1}}, NEWEST_KEPT]}


def unite_answers(times: Any, answered_at: Any, now: Any) -> dict[str, Any]:
    """Returns the fields of unanswered messages, with the given times and time of an answer added.

    Times before an answer are dropped, and only the first UNANSWERED_KEPT times and the newest are
    kept. The result is independent of order and repetition. An answer to a part of more messages
    may answer some that are not kept: the conversation is then marked, see `answers`.
    """
    stored = {"$ifNull": ["$unanswered_at", []]}
    answered = {"$max": ["$last_outbound_at", answered_at]}
    known = {"$setUnion": [stored, times]}
    is_later = {"$gt": ["$$this", "$$answered"]}
    later = {"$filter": {"input": known, "as": "this", "cond": is_later}}
    kept = {"$setUnion": [{"$slice": ["$$sorted", UNANSWERED_KEPT]}, {"$slice": ["$$sorted", -1]}]}
    in_order = {
        "$let": {
            "vars": {"sorted": {"$sortArray": {"input": later, "sortBy": 1}}},
            "in": {"$sortArray": {"input": kept, "sortBy": 1}},
        }
    }
    answers_part = {
        "$and": [
            {"$gt": [{"$size": stored}, UNANSWERED_KEPT]},
            {"$lte": [{"$min": stored}, answered]},
            {"$gt": [{"$max": known}, answered]},
        ]
    }
    return {
        "last_outbound_at": answered,
        "unanswered_at": {"$let": {"vars": {"answered": answered}, "in": in_order}},
        "answers_stale_at": {"$cond": [answers_part, now, "$answers_stale_at"]},
    }


_SUMMARIES: Mapping[str, Mapping[str, Any]] = {
    "at": _update_last_message(),
    "reopens_before": _reopen_conversation(),
    "inbound_at": {"last_inbound_at": {"$max": ["$last_inbound_at", f"${_NEW}.inbound_at"]}},
    "answers": unite_answers(f"${_NEW}.answers.to", f"${_NEW}.answers.at", f"${_NEW}.now"),
    "unread": {"newest_unread_ids": _add_newest("$newest_unread_ids", f"${_NEW}.unread")},
    "deleted": {"newest_deleted_ids": _add_newest("$newest_deleted_ids", f"${_NEW}.deleted")},
}
"""The fields that depend on each value of an update."""
