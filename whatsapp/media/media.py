"""Media documents: created after their message, leased by one worker at a time, settled once.

`next_attempt_at` is both due time and end of the lease, so a file whose worker crashed is due again
when its lease expires.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import Account, Media, MediaState, Message
from models.database.base import (
    DEFAULT_WORKSPACE_ID,
    collection,
    from_bson,
    is_due,
    seconds_from_now,
    to_bson,
    utc_now,
)
from models.database.bulk_writes import update_in_batches, write_unless_duplicate
from models.database.lease import lease_document
from telemetry.metrics.media import DOWNLOADED_BYTES, DOWNLOADS
from whatsapp.accounts.accounts import MAY_SEND

PAGE_SIZE = 1000
_OPEN = {"state": MediaState.PENDING.value, "erased_at": None}


_listeners: set[Callable[[float], None]] = set()


@contextmanager
def observing_due_media(listener: Callable[[float], None]) -> Iterator[None]:
    """Calls `listener`, inside the block, with the seconds until a file becomes due."""
    _listeners.add(listener)
    try:
        yield
    finally:
        _listeners.discard(listener)


def _notify_listeners(seconds: float) -> None:
    for listener in tuple(_listeners):
        listener(seconds)


async def add_media(messages: Sequence[Message]) -> None:
    """Creates the Media of messages, which have a pending file; due at once.

    Raises:
        PyMongoError: some may be missing; the same call again, or the sweep, creates them.
    """
    await write_unless_duplicate(Media, [_make_insert(message) for message in messages])
    _notify_listeners(0)


def _make_insert(message: Message) -> UpdateOne:
    content = message.content
    media = Media(
        id=message.id,
        workspace_id=message.workspace_id,
        account_id=message.account_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        kind=message.type,
        media_id=str(content.get("id", "")),
        stated_type=content.get("mime_type"),
        stated_sha256=content.get("sha256"),
        filename=content.get("filename"),
        next_attempt_at=utc_now(),
        begun=[],
    )
    fields = {name: value for name, value in to_bson(media).items() if name != "_id"}
    return UpdateOne({"_id": media.id}, {"$setOnInsert": fields}, upsert=True)


async def claim_media(except_holders: Sequence[Hashable], *, lease_seconds: float) -> Media | None:
    """Leases the file that has been due longest; returns None if no file is due.

    Files of `except_holders`, which are accounts or workspaces, are passed over.
    """
    earlier = {"$ifNull": ["$begun", {"$range": [1, {"$add": ["$fence", 1]}]}]}
    changes = {
        "begun": {"$concatArrays": [earlier, [{"$add": ["$fence", 1]}]]},
        "fence": {"$add": ["$fence", 1]},
        # Counted before the attempt, so that a file that crashes the process is given up.
        "attempts": {"$add": ["$attempts", 1]},
    }
    eligible: dict[str, Any] = {"account_id": {"$nin": list(except_holders)}}
    if except_holders:
        eligible["workspace_id"] = _exclude_workspaces(except_holders)
    return await lease_document(
        Media,
        is_due("next_attempt_at") | eligible,
        field="next_attempt_at",
        seconds=lease_seconds,
        changes=changes,
    )


def _exclude_workspaces(workspace_ids: Sequence[Hashable]) -> dict[str, Any]:
    # A migration may not have reached the documents of version 0.1 yet.
    unset = [None] if DEFAULT_WORKSPACE_ID in workspace_ids else []
    return {"$nin": [*workspace_ids, *unset]}


async def settle_media(media: Media, state: MediaState, **fields: Any) -> bool:
    """Sets the final state and counts it. Returns False if the lease was lost or the file erased.

    Stores must have no bytes of the file except under `stored_as`.
    """
    changes = {**fields, "state": state.value, "next_attempt_at": None, "begun": []}
    result = await collection(Media).update_one(_match_claim(media), {"$set": changes})
    if not result.matched_count:
        return False
    # Before anything else can fail, so that the counters equal the documents.
    DOWNLOADS[state.value.lower()].inc()
    DOWNLOADED_BYTES.inc(fields.get("size_bytes", 0))
    await set_message_state(media.message_id, state)
    return True


async def set_message_state(message_id: PydanticObjectId, state: MediaState) -> None:
    """Sets the state of the message's file, which the live feed publishes."""
    await collection(Message).update_one(
        {"_id": message_id, "media_state": MediaState.PENDING.value},
        {"$set": {"media_state": state.value}},
    )


