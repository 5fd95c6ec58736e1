"""Reactions by the business: sent as messages, shown on their target message.

The target keeps the sent reactions with their stage, because a failed reaction leaves the previous
one in place. The result is independent of the order and repetition of reports.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any

from beanie import PydanticObjectId

from models import REACTION, Message, MessageStatus
from models.database.base import collection, to_bson
from whatsapp.messages.amendments import REACTION_ORDER
from whatsapp.messages.wamids import match_wamids

# More than are ever sent for a message before the first is delivered.
KEPT_REACTIONS = 20


class Stage(IntEnum):
    """Delivery stage, in order of certainty: a failed reaction may still arrive."""

    ACCEPTED = 1
    FAILED = 2
    ARRIVED = 3


async def show_accepted_reaction(message: Message) -> None:
    """Shows a reaction that Meta accepted; ignores other messages."""
    if message.is_own_reaction:
        await _store_reaction(to_bson(message), Stage.ACCEPTED)


async def update_shown_reaction(message_id: PydanticObjectId) -> None:
    """Shows or hides a reaction by the business, according to its status."""
    reaction = await collection(Message).find_one({"_id": message_id})
    stage = None if reaction is None else _find_stage(reaction["status_rank"])
    if reaction is not None and reaction["type"] == REACTION and stage is not None:
        await _store_reaction(reaction, stage)


def list_current_reactions(reactions: Collection[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns each author's newest reaction, without failed and removed reactions."""
    if not reactions:
        return []  # the usual case, called for each message of a page
    newest: dict[Any, Mapping[str, Any]] = {}
    for reaction in sorted(reactions, key=_make_sort_key):
        if reaction.get("stage") != Stage.FAILED:
            newest[reaction.get("contact_id")] = reaction
    present = (reaction for reaction in newest.values() if reaction["emoji"])
    return sorted(present, key=_make_sort_key)


def _make_sort_key(reaction: Mapping[str, Any]) -> tuple[datetime, str, str]:
    at: datetime = reaction["at"]
    return at, str(reaction.get("wamid") or ""), str(reaction.get("message_id") or "")


def _find_stage(rank: int) -> Stage | None:
    """Returns the stage for a status rank; None if Meta has not accepted the message."""
    if rank == MessageStatus.FAILED.rank:
        return Stage.FAILED
    if MessageStatus.ACCEPTED.rank <= rank < MessageStatus.FAILED.rank:
        return Stage.ACCEPTED
    is_delivered = MessageStatus.DELIVERED.rank <= rank < MessageStatus.CANCELLED.rank
    return Stage.ARRIVED if is_delivered else None


async def _store_reaction(reaction: Mapping[str, Any], stage: Stage) -> None:
    """Stores the reaction on its target message, if that exists."""
    content = reaction["content"]
    query = match_wamids(reaction["account_id"], [content["message_id"]])
    # The key order defines the comparison: for the same message the greater stage wins.
    entry = {
        "contact_id": None,
        "at": reaction["timestamp"],
        "emoji": content.get("emoji") or "",
        "message_id": reaction["_id"],
        "stage": stage.value,
    }
    await collection(Message).update_one(query, [{"$set": {"reactions": _merge_reaction(entry)}}])


def _merge_reaction(entry: Mapping[str, Any]) -> dict[str, Any]:
    stored = {"$ifNull": ["$reactions", []]}
    is_sent: dict[str, Any] = {"$ne": [{"$type": "$$this.message_id"}, "missing"]}
    is_same = {"$eq": ["$$this.message_id", entry["message_id"]]}
    same = {"$max": _filter_array({"$setUnion": [stored, {"$literal": [entry]}]}, is_same)}
    other_reactions = _filter_array(stored, {"$and": [is_sent, {"$not": [is_same]}]})
    sent = _sort_array({"$concatArrays": [other_reactions, [same]]}, {"at": -1, "message_id": -1})
    newest = {"$slice": [sent, KEPT_REACTIONS]}
    received = _filter_array(stored, {"$not": [is_sent]})
    return _sort_array({"$concatArrays": [received, newest]}, REACTION_ORDER)


def _filter_array(values: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": values, "as": "this", "cond": condition}}


def _sort_array(values: dict[str, Any], order: dict[str, int]) -> dict[str, Any]:
    return {"$sortArray": {"input": values, "sortBy": order}}
