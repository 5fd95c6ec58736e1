"""Changes of conversations in the graph."""

from typing import TYPE_CHECKING, Annotated, Self

import strawberry
from strawberry import relay

import models
from graph.core.enums import ConversationChangeKind
from graph.core.stored import LINKED_AGENTS, MESSAGES, linked, registers_type, stored
from graph.types.auth.agents import Agent
from graph.types.inbox.timeline import TimelineItem

if TYPE_CHECKING:
    from graph.types.messages import Message


@registers_type(models.ConversationChange)
@strawberry.type(
    description="Change of a conversation's status, assignee or tags. It is recorded together with"
    " the change itself and never changes."
)
class ConversationChange(TimelineItem):
    node_id: relay.NodeID[str]
    kind: ConversationChangeKind = stored("kind", description="Kind of change.")
    actor: Agent | None = linked(
        "actor_id",
        LINKED_AGENTS,
        description="Agent who made the change; null for a change by a server's API key, by a"
        " message or by a merge.",
        needs=["actor"],
    )
    actor_name: str | None = stored(
        "actor_name",
        needs=["actor"],
        description="Name of the API key or of the token's holder at that time; null if a message"
        " or a merge of contacts reopened the conversation.",
    )
    message: Annotated["Message", strawberry.lazy("graph.types.messages")] | None = linked(
        "message_id",
        MESSAGES,
        description="Message of the customer that reopened the conversation.",
    )
    assignee: Agent | None = linked(
        "assignee_id",
        LINKED_AGENTS,
        description="Agent to whom the conversation was assigned.",
    )
    previous_assignee: Agent | None = linked(
        "previous_assignee_id",
        LINKED_AGENTS,
        description="Agent to whom the conversation was assigned before the change.",
    )
    added_tags: list[str] = stored("added_tags", description="Tags that were added.")
    removed_tags: list[str] = stored("removed_tags", description="Tags that were removed.")
    document: strawberry.Private[models.ConversationChange]

    @classmethod
    def from_document(cls, document: models.ConversationChange) -> Self:
        return cls(node_id=str(document.id), document=document)
