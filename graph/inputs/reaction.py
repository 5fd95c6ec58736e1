"""Reactions to send."""

import strawberry

from graph.core.ids import require_id
from whatsapp.outbox.content import OutgoingReaction


@strawberry.input(
    description="Reaction to a message. It does not appear as a message; once WhatsApp"
    " accepts it, it is listed in the `reactions` of the message."
)
class ReactionInput:
    message_id: strawberry.ID = strawberry.field(
        description="Id of a message in the same conversation, up to 30 days old."
    )
    emoji: str | None = strawberry.field(
        default=None, description="Exactly one emoji; null or empty removes the reaction."
    )

    def to_content(self) -> OutgoingReaction:
        """Raises NotFound if `message_id` is not the id of a message."""
        place = ("content", "reaction", "messageId")
        message_id = require_id(self.message_id, "Message", *place)
        return OutgoingReaction(message_id=message_id, emoji=self.emoji or "")
