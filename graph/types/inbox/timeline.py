"""The interface of the items in a conversation's timeline."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import relay

from graph.core.stored import CONVERSATIONS, linked, stored

if TYPE_CHECKING:
    from graph.types.conversations import Conversation


@strawberry.interface(
    description="Item of a conversation's timeline: a message, a call (a message with"
    " `CallContent`), a note, or a change of the conversation."
)
class TimelineItem(relay.Node):
    timestamp: datetime = stored(
        "timestamp", description="Time of the item, by which the timeline is sorted."
    )
    conversation: Annotated["Conversation", strawberry.lazy("graph.types.conversations")] = linked(
        "conversation_id",
        CONVERSATIONS,
        description="Conversation that contains the item.",
        missing="conversation",
    )
