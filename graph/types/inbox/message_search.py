"""The search for messages by words."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import strawberry

import models
from graph.core.connections import Connection, Edge
from graph.core.context import Info, IsViewer
from graph.core.ids import require_id
from graph.core.pages import BY_TIMESTAMP, Order
from graph.core.searching import match_words
from graph.core.stored import load_conversation, reads
from graph.inputs.message_filter import MessageFilter
from graph.types.connection_field import (
    AccountId,
    DocumentList,
    connection_field,
    limit_to_account,
    name_accounts,
)
from graph.types.messages import Message
from models.messages.words import MAX_MESSAGE_WORDS, list_searched_parts
from whatsapp.errors import NotFound
from whatsapp.messages.highlights import MAX_HIGHLIGHTS, find_highlights
from whatsapp.privacy.erasures import list_erased_contacts


@strawberry.type(
    description="Part of a text that matches a search, in UTF-16 code units:"
    " `text.slice(start, start + length)` in JavaScript."
)
class Highlight:
    start: int = strawberry.field(description="Offset of the first code unit, from 0.")
    length: int = strawberry.field(description="Number of code units.")


@strawberry.type(description="Message found by a search.")
class MessageSearchEdge(Edge[Message]):
    searched_parts: strawberry.Private[Sequence[str]]

    def __init__(
        self,
        node: Message,
        order: Order,
        document: models.Message,
        *,
        searched_parts: Sequence[str],
    ) -> None:
        super().__init__(node, order, document)
        self.searched_parts = searched_parts

    @strawberry.field(
        description=f"First {MAX_HIGHLIGHTS} parts of `Message.text` that match the search, in"
        " order and without overlaps.",
        metadata=reads("text", "deleted_at", of=models.Message),
    )
    def highlights(self) -> list[Highlight]:
        text = self.node.document.shown_text
        return [
            Highlight(start=start, length=length)
            for start, length in find_highlights(text or "", self.searched_parts)
        ]


@strawberry.type(description="A page of the messages found by a search.")
class MessageSearchConnection(Connection[Message]):
    edges: list[MessageSearchEdge] = strawberry.field(  # type: ignore[assignment]  # invariant
        description="Messages of the page, with their highlights."
    )


@strawberry.type
class MessageSearchQueries:
    @connection_field(
        Message,
        connection_class=MessageSearchConnection,
        permission_classes=[IsViewer],
        description="Lists the messages that contain all words of `text`, newest first. Only the"
        f" first {MAX_MESSAGE_WORDS} different words of a message are indexed (characters, in"
        " scripts without spaces). Messages of version 0.1 are found once the upgrade has"
        " indexed them. Requires role VIEWER.",
    )
    async def search_messages(
        self,
        info: Info,
        text: Annotated[
            str,
            strawberry.argument(
                description="Word prefixes in any order, up to 200 characters and 16 words; case"
                " and accents are ignored."
            ),
        ],
        account_id: AccountId = None,
        conversation_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Returns only messages of this conversation."),
        ] = None,
        filter: Annotated[
            MessageFilter | None,
            strawberry.argument(description="Returns only messages that match this filter."),
        ] = None,
    ) -> DocumentList:
        words = match_words(text)
        place, visible = await asyncio.gather(
            _match_place(info, account_id, conversation_id), _match_visible()
        )
        conditions = [place, words, visible, *(filter.list_conditions() if filter else [])]
        return DocumentList(
            models.Message,
            {"$and": conditions},
            BY_TIMESTAMP,
            make_edge=partial(MessageSearchEdge, searched_parts=list_searched_parts(text)),
        )


async def _match_place(
    info: Info, account_id: str | None, conversation_id: str | None
) -> dict[str, Any]:
    """Returns the filter for a conversation or accounts, with which an index begins.

    Raises:
        NotFound: the conversation, or it is not in the account.
    """
    if conversation_id is None:
        return await name_accounts(info, account_id)
    key = require_id(conversation_id, "Conversation", "conversationId")
    conversation = await load_conversation(info, key)
    of_account = (await limit_to_account(info, account_id)).get("account_id")
    if conversation is None or (account_id is not None and of_account != conversation.account_id):
        raise NotFound("The conversation", field=["conversationId"])
    # Without the account, the index of the conversation's history is used.
    return {"conversation_id": conversation.id}


async def _match_visible() -> dict[str, Any]:
    """Returns the filter against messages that were deleted or are being erased."""
    visible: dict[str, Any] = {"deleted_at": None, **models.NO_OWN_REACTIONS}
    erased = await list_erased_contacts()
    return visible | ({"contact_id": {"$nin": erased}} if erased else {})
