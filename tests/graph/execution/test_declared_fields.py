"""Plans read only the fields that a type declares, so each declaration must be complete."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from graph.core.strawberry_internals import get_graphql_schema
from graph.execution.known_queries import KnownQueries
from graph.schema import create_schema
from models import Account, AccountEvent, ParkedItem, ParkedReason, QuickReply, Template
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.uploads import upload
from tests.graph.test_access_matrix import write_timeline

SCHEMA = get_graphql_schema(create_schema())
CREATE_KEY = 'mutation { createApiKey(input: {name: "k", role: VIEWER}) { apiKey { id } } }'
CREATE_USER = 'mutation { createUser(input: {name: "Ann"}) { user { id } } }'
# The path to the nodes of each type.
LISTS = {
    "Account": "accounts",
    "AccountEvent": "accounts(first:1) events",
    "Agent": "agents",
    "ApiKey": "apiKeys",
    "AuditEntry": "auditLog",
    "Contact": "contacts",
    "Conversation": "conversations",
    "Message": 'searchMessages(text:"hello")',
    "ParkedItem": "parkedItems",
    "QuickReply": 'quickReplies(accountId:"ACCOUNT")',
    "Note": "conversations(first:1) timeline",
    "ConversationChange": "conversations(first:1) timeline",
    "Template": 'templates(accountId:"ACCOUNT")',
    "User": "users",
}


@pytest.fixture
async def documents(admin: GraphQLClient, account: Account) -> None:
    """A document of each type."""
    message = await write_message(account, "15550001111", "Hello")
    await write_timeline(message, "noted")
    await AccountEvent(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="event",
        account_id=account.id,
        field="account_update",
        summary="s",
        at=utc_now(),
    ).insert()
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="1", name="welcome"
    ).insert()
    await QuickReply(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        shortcut="hi",
        shortcut_key="hi",
        text="Hello",
    ).insert()
    await ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="item",
        event_id="event",
        account_id=account.id,
        pointer="",
        item="{}",
        reason=ParkedReason.INVALID_ITEM,
        secret_digest="s",
    ).insert()
    await admin(CREATE_KEY)
    await admin(CREATE_USER)


def write_query(type_name: str, selection: str, account: Account) -> str:
    selection = f"... on {type_name} {{ {selection} }}"
    for field in reversed(LISTS[type_name].replace("ACCOUNT", id_of(account)).split()):
        selection = f"{field} {{ edges {{ node {{ {selection} }} }} }}"
    return f"{{ {selection} }}"


def list_selections(type_name: str) -> list[str]:
    """Returns a selection for each field without required arguments."""
    graphql_type = SCHEMA.type_map[type_name]
    assert isinstance(graphql_type, GraphQLObjectType)
    return [
        name if is_leaf_type(get_named_type(field.type)) else f"{name} {{ __typename }}"
        for name, field in graphql_type.fields.items()
    ]


@pytest.mark.parametrize("type_name", LISTS)
@pytest.mark.usefixtures("documents")
async def test_each_field_is_planned_alone(
    admin: GraphQLClient, account: Account, known_queries: KnownQueries, type_name: str
) -> None:
    queries = [
        write_query(type_name, selection, account) for selection in list_selections(type_name)
    ]

    assert await list_unplanned(admin, known_queries, queries) == []


async def test_each_field_of_uploads_is_planned_alone(
    admin: GraphQLClient, account: Account, known_queries: KnownQueries
) -> None:
    payload = await upload(admin, account)
    node = f'node(id: "{payload["upload"]["id"]}")'
    queries = [
        f"{{ {node} {{ ... on UploadedMedia {{ {selection} }} }} }}"
        for selection in list_selections("UploadedMedia")
    ]

    assert await list_unplanned(admin, known_queries, queries) == []


async def list_unplanned(
    admin: GraphQLClient, known_queries: KnownQueries, queries: list[str]
) -> list[str]:
    """Returns the queries that no plan executes, or whose plan has another result."""
    unplanned = []
    for query in queries:
        first = await admin(query)
        planned = known_queries.planned
        again: dict[str, Any] = await admin(query)
        if known_queries.planned == planned or again.keys() != first.keys():
            unplanned.append(query)
    return unplanned
