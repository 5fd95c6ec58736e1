"""Notes in the graph."""

import asyncio
from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info
from graph.core.stored import LINKED_AGENTS, linked, reads, registers_type, stored, to_node
from graph.types.auth.agents import Agent
from graph.types.inbox.timeline import TimelineItem


@registers_type(models.Note)
@strawberry.type(
    description="Text of staff about a conversation. It is never sent, and the customer never sees"
    " it."
)
class Note(TimelineItem):
    node_id: relay.NodeID[str]
    body: str = stored("body", description="Text of the note.")
    author: Agent | None = linked(
        "author_id",
        LINKED_AGENTS,
        description="Agent who wrote the note; null if the API key of a server did.",
        needs=["author"],
    )
    author_name: str = stored(
        "author_name",
        needs=["author"],
        description="Name of the API key or of the token's holder when the note was written.",
    )
    edited_at: datetime | None = stored(
        "edited_at", description="Time of the last change; null if it never changed."
    )
    document: strawberry.Private[models.Note]

    @strawberry.field(
        description="Mentioned agents, in the order of the input.", metadata=reads("mention_ids")
    )
    async def mentions(self, info: Info) -> list[Agent]:
        # Batched with the mentions of the page's other notes.
        loads = [LINKED_AGENTS.load(info, agent_id) for agent_id in self.document.mention_ids]
        agents = await asyncio.gather(*loads)
        return [to_node(agent) for agent in agents if agent is not None]

    @classmethod
    def from_document(cls, document: models.Note) -> Self:
        return cls(node_id=str(document.id), document=document)
