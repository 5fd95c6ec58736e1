"""The migrations from version 0.1, in order, except those of users; see `scope_users`."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne

from models.database.base import utc_now
from models.messages.words import list_message_words
from models.migrations.migration import Batches, Database, Migration, Progress, drop_index


async def _replace_index(database: Database, _progress: Progress) -> None:
    """Recreates an index of version 0.1 under the same name with different keys.

    Version 0.1 does not read the schema version, but exits if it can't create an index at start.
    """
    lanes = database["lanes"]
    await drop_index(lanes, "account")
    await lanes.create_index([("account_id", ASCENDING), ("_id", ASCENDING)], name="account")


SHUT_OUT_0_1 = Migration(
    number=1, name="keep version 0.1 from starting", run=_replace_index, before_serving=True
)


async def _request_replays(database: Database, _progress: Progress) -> None:
    """Requests a replay for every account.

    Version 0.1 polled for replayable items; now a change of an account requests their replay.
    """
    await database["accounts"].update_many(
        {"replay_due_at": {"$exists": False}}, {"$set": {"replay_due_at": utc_now()}}
    )
    await drop_index(database["parked_items"], "waiting")


REQUEST_REPLAYS = Migration(number=10, name="replay parked items", run=_request_replays)


MESSAGES_AT_ONCE = 500
# Between batches, so that webhooks are not delayed.
PAUSE_SECONDS = 0.05


async def _add_words(database: Database, progress: Progress) -> None:
    """Replaces the text index of messages by an index of their words, newest first."""
    messages = database["messages"]
    await drop_index(messages, "text")
    while True:
        query: dict[str, Any] = {"words": {"$exists": False}}
        if progress.position is not None:
            query["_id"] = {"$lt": progress.position}
        cursor = messages.find(query, {"text": 1, "deleted_at": 1})
        batch = await cursor.sort("_id", DESCENDING).limit(MESSAGES_AT_ONCE).to_list()
        if not batch:
            return
        await messages.bulk_write([_make_update(message) for message in batch], ordered=False)
        await progress.save(batch[-1]["_id"])
        await asyncio.sleep(PAUSE_SECONDS)


def _make_update(message: dict[str, Any]) -> UpdateOne:
    # An edit or deletion meanwhile sets the words, which must not be overwritten.
    is_deleted = message.get("deleted_at") is not None
    words = [] if is_deleted else list_message_words(message.get("text"))
    return UpdateOne(
        {"_id": message["_id"], "words": {"$exists": False}}, {"$set": {"words": words}}
    )


WORDS_OF_MESSAGES = Migration(number=11, name="index the words of stored messages", run=_add_words)


async def _mark_users(database: Database, progress: Progress) -> None:
    await _mark(database, progress, "users", "search_keys")


async def _mark_contacts(database: Database, progress: Progress) -> None:
    await _mark(database, progress, "contacts", "search_keys", "sort_name")


async def _mark(database: Database, progress: Progress, collection: str, *fields: str) -> None:
    """Marks documents without search keys, so that they get keys.

    Version 0.1 searched for them at each start, which read all of them.
    """
    lacking = {"$or": [{field: {"$exists": False}} for field in fields]}
    async for batch in Batches(database, collection, progress, projection={"_id": 1}):
        ids = [document["_id"] for document in batch]
        await database[collection].update_many(
            {"_id": {"$in": ids}, **lacking}, {"$set": {"stale_keys": True}}
        )


MARK_USERS = Migration(number=13, name="mark users without search keys", run=_mark_users)
MARK_CONTACTS = Migration(number=14, name="mark contacts without search keys", run=_mark_contacts)


async def _schedule(database: Database, progress: Progress) -> None:
    """Sets the time of the next template sync in every account.

    Version 0.1 searched for accounts without that time, which read all accounts every few seconds.
    """
    async for batch in Batches(database, "accounts", progress, projection={"_id": 1}):
        ids = [account["_id"] for account in batch]
        await database["accounts"].update_many(
            {"_id": {"$in": ids}, "template_sync.due_at": None},
            [{"$set": {"template_sync.due_at": "$$NOW"}}],
        )


SCHEDULE_TEMPLATE_SYNCS = Migration(number=15, name="schedule template syncs", run=_schedule)


_WA_ID = "wa_id"
_LANDLINE = re.compile(r"55[0-9]{2}[2-5][0-9]{7}")


def _find_wrong(contact: Mapping[str, Any]) -> str | None:
    """Returns the number that belongs to another phone than the contact's."""
    identities = contact["identities"]
    numbers = {identity["value"] for identity in identities if identity["kind"] == _WA_ID}
    for number in numbers:
        with_nine = f"{number[:4]}9{number[4:]}"
        if _LANDLINE.fullmatch(number) and with_nine in numbers:
            return number if contact.get("wa_id") == with_nine else with_nine
    return None


async def _part(database: Database, progress: Progress) -> None:
    """Separates Brazilian landlines from mobile numbers.

    Version 0.1 equated each number with the number that has a 9 after the area code. Only mobile
    numbers, which began with 6 to 9, got that 9.
    """
    projection = {"identities": 1, "wa_id": 1}
    async for batch in Batches(database, "contacts", progress, projection=projection):
        wrong = {contact["_id"]: _find_wrong(contact) for contact in batch}
        writes = [
            UpdateOne(
                {"_id": contact_id},
                {
                    "$pull": {"identities": {"kind": _WA_ID, "value": number}},
                    "$set": {"stale_keys": True},
                },
            )
            for contact_id, number in wrong.items()
            if number is not None
        ]
        if writes:
            await database["contacts"].bulk_write(writes, ordered=False)


PART_LANDLINES = Migration(number=16, name="part Brazilian landlines from mobiles", run=_part)


_PICTURES = ("image/heic", "image/heif", "image/avif")


async def _correct_types(database: Database, progress: Progress) -> None:
    """Corrects the type of images that version 0.1 stored as MP4 video.

    It took every ISO media file with an unknown brand for MP4. Meta had reported the right type.
    """
    wrong = {
        "mime_type": "video/mp4",
        "stated_type": {"$regex": f"^({'|'.join(_PICTURES)})( *;|$)", "$options": "i"},
    }
    async for batch in Batches(database, "media", progress, query=wrong):
        updates = [
            UpdateOne(
                {"_id": media["_id"], "mime_type": "video/mp4"},
                {"$set": {"mime_type": media["stated_type"].partition(";")[0].strip().lower()}},
            )
            for media in batch
        ]
        await database["media"].bulk_write(updates, ordered=False)


TYPES_OF_PICTURES = Migration(
    number=17, name="correct the types of HEIC pictures", run=_correct_types
)
