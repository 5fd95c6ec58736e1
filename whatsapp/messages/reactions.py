"""Reactions of the business: sent as messages, and seen on the message that they are about.

A message keeps those that were sent for it, each with how far it came, because one that fails
leaves the one before it standing. Any order and any repetition of reports leaves it equal.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any

from beanie import PydanticObjectId

from models import REACTION, Message, MessageStatus
from models.database.base import collection, to_bson
from whatsapp.messages.amendments import REACTION_ORDER

# More than anybody sends for one message before the first of them is settled.
KEPT_REACTIONS = 20


class Stage(IntEnum):
    """How far a reaction came, in the order of certainty: what failed may arrive after all."""

    TAKEN = 1
    FAILED = 2
    ARRIVED = 3


async def show_accepted_reaction(message: Message) -> None:
    """Shows a reaction that Meta took; other messages are left alone."""
    if message.is_own_reaction:
        await _keep(to_bson(message), Stage.TAKEN)


async def update_shown_reaction(message_id: PydanticObjectId) -> None:
    """Shows a reaction of the business, or shows it no more, as its status now says."""
    reaction = await collection(Message).find_one({"_id": message_id})
    stage = None if reaction is None else _find_stage(reaction["status_rank"])
    if reaction is not None and reaction["type"] == REACTION and stage is not None:
        await _keep(reaction, stage)


def list_current_reactions(reactions: Collection[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest of each writer, without what failed and what was taken back."""
    if not reactions:
        return []  # as nearly always, and every page of messages asks for each of them
    newest: dict[Any, Mapping[str, Any]] = {}
    for one in sorted(reactions, key=_find_place):
        if one.get("stage") != Stage.FAILED:
            newest[one.get("contact_id")] = one
    return sorted((one for one in newest.values() if one["emoji"]), key=_find_place)


def _find_place(reaction: Mapping[str, Any]) -> tuple[datetime, str, str]:
    at: datetime = reaction["at"]
    return at, str(reaction.get("wamid") or ""), str(reaction.get("message_id") or "")


def _find_stage(rank: int) -> Stage | None:
    """None where Meta has not taken it yet, and never will if it was cancelled."""
    if rank == MessageStatus.FAILED.rank:
        return Stage.FAILED
    if MessageStatus.ACCEPTED.rank <= rank < MessageStatus.FAILED.rank:
        return Stage.TAKEN
    is_delivered = MessageStatus.DELIVERED.rank <= rank < MessageStatus.CANCELLED.rank
    return Stage.ARRIVED if is_delivered else None


async def _keep(reaction: Mapping[str, Any], stage: Stage) -> None:
    """On the message that it is about, if that is still there."""
    content = reaction["content"]
    query = {"account_id": reaction["account_id"], "wamid": content["message_id"]}
    # The order of the keys is that of the comparison: of equal ones the greater stage stays.
    given = {
        "contact_id": None,
        "at": reaction["timestamp"],
        "emoji": content.get("emoji") or "",
        "message_id": reaction["_id"],
        "stage": stage.value,
    }
    await collection(Message).update_one(query, [{"$set": {"reactions": _merge(given)}}])


def _merge(given: Mapping[str, Any]) -> dict[str, Any]:
    stored = {"$ifNull": ["$reactions", []]}
    is_sent: dict[str, Any] = {"$ne": [{"$type": "$$this.message_id"}, "missing"]}
    is_same = {"$eq": ["$$this.message_id", given["message_id"]]}
    same = {"$max": _filter({"$setUnion": [stored, {"$literal": [given]}]}, is_same)}
    others = _filter(stored, {"$and": [is_sent, {"$not": [is_same]}]})
    sent = _sort({"$concatArrays": [others, [same]]}, {"at": -1, "message_id": -1})
    newest = {"$slice": [sent, KEPT_REACTIONS]}
    rest = _filter(stored, {"$not": [is_sent]})
    return _sort({"$concatArrays": [rest, newest]}, REACTION_ORDER)


def _filter(values: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": values, "as": "this", "cond": condition}}


def _sort(values: dict[str, Any], order: dict[str, int]) -> dict[str, Any]:
    return {"$sortArray": {"input": values, "sortBy": order}}
