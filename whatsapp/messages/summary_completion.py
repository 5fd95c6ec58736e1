"""Completion of summaries by readers that find a message before its writer updated the summary.

The update is idempotent, so both may do it.
"""

import contextlib
import logging
from collections.abc import Collection, Sequence
from typing import Any

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Conversation, Message
from models.database.base import collection, from_bson
from models.database.conversion import project
from whatsapp.conversations.conversations import (
    ConversationGone,
    summary_includes,
)
from whatsapp.messages.early_updates import finish_stored_messages

logger = logging.getLogger(__name__)

COMPLETE_SECONDS = 2.0
# Stored fields of a conversation and of a message that `summary_includes` reads.
SUMMARY_FIELDS = ("last_message_at", "last_message_id", "last_inbound_at")
SUMMARIZED_FIELDS = ("timestamp", "direction", "type", "group_id")


async def read_summaries(conversation_ids: Collection[PydanticObjectId]) -> list[dict[str, Any]]:
    """Returns the stored summaries of conversations; none if MongoDB can't be reached."""
    found = {"_id": {"$in": list(conversation_ids)}}
    try:
        with pymongo.timeout(COMPLETE_SECONDS):
            return await collection(Conversation).find(found, project(SUMMARY_FIELDS)).to_list()
    except PyMongoError as error:
        logger.debug("Summaries can't be read: %s", type(error).__name__)
        return []


async def complete_summaries(message_ids: Collection[PydanticObjectId]) -> bool:
    """Updates the summaries that lack these messages.

    Returns False if MongoDB accepts no writes; reads are then as old as the summaries.
    """
    try:
        with pymongo.timeout(COMPLETE_SECONDS):
            await _update_missing(list(message_ids))
    except PyMongoError as error:
        logger.debug("Summaries can't be completed: %s", type(error).__name__)
        return False
    return True


async def _update_missing(message_ids: Sequence[PydanticObjectId]) -> None:
    documents = await collection(Message).find({"_id": {"$in": message_ids}}).to_list()
    messages = [from_bson(Message, fields) for fields in documents]
    ids = list({message.conversation_id for message in messages})
    stored = await collection(Conversation).find({"_id": {"$in": ids}}).to_list()
    conversations = {fields["_id"]: from_bson(Conversation, fields) for fields in stored}
    missing = [
        message
        for message in messages
        if (conversation := conversations.get(message.conversation_id)) is not None
        and not summary_includes(conversation, message)
    ]
    if not missing:
        return
    # If the contact is erased concurrently, the writer deletes the message.
    with contextlib.suppress(ConversationGone):
        await finish_stored_messages(missing, summarized=missing)
