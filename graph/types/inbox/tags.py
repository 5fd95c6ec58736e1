"""Tags: the interface of taggable objects, and the tags in use in an account."""

from typing import Annotated

import strawberry
from strawberry import relay

import models
from graph.core.connections import ListCount
from graph.core.context import Info, IsViewer
from graph.core.loaders import Count
from graph.core.searching import check_search
from graph.core.stored import stored
from graph.types.connection_field import limit_to_account
from graph.types.id_arguments import require_visible_ids
from whatsapp.common.tags import MAX_TAGGED, count_tags

MAX_TAGS = 100


@strawberry.interface(description="Object that your staff label with tags.")
class Taggable(relay.Node):
    tags: list[str] = stored("tags", description="Labels given by your staff.")


@strawberry.type(description="Tag that contacts or conversations of an account have.")
class Tag:
    name: str = strawberry.field(description="Text of the tag.")
    contacts: ListCount = strawberry.field(description="Number of contacts with the tag.")
    conversations: ListCount = strawberry.field(description="Number of conversations with the tag.")


@strawberry.type
class TagQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description=f"Lists the {MAX_TAGS} most used tags of an account. Counts include at most"
        f" {MAX_TAGGED:,} contacts and as many conversations. Requires role VIEWER.",
    )
    async def tags(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="Account.")],
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Returns only tags that contain this text, ignoring case; at most 200"
                " characters."
            ),
        ] = None,
    ) -> list[Tag] | None:
        await require_visible_ids(info, {"account_id": account_id})
        of_account = await limit_to_account(info, account_id)
        part = check_search(search or "").casefold()
        contacts, more_contacts = await count_tags(models.Contact, of_account)
        conversations, more_conversations = await count_tags(models.Conversation, of_account)
        uses = {
            name: contacts.get(name, 0) + conversations.get(name, 0)
            for name in {*contacts, *conversations}
            if part in name.casefold()
        }
        names = sorted(uses, key=lambda name: (-uses[name], name))
        return [
            Tag(
                name=name,
                contacts=_make_count(contacts.get(name, 0), more_contacts),
                conversations=_make_count(conversations.get(name, 0), more_conversations),
            )
            for name in names[:MAX_TAGS]
        ]


def _make_count(number: int, is_capped: bool) -> ListCount:
    return ListCount.from_count(Count(number, is_capped))
