"""The summary of a conversation: updates that any order and any repetition of messages leave equal.

All messages of one conversation that are stored together are one update. What they bring is folded
here, and MongoDB compares it with what is there. Only these values differ from update to update:
the expressions that compare them are encoded once.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import bson
from beanie import PydanticObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from models import ConversationStatus, Message, MessageDirection
from models.database.base import utc_now

# Meta's timestamps are cut to whole seconds: the message may be this much younger.
TIMESTAMP_STEP = timedelta(seconds=1)
# More than are ever stored at the same moment out of the order of their ids.
NEWEST_KEPT = 10
# What WhatsApp itself says, or what is about an earlier message, opens no service window.
NOT_WRITTEN = frozenset({"system", "reaction", "edit", "revoke"})
# The update keeps its values in this field while it is worked out; it is never stored.
_NEWS = "_news"


def opens_window(message: Message) -> bool:
    """Whether the message opens the service window of its conversation."""
    is_inbound = message.direction is MessageDirection.INBOUND
    return is_inbound and message.type not in NOT_WRITTEN and message.group_id is None


def make_summary_update(
    conversation_id: PydanticObjectId, messages: Sequence[Message]
) -> UpdateOne:
    """Brings the summary up to date with these messages of this conversation."""
    return _make_update(conversation_id, _fold(messages))


def make_deletion_update(
    conversation_id: PydanticObjectId, message_id: PydanticObjectId
) -> UpdateOne:
    """The same where the writer of a message deleted it."""
    return _make_update(conversation_id, {"deleted": [message_id]})


def _fold(messages: Sequence[Message]) -> dict[str, Any]:
    """What the messages bring together, by the names that `_SUMMARIES` have."""
    news: dict[str, Any] = {}
    shown = [(one.timestamp, one.id) for one in messages if not one.is_own_reaction]
    if shown:
        news["at"], news["id"] = max(shown)
    inbound = [one for one in messages if one.direction is MessageDirection.INBOUND]
    if not inbound:
        return news
    news["reopens_before"] = max(one.timestamp for one in inbound) + TIMESTAMP_STEP
    written = [one.timestamp for one in inbound if opens_window(one)]
    if written:
        news["written_at"] = max(written)
    unread = {one.id for one in inbound if one.unread}
    if unread:
        news["unread"] = sorted(unread, reverse=True)[:NEWEST_KEPT]
    return news


def _make_update(conversation_id: PydanticObjectId, news: Mapping[str, Any]) -> UpdateOne:
    values = {"$set": {_NEWS: {**news, "now": utc_now(), "before": "$$ROOT"}}}
    return UpdateOne({"_id": conversation_id}, [values, *_compile(frozenset(news))])


@cache
def _compile(names: frozenset[str]) -> list[RawBSONDocument]:
    """The rest of the pipeline, which is the same for all updates with news of these names."""
    summary: dict[str, Any] = {}
    for name in names:
        summary |= _SUMMARIES.get(name, {})
    stored = [f"${name}" for name in summary]
    before = [f"${_NEWS}.before.{name}" for name in summary]
    updated_at = {"$cond": [{"$ne": [stored, before]}, f"${_NEWS}.now", "$updated_at"]}
    # An update that changes nothing leaves an equal document, of which MongoDB tells nobody.
    stages: list[dict[str, Any]] = [{"$set": {"updated_at": updated_at}}, {"$unset": _NEWS}]
    if summary:
        stages.insert(0, {"$set": summary})
    return [RawBSONDocument(bson.encode(stage)) for stage in stages]


def _summarize() -> dict[str, Any]:
    at, message_id = f"${_NEWS}.at", f"${_NEWS}.id"
    is_newest = {"$gt": [[at, message_id], ["$last_message_at", "$last_message_id"]]}
    is_first = {"$eq": [{"$ifNull": ["$last_message_at", None]}, None]}
    latest = {"$max": ["$last_activity_at", at]}
    return {
        "last_message_id": {"$cond": [is_newest, message_id, "$last_message_id"]},
        "last_message_at": {"$cond": [is_newest, at, "$last_message_at"]},
        # Until the first message it held the time of creation, which says nothing about activity.
        "last_activity_at": {"$cond": [is_first, at, latest]},
    }


def _reopen() -> dict[str, Any]:
    reopens = {
        "$and": [
            {"$eq": ["$status", ConversationStatus.CLOSED.value]},
            {"$gt": [f"${_NEWS}.reopens_before", "$closed_at"]},
        ]
    }
    return {
        "status": {"$cond": [reopens, ConversationStatus.OPEN.value, "$status"]},
        "closed_at": {"$cond": [reopens, None, "$closed_at"]},
    }


def _add_newest(stored: str, added: str) -> dict[str, Any]:
    """A set cut to its greatest members: any order and any repetition of messages leaves it equal,
    and each new message changes it, even one that is older than the last.
    """
    joined = {"$setUnion": [{"$ifNull": [stored, []]}, added]}
    return {"$slice": [{"$sortArray": {"input": joined, "sortBy": -1}}, NEWEST_KEPT]}


_SUMMARIES: Mapping[str, Mapping[str, Any]] = {
    "at": _summarize(),
    "reopens_before": _reopen(),
    "written_at": {"last_inbound_at": {"$max": ["$last_inbound_at", f"${_NEWS}.written_at"]}},
    "unread": {"newest_unread_ids": _add_newest("$newest_unread_ids", f"${_NEWS}.unread")},
    "deleted": {"newest_deleted_ids": _add_newest("$newest_deleted_ids", f"${_NEWS}.deleted")},
}
"""By what is new: the fields that follow from it."""
