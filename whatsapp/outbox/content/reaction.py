"""Outgoing reactions: an emoji on a message of the same conversation."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import emoji
from beanie import PydanticObjectId

from models import CALL, REACTION
from models.database.base import utc_now
from whatsapp.errors import Conflict, InvalidInput, NotFound
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# Meta refuses reactions to older and deleted messages, and to reactions (error 131009).
OLDEST_TARGET = timedelta(days=30)
VARIATION_SELECTOR = "\ufe0f"
# Variation selectors are ignored, so without a limit an emoji could have any length.
MAX_CODE_POINTS = 32
_EMOJI_FIELD = ["content", "reaction", "emoji"]
_MESSAGE_FIELD = ["content", "reaction", "messageId"]


@dataclass(frozen=True)
class OutgoingReaction:
    """A reaction to a message; an empty emoji removes it."""

    type: ClassVar[str] = REACTION
    needs_window: ClassVar[bool] = True
    message_id: PydanticObjectId
    emoji: str

    @property
    def references(self) -> References:
        return References(message_id=self.message_id)

    def describe(self) -> dict[str, Any]:
        return {"message_id": str(self.message_id), "emoji": self.emoji}

    def check(self) -> None:
        """Raises InvalidInput."""
        if self.emoji and not is_emoji(self.emoji):
            raise InvalidInput(
                "Use exactly one emoji, or an empty text to remove the reaction.",
                field=_EMOJI_FIELD,
            )

    async def resolve(self, target: Target) -> ResolvedContent:
        """Raises NotFound, InvalidInput or Conflict if the message can't be reacted to."""
        wamid = self._get_wamid(target)
        return ResolvedContent({"message_id": wamid, "emoji": self.emoji}, self.emoji or None)

    def _get_wamid(self, target: Target) -> str:
        message = target.get_message()
        if message is None or message.wamid is None:
            raise NotFound("The message to react to", field=_MESSAGE_FIELD)
        if message.is_own_reaction:
            raise InvalidInput("WhatsApp has no reactions to reactions.", field=_MESSAGE_FIELD)
        if message.type == CALL:
            raise InvalidInput("WhatsApp has no reactions to calls.", field=_MESSAGE_FIELD)
        if message.deleted_at is not None:
            raise Conflict(
                "The message was deleted by its sender.", field=_MESSAGE_FIELD, current=message
            )
        if message.timestamp < utc_now() - OLDEST_TARGET:
            raise Conflict(
                "WhatsApp accepts reactions only to messages of the last 30 days.",
                field=_MESSAGE_FIELD,
                current=message,
            )
        return message.wamid


def is_emoji(text: str) -> bool:
    """Returns True for exactly one emoji, with or without variation selectors."""
    bare = text.replace(VARIATION_SELECTOR, "")
    return len(text) <= MAX_CODE_POINTS and emoji.is_emoji(bare)
