"""Reactions that the business sends."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from graph.core.context import Info
from graph.core.stored import load_message_by_wamid, to_node
from graph.types.content.content_interface import Content
from graph.types.content.reading import read_text

if TYPE_CHECKING:
    from graph.types.messages import Message


@strawberry.type(description="Reaction that the business adds to a message or removes from it.")
class ReactionContent(Content):
    emoji: str | None = strawberry.field(description="Emoji; null if the reaction is removed.")
    document: strawberry.Private[models.Message]

    @strawberry.field(
        description="Message that the reaction belongs to; null if the message no longer exists."
    )
    async def reacted_to(
        self, info: Info
    ) -> Annotated["Message", strawberry.lazy("graph.types.messages")] | None:
        wamid = read_text(self.document.content, "message_id") or ""
        document = await load_message_by_wamid(info, (self.document.account_id, wamid))
        message: Message | None = to_node(document)
        return message


def read_reaction(message: models.Message) -> ReactionContent:
    return ReactionContent(emoji=read_text(message.content, "emoji"), document=message)
