"""The interface of the items in a conversation's timeline."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import relay

from graph.core.pages import BY_TIMESTAMP, write_cursor
from graph.core.stored import CONVERSATIONS, linked, reads, stored
from graph.types.accounts import HasAccount
from graph.types.connection_field import describe_list_cursor

if TYPE_CHECKING:
    from graph.types.conversations import Conversation


@strawberry.interface(
    description="Item of a conversation's timeline: a message, a call (a message with"
    " `CallContent`), a note, or a change of the conversation."
)
class TimelineItem(relay.Node, HasAccount):
    timestamp: datetime = stored(
        "timestamp", description="Time of the item, by which the timeline is sorted."
    )
    conversation: Annotated["Conversation", strawberry.lazy("graph.types.conversations")] = linked(
        "conversation_id",
        CONVERSATIONS,
        description="Conversation that contains the item.",
        missing="conversation",
    )
    document: strawberry.Private[Any]

    @strawberry.field(
        description=describe_list_cursor("`Conversation.timeline` and `Conversation.messages`"),
        metadata=reads("timestamp", "id"),
    )
    def list_cursor(self) -> str:
        return write_cursor(BY_TIMESTAMP, self.document)