async def postpone_media(
    media: Media, seconds: float, *, error: str | None, counts: bool = True
) -> None:
    """Makes the file due again after `seconds`. With `counts=False`, the attempt is not counted."""
    changes: dict[str, Any] = {"next_attempt_at": seconds_from_now(seconds), "begun": media.begun}
    if error is not None:
        changes["error"] = {"$literal": error}
    if not counts:
        changes["attempts"] = {"$subtract": ["$attempts", 1]}
    await collection(Media).update_one(_match_claim(media), [{"$set": changes}])
    _notify_listeners(seconds)


async def suspend_media(media: Media, *, reason: str | None = None) -> None:
    """Postpones the file until `resume_suspended_media` finds its account healthy, with room."""
    changes: dict[str, Any] = {"next_attempt_at": None, "begun": media.begun}
    if reason is not None:
        changes["error"] = reason
    await collection(Media).update_one(
        _match_claim(media), {"$set": changes, "$inc": {"attempts": -1}}
    )


async def remove_attempt(media: Media) -> None:
    """Records that an attempt without a lease has left no bytes in any store."""
    await collection(Media).update_one(
        {"_id": media.id, "begun": media.fence}, {"$pull": {"begun": media.fence}}
    )


async def resume_suspended_media(*, except_workspaces: Sequence[PydanticObjectId] = ()) -> int:
    """Makes suspended files of healthy accounts due. Returns the number of files.

    Files of `except_workspaces`, whose storage is full, stay suspended.
    """
    suspended: dict[str, Any] = {"next_attempt_at": None, **_OPEN}
    if except_workspaces:
        suspended["workspace_id"] = _exclude_workspaces(except_workspaces)
    account_ids = await collection(Media).distinct("account_id", suspended)
    if not account_ids:
        return 0
    healthy = {"_id": {"$in": account_ids}, **MAY_SEND}
    accounts = collection(Account).find(healthy, {"_id": 1})
    suspended["account_id"] = {"$in": [account["_id"] async for account in accounts]}
    return await update_in_batches(Media, suspended, [{"$set": {"next_attempt_at": "$$NOW"}}])


async def repair_messages(after: PydanticObjectId | None) -> PydanticObjectId | None:
    """Repairs a page of messages that a crash left without Media or with an outdated state.

    Returns the last message of the page, or None if there are no more.
    """
    query: dict[str, Any] = {"media_state": MediaState.PENDING.value}
    if after is not None:
        query["_id"] = {"$gt": after}
    page = collection(Message).find(query).sort("_id").limit(PAGE_SIZE).hint("media_pending")
    messages = [from_bson(Message, fields) async for fields in page]
    if not messages:
        return None
    of_page = {"_id": {"$in": [message.id for message in messages]}}
    medias = collection(Media).find(of_page, {"state": 1})
    states = {media["_id"]: MediaState(media["state"]) async for media in medias}
    if missing := [message for message in messages if message.id not in states]:
        await add_media(missing)
    for message_id, state in states.items():
        if state is not MediaState.PENDING:
            await set_message_state(message_id, state)
    return messages[-1].id if len(messages) == PAGE_SIZE else None


async def mark_erased(query: Mapping[str, Any]) -> int:
    """Hides files permanently; a sweep then removes their bytes. Returns their number.

    The store is not used here, so an erasure completes even if the store is unavailable.
    """
    return await update_in_batches(
        Media,
        {**query, "erased_at": None},
        {
            "$set": {
                "erased_at": utc_now(),
                "next_attempt_at": None,
                "media_id": "",
                "stated_type": None,
                "stated_sha256": None,
                "filename": None,
            }
        },
    )


async def list_erased() -> list[Media]:
    query = {"erased_at": {"$type": "date"}}
    return await Media.find(query).sort("erased_at").limit(PAGE_SIZE).to_list()


def _match_claim(media: Media) -> dict[str, Any]:
    return {"_id": media.id, "fence": media.fence, **_OPEN}
