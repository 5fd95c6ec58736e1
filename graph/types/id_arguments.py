"""Ids in the arguments and filters of lists: an id that leads to no object is an error.

An empty list would say that the object exists and has no items.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from beanie import Document, PydanticObjectId
from strawberry import Some
from strawberry.types.base import has_object_definition
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import Info
from graph.core.errors import bad_input
from graph.core.ids import get_label, parse_id
from graph.core.stored import (
    load_account,
    load_agent,
    load_contact,
    load_conversation,
    load_message,
    load_user,
)
from whatsapp.errors import NotFound

Load = Callable[[Info, PydanticObjectId], Awaitable[Document | None]]


async def load_kept_account(info: Info, account_id: PydanticObjectId) -> Any:
    """Loads an account; None if it is unknown, not visible or being deleted."""
    account = await load_account(info, account_id)
    return None if account is None or account.deleted_at is not None else account


# Arguments and filter fields of lists and subscriptions, with the type of their ids.
_ID_ARGUMENTS: dict[str, tuple[str, Load]] = {
    "account_id": ("Account", load_kept_account),
    "agent_id": ("Agent", load_agent),
    "around": ("Message", load_message),
    "contact_id": ("Contact", load_contact),
    "conversation_id": ("Conversation", load_conversation),
    "is_": ("Agent", load_agent),
    "sender_id": ("Agent", load_agent),
    "user_id": ("User", load_user),
}


class IdArgument(NamedTuple):
    """An id, by the path of the argument or filter field that has it."""

    path: str
    type_name: str
    document_id: PydanticObjectId
    load: Load


def read_id_arguments(arguments: Mapping[str, Any]) -> list[IdArgument]:
    """Returns the ids in the arguments of a resolver, and in their input objects.

    Raises:
        RequestError: BAD_USER_INPUT, an id is malformed or of another type.
    """
    return [_read_id(*entry) for entry in _list_ids(arguments, prefix="")]


async def require_visible(info: Info, ids: list[IdArgument]) -> None:
    """Loads the objects, each type in one batch.

    Raises:
        NotFound: an object is unknown or not visible.
    """
    documents = await asyncio.gather(
        *(argument.load(info, argument.document_id) for argument in ids)
    )
    for argument, document in zip(ids, documents, strict=True):
        if document is None:
            raise NotFound(f"The {get_label(argument.type_name)}", field=argument.path.split("."))


async def require_visible_ids(info: Info, arguments: Mapping[str, Any]) -> None:
    """Checks the ids in arguments before their list is read; for lists that an id doesn't limit.

    Raises:
        RequestError: BAD_USER_INPUT, an id is malformed or of another type.
        NotFound: an object is unknown or not visible.
    """
    await require_visible(info, read_id_arguments(arguments))


def _list_ids(values: Mapping[str, Any], *, prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, value in values.items():
        given = value.value if isinstance(value, Some) else value
        path = f"{prefix}{to_camel_case(name.rstrip('_'))}"
        if name in _ID_ARGUMENTS and isinstance(given, str):
            yield path, name, given
            continue
        for inner in given if isinstance(given, list) else [given]:
            if has_object_definition(inner) and inner.__strawberry_definition__.is_input:
                yield from _list_ids(vars(inner), prefix=f"{path}.")


def _read_id(path: str, name: str, global_id: str) -> IdArgument:
    type_name, load = _ID_ARGUMENTS[name]
    document_id = parse_id(global_id, type_name)
    if document_id is None:
        raise bad_input(f"`{path}` must be the id of an object of type {type_name}.")
    return IdArgument(path, type_name, document_id, load)
