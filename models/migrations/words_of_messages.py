"""Migration: replaces the text index of messages by an index of their words, newest first."""

import asyncio
from typing import Any

from pymongo import DESCENDING, UpdateOne

from models.messages.words import list_message_words
from models.migrations.migration import Database, Migration, Progress, drop_index

BATCH_SIZE = 500
# Between batches, so that webhooks are not delayed.
PAUSE_SECONDS = 0.05


async def _add_words(database: Database, progress: Progress) -> None:
    messages = database["messages"]
    await drop_index(messages, "text")
    while True:
        query: dict[str, Any] = {"words": {"$exists": False}}
        if progress.position is not None:
            query["_id"] = {"$lt": progress.position}
        cursor = messages.find(query, {"text": 1, "deleted_at": 1})
        batch = await cursor.sort("_id", DESCENDING).limit(BATCH_SIZE).to_list()
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


WORDS_OF_MESSAGES = Migration(number=4, name="index the words of stored messages", run=_add_words)
