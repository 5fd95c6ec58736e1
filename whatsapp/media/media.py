"""Media documents: made after their message, claimed by one worker at a time, settled once.

A claim is a lease in the database's time, as of lanes: `next_attempt_at` lies in the future while a
worker has the file, and a worker that ended in the middle leaves it due again.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING, ReturnDocument, UpdateOne

from models import Account, HealthState, Media, MediaState, Message
from models.database.base import collection, from_bson, to_bson, utc_now
from models.database.bulk_writes import update_in_batches, write_unless_duplicate

PAGE_SIZE = 1000
DUE = {"next_attempt_at": {"$type": "date"}}
_OPEN = {"state": MediaState.PENDING.value, "erased_at": None}


_listeners: set[Callable[[float], None]] = set()


@contextmanager
def hearing_of_due_media(listener: Callable[[float], None]) -> Iterator[None]:
    """Within, `listener` is told in how many seconds a file of this process becomes due."""
    _listeners.add(listener)
    try:
        yield
    finally:
        _listeners.discard(listener)


def _announce(seconds: float) -> None:
    for listener in tuple(_listeners):
        listener(seconds)


async def add_media(messages: Sequence[Message]) -> None:
    """Makes the Media of those of the messages that have a file to be fetched; due at once.

    Raises:
        PyMongoError: some may be made; the same call again, or the sweep, makes the rest.
    """
    pending = [message for message in messages if message.media_state is MediaState.PENDING]
    if pending:
        await write_unless_duplicate(Media, [_make_insert(message) for message in pending])
        _announce(0)


def _make_insert(message: Message) -> UpdateOne:
    content = message.content
    media = Media(
        id=message.id,
        account_id=message.account_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        kind=message.type,
        media_id=str(content.get("id", "")),
        told_type=content.get("mime_type"),
        told_sha256=content.get("sha256"),
        filename=content.get("filename"),
        next_attempt_at=utc_now(),
        begun=[],
    )
    fields = {name: value for name, value in to_bson(media).items() if name != "_id"}
    return UpdateOne({"_id": media.id}, {"$setOnInsert": fields}, upsert=True)


async def claim_media(except_accounts: Sequence[Hashable], *, lease_seconds: float) -> Media | None:
    """Takes the file that is due longest for a while, or None."""
    query: dict[str, Any] = {**DUE, "$expr": {"$lte": ["$next_attempt_at", "$$NOW"]}}
    if except_accounts:
        query["account_id"] = {"$nin": list(except_accounts)}
    earlier = {"$ifNull": ["$begun", {"$range": [1, {"$add": ["$fence", 1]}]}]}
    taken = {
        "begun": {"$concatArrays": [earlier, [{"$add": ["$fence", 1]}]]},
        "next_attempt_at": _in_seconds(lease_seconds),
        "fence": {"$add": ["$fence", 1]},
        # Counted before the try, so that a file which ends the process is given up some time.
        "attempts": {"$add": ["$attempts", 1]},
    }
    found = await collection(Media).find_one_and_update(
        query,
        [{"$set": taken}],
        sort=[("next_attempt_at", ASCENDING)],
        return_document=ReturnDocument.AFTER,
    )
    return None if found is None else from_bson(Media, found)


async def settle_media(media: Media, state: MediaState, **fields: Any) -> bool:
    """Sets the final state. Returns False if it is another worker's by now, or was erased.

    No store may have bytes of it besides `stored_as`.
    """
    changes = {**fields, "state": state.value, "next_attempt_at": None, "begun": []}
    result = await collection(Media).update_one(_mine(media), {"$set": changes})
    if not result.matched_count:
        return False
    await show_state(media.message_id, state)
    return True


async def show_state(message_id: PydanticObjectId, state: MediaState) -> None:
    """Puts the state on the message, where the live feed sees it."""
    await collection(Message).update_one(
        {"_id": message_id, "media_state": MediaState.PENDING.value},
        {"$set": {"media_state": state.value}},
    )


async def put_off(media: Media, seconds: float, *, error: str | None, counts: bool = True) -> None:
    """Leaves the file for another try after so many seconds; `counts` says if this was one."""
    changes: dict[str, Any] = {"next_attempt_at": _in_seconds(seconds), "begun": media.begun}
    if error is not None:
        changes["error"] = {"$literal": error}
    if not counts:
        changes["attempts"] = {"$subtract": ["$attempts", 1]}
    await collection(Media).update_one(_mine(media), [{"$set": changes}])
    _announce(seconds)


async def wait_for_account(media: Media) -> None:
    """Leaves the file until its account is well again; see `wake_waiting_media`."""
    await collection(Media).update_one(
        _mine(media),
        {"$set": {"next_attempt_at": None, "begun": media.begun}, "$inc": {"attempts": -1}},
    )


async def forget_attempt(media: Media) -> None:
    """Notes that a lost attempt has left no bytes."""
    await collection(Media).update_one(
        {"_id": media.id, "begun": media.fence}, {"$pull": {"begun": media.fence}}
    )


async def wake_waiting_media() -> int:
    """Makes files due whose account was disabled or stopped and is well again; gives how many."""
    waiting: dict[str, Any] = {"next_attempt_at": None, **_OPEN}
    account_ids = await collection(Media).distinct("account_id", waiting)
    if not account_ids:
        return 0
    well = {"enabled": True, "deleted_at": None, "health.state": HealthState.OK.value}
    found = collection(Account).find({"_id": {"$in": account_ids}, **well}, {"_id": 1})
    woken = {"account_id": {"$in": [account["_id"] async for account in found]}}
    return await update_in_batches(Media, woken | waiting, [{"$set": {"next_attempt_at": "$$NOW"}}])


async def mend_messages(after: PydanticObjectId | None) -> PydanticObjectId | None:
    """Ends what a crash left between a message and its Media, for one page of messages.

    Gives where the next page starts; None after the last one.
    """
    query: dict[str, Any] = {"media_state": MediaState.PENDING.value}
    if after is not None:
        query["_id"] = {"$gt": after}
    page = collection(Message).find(query).sort("_id").limit(PAGE_SIZE).hint("media_pending")
    messages = [from_bson(Message, fields) async for fields in page]
    if not messages:
        return None
    known = await _list_states([message.id for message in messages])
    await add_media([message for message in messages if message.id not in known])
    for message_id, state in known.items():
        if state is not MediaState.PENDING:
            await show_state(message_id, state)
    return messages[-1].id if len(messages) == PAGE_SIZE else None


async def _list_states(ids: Sequence[PydanticObjectId]) -> dict[PydanticObjectId, MediaState]:
    found = collection(Media).find({"_id": {"$in": list(ids)}}, {"state": 1})
    return {one["_id"]: MediaState(one["state"]) async for one in found}


async def mark_erased(query: Mapping[str, Any]) -> None:
    """Makes files invisible for good; the sweep of any process then removes the bytes.

    This needs no store, so an erasure ends even where the store is away just then.
    """
    await update_in_batches(
        Media,
        {**query, "erased_at": None},
        {
            "$set": {
                "erased_at": utc_now(),
                "next_attempt_at": None,
                "media_id": "",
                "told_type": None,
                "told_sha256": None,
                "filename": None,
            }
        },
    )


async def list_erased() -> list[Media]:
    query = {"erased_at": {"$type": "date"}}
    return await Media.find(query).sort("erased_at").limit(PAGE_SIZE).to_list()


def _mine(media: Media) -> dict[str, Any]:
    return {"_id": media.id, "fence": media.fence, **_OPEN}


def _in_seconds(seconds: float) -> dict[str, Any]:
    amount = int(seconds * 1000)
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": amount}}
