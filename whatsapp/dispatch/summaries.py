"""Updates of conversations' summaries, which are under way while their messages are claimed.

The update shows whether the contact was erased before the message was stored. The message is then
removed by the process that stored it, so it must not be sent.
"""

import asyncio
from contextlib import suppress

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Conversation, Message
from whatsapp.conversations.conversations import (
    ConversationGone,
    summary_includes,
    update_summary,
)
from whatsapp.dispatch.outbox_transitions import persist_write

# Messages that other processes send are forgotten after as many others.
MAX_UPDATES = 10_000


class SummaryUpdates:
    """The updates that this process has begun, by message."""

    def __init__(self) -> None:
        self._updates: dict[PydanticObjectId, asyncio.Future[None]] = {}

    def add(self, message_id: PydanticObjectId, update: asyncio.Future[None]) -> None:
        self._updates[message_id] = update
        if len(self._updates) > MAX_UPDATES:
            del self._updates[next(iter(self._updates))]

    def forget(self, message_id: PydanticObjectId) -> None:
        self._updates.pop(message_id, None)

    async def include(self, message: Message, conversation: Conversation | None) -> bool:
        """Waits until the summary has the message. Returns False if its conversation is gone.

        `conversation` was read after the message was claimed.

        Raises:
            PyMongoError
        """
        update = self._updates.get(message.id)
        if update is not None:
            await asyncio.wait([update])
            error = asyncio.CancelledError() if update.cancelled() else update.exception()
            if error is None or isinstance(error, ConversationGone):
                return error is None
        if conversation is None:
            return False
        if not summary_includes(conversation, message):
            # The process that stored it crashed before its update, or the update failed.
            try:
                await update_summary(message)
            except ConversationGone:
                return False
        return True

    async def finish(self, message: Message) -> None:
        """Waits for the update of a message whose request began before its end.

        Raises:
            PyMongoError: a permanent error.
        """
        update = self._updates.get(message.id)
        if update is None:
            return
        await asyncio.wait([update])
        if update.cancelled() or isinstance(update.exception(), PyMongoError):
            with suppress(ConversationGone):
                await persist_write(lambda: update_summary(message))
