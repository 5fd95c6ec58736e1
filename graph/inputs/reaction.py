"""A reaction to send."""

import strawberry

from graph.core.ids import require_id
from whatsapp.outbox.content import OutgoingReaction


@strawberry.input(
    description="An emoji on a message. It is no message in the conversation: once WhatsApp took"
    " it, it is among the `reactions` of the message that it is about."
)
class ReactionInput:
    message_id: strawberry.ID = strawberry.field(
        description="The message of the same conversation, at most 30 days old."
    )
    emoji: str | None = strawberry.field(
        default=None, description="Exactly one emoji; null or empty to take the reaction back."
    )

    def to_content(self) -> OutgoingReaction:
        """Raises NotFound: the id is none of a message."""
        place = ("content", "reaction", "messageId")
        message_id = require_id(self.message_id, "Message", *place)
        return OutgoingReaction(message_id=message_id, emoji=self.emoji or "")
