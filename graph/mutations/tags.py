"""Mutations of the tags of contacts and conversations."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import parse_id
from graph.core.stored import to_node
from graph.core.user_errors import UserError, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.inbox.tags import Taggable
from models import AuditAction
from whatsapp.contacts.contact_management import add_contact_tags, remove_contact_tags
from whatsapp.conversations.inbox import add_conversation_tags, remove_conversation_tags
from whatsapp.errors import NotFound

_Change = Callable[..., Awaitable[Any]]
_ADDITIONS: Mapping[str, _Change] = {
    "Contact": add_contact_tags,
    "Conversation": add_conversation_tags,
}
_REMOVALS: Mapping[str, _Change] = {
    "Contact": remove_contact_tags,
    "Conversation": remove_conversation_tags,
}


@strawberry.input
class TagsInput:
    taggable_id: strawberry.ID = strawberry.field(description="Id of a contact or conversation.")
    tags: list[str] = strawberry.field(description="Up to 50 tags, each up to 64 characters.")


@strawberry.type
class TagsPayload:
    taggable: Taggable | None = strawberry.field(
        default=None,
        description="Current state of the contact or conversation; null if the mutation was"
        " refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TagMutations:
    @mutation_field(
        IsAgent,
        audit=AuditAction.TAGS_ADDED,
        description="Adds tags to a contact or conversation, which may have 50. Tags that others"
        " add or remove at the same time are kept. Requires role AGENT.",
    )
    async def add_tags(self, info: Info, input: TagsInput) -> TagsPayload:
        return TagsPayload(taggable=await _change_tags(info, input, _ADDITIONS))

    @mutation_field(
        IsAgent,
        audit=AuditAction.TAGS_REMOVED,
        description="Removes tags from a contact or conversation. Requires role AGENT.",
    )
    async def remove_tags(self, info: Info, input: TagsInput) -> TagsPayload:
        return TagsPayload(taggable=await _change_tags(info, input, _REMOVALS))


async def _change_tags(info: Info, input: TagsInput, changes: Mapping[str, _Change]) -> Taggable:
    for type_name, change in changes.items():
        if document_id := parse_id(input.taggable_id, type_name):
            with suppress(NotFound):  # it names another field
                node: Taggable = to_node(await change(get_viewer(info), document_id, input.tags))
                return node
    raise NotFound("The contact or conversation", field=["taggable_id"])
