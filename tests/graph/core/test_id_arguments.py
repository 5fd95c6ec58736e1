"""Ids in arguments and filters, by the schema: an id that leads to no object is an error."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema
from models import Account, Contact, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key

SCHEMA = get_graphql_schema(create_schema())
UNKNOWN = "6b0000000000000000000000"
# Types of the ids, by argument or filter field.
TYPES = {
    "accountId": "Account",
    "agentId": "Agent",
    "around": "Message",
    "contactId": "Contact",
    "conversationId": "Conversation",
    "is": "Agent",
    "senderId": "Agent",
    "userId": "User",
}
# They return null for the object, or a user error.
SINGLE = {"node", "nodes", "previewTemplate"}
REQUIRED = {"text": '"hello"', "filters": "[{}]"}


class Case(NamedTuple):
    """An id of a list: the field, and the path of the id in its arguments."""

    parent: str
    name: str
    field: GraphQLField
    path: list[str]

    def write(self, value: str, *, account_id: str, place_id: str) -> str:
        """Writes a query with this id, beside a field of the same parent."""
        given = f'"{value}"'
        for name in reversed(self.path[1:]):
            given = f"{{{name}: {given}}}"
        if is_list_type(get_nullable_type(self.field.args[self.path[0]].type)):
            given = f"[{given}]"
        others = {
            name: REQUIRED.get(name, f'"{account_id}"')
            for name, argument in self.field.args.items()
            if is_required_argument(argument) and name != self.path[0]
        }
        values = {self.path[0]: given} | others
        arguments = ", ".join(f"{name}: {value}" for name, value in values.items())
        selection = "" if is_leaf_type(get_named_type(self.field.type)) else " { __typename }"
        text = f"{self.name}({arguments}){selection}"
        if self.parent == "Subscription":
            return f"subscription {{ {text} }}"
        if self.parent != "Query":
            text = f'{self.parent.lower()}(id: "{place_id}") {{ {text} }}'
        return f"{{ viewer {{ role }} {text} }}"


def list_paths(name: str, element: GraphQLArgument | GraphQLInputField) -> Iterator[list[str]]:
    """Yields the paths of ids in an argument and its input objects."""
    kind = get_named_type(element.type)
    if kind.name == "ID":
        yield [name]
    elif isinstance(kind, GraphQLInputObjectType):
        for key, field in kind.fields.items():
            yield from ([name, *path] for path in list_paths(key, field))


CASES = [
    Case(kind.name, name, field, path)
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType) and kind.name != "Mutation"
    for name, field in kind.fields.items()
    if name not in SINGLE and set(field.args) != {"id"}
    for argument_name, argument in field.args.items()
    for path in list_paths(argument_name, argument)
]


def test_schema_has_id_arguments() -> None:
    names = {f"{case.name}.{'.'.join(case.path)}" for case in CASES}

    assert {"templates.accountId", "conversationCounts.filters.assignee.is"} < names
    assert {"messages.around", "searchMessages.filter.senderId"} < names
    assert {"events.accountId", "conversationCountsChanged.filters.assignee.is"} < names


@pytest.fixture
async def hidden(other_account: Account) -> dict[str, str]:
    """Ids of existing objects that the limited caller may not see, by type."""
    message = await write_message(other_account, "15550002222", "hello")
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    key, _ = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT, account_ids=[other_account.id]
    )
    return {
        "Account": id_of(other_account),
        "Agent": encode_id("Agent", key.agent_id),
        "Contact": id_of(contact),
        "Conversation": conversation_id(message),
        "Message": id_of(message),
        "User": encode_id("User", contact.user_id),
    }


async def test_id_without_object_is_error(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    account: Account,
    hidden: dict[str, str],
    port: int,
    subtests: pytest.Subtests,
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    message = await write_message(account, "15550001111", "hello")
    place = {"account_id": id_of(account), "place_id": conversation_id(message)}
    # Agents of all accounts are listed for each account.
    await create_api_key(DEFAULT_WORKSPACE_ID, name="all", role=Role.AGENT)
    async with open_socket(port, token=limited.token) as ws:
        for case in CASES:
            kind = TYPES[case.path[-1]]
            ids = {
                "x": "BAD_USER_INPUT",
                encode_id("Template", UNKNOWN): "BAD_USER_INPUT",
                encode_id(kind, "x"): "BAD_USER_INPUT",
                encode_id(kind, UNKNOWN): "NOT_FOUND",
                hidden[kind]: "NOT_FOUND",
            }
            with subtests.test(field=case.name, path=case.path):
                documents = [case.write(value, **place) for value in ids]
                if case.parent == "Subscription":
                    errors = [await find_refusal(ws, document) for document in documents]
                else:
                    errors = [await find_error(limited, document) for document in documents]

                assert [error["extensions"]["code"] for error in errors] == list(ids.values())
                assert {error["path"][-1] for error in errors} == {case.name}
                # The last two are unknown and foreign: the caller can't tell which.
                assert remove_places(errors[-1]) == remove_places(errors[-2])


async def find_error(client: GraphQLClient, document: str) -> dict[str, Any]:
    """Returns the error of the field with the id; the field beside it has its value."""
    answer = await client.post(document)

    assert answer["data"]["viewer"] == {"role": "ADMIN"}
    [error] = answer["errors"]
    return dict(error)


async def find_refusal(ws: SocketClient, document: str) -> dict[str, Any]:
    """Returns the error of a subscription."""
    operation_id = await ws.subscribe(document)
    frame = await ws.receive()
    assert (frame["type"], frame["id"]) == ("error", operation_id)
    [error] = frame["payload"]
    return dict(error)


def remove_places(error: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name != "locations"}


async def test_visible_ids_are_read_only_for_empty_lists(
    counter: CommandCounter, admin: GraphQLClient, account: Account
) -> None:
    await write_message(account, "15550001111", "hello")
    agent = (await admin("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    place = f'accountId: "{id_of(account)}"'

    assert await list_reads(admin, counter, f"conversations({place})") == ["conversations"]
    to_me = f'conversations({place}, filter: {{assignee: {{is: "{agent}"}}}})'
    assert await list_reads(admin, counter, to_me) == ["accounts", "agents", "conversations"]


async def list_reads(client: GraphQLClient, counter: CommandCounter, field: str) -> list[str]:
    """Returns the collections that a list reads, without the caller's key."""
    with counter.counting():
        await client(f"{{ {field} {{ nodes {{ id }} }} }}")
    return sorted(target for _, target in counter.reads if target != "api_keys")
