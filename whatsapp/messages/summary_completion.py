"""Summaries that are behind: a reader may find a message before its writer has noted it.

The reader then completes the summary. To note a message twice changes nothing.
"""

import contextlib
import logging
from collections.abc import Collection, Sequence

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Conversation, Message
from models.database.base import collection, from_bson
from whatsapp.conversations.conversations import (
    ConversationGone,
    summary_includes,
)
from whatsapp.messages.early_updates import finish_stored_messages

logger = logging.getLogger(__name__)

COMPLETE_SECONDS = 2.0
# Stored fields that `summary_includes` reads of a conversation and of a message.
SUMMARY_FIELDS = ("last_message_at", "last_message_id", "last_inbound_at")
SUMMARIZED_FIELDS = ("timestamp", "direction", "type", "group_id")


async def complete_summaries(message_ids: Collection[PydanticObjectId]) -> bool:
    """Notes those of the messages that their conversations do not show yet. Returns False if
    MongoDB takes no writes: what is read then is as old as the summaries are.
    """
    try:
        with pymongo.timeout(COMPLETE_SECONDS):
            await _complete(list(message_ids))
    except PyMongoError as error:
        logger.debug("Summaries are not completed: %s", type(error).__name__)
        return False
    return True


async def _complete(message_ids: Sequence[PydanticObjectId]) -> None:
    found = await collection(Message).find({"_id": {"$in": message_ids}}).to_list()
    messages = [from_bson(Message, fields) for fields in found]
    ids = list({message.conversation_id for message in messages})
    stored = await collection(Conversation).find({"_id": {"$in": ids}}).to_list()
    conversations = {fields["_id"]: from_bson(Conversation, fields) for fields in stored}
    behind = [
        message
        for message in messages
        if (conversation := conversations.get(message.conversation_id)) is not None
        and not summary_includes(conversation, message)
    ]
    if not behind:
        return
    # Where the contact is erased at this very moment, the writer takes the message back.
    with contextlib.suppress(ConversationGone):
        await finish_stored_messages(behind, noted=behind)
