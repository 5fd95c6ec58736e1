"""Operations made up from the schema: none of them breaks the server or shows another's data."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from models import DOCUMENTS, Account, AccountEvent, Role, Template
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.operations import QUIET, draw_operations
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

CANARY = "canary-of-the-other-account"
ALLOWED = {
    "BAD_USER_INPUT",
    "NOT_FOUND",
    "CURSOR_EXPIRED",
    "FORBIDDEN",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "QUERY_TOO_COMPLEX",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


class World:
    """A limited key, ids of its account, and ids of a hidden account with canary texts."""

    def __init__(self, client: GraphQLClient, ids: list[str], hidden: Account) -> None:
        self.client = client
        self.ids = ids
        self.hidden = hidden

    async def post(self, operation: str) -> httpx.Response:
        for number, global_id in reversed(list(enumerate(self.ids))):
            operation = operation.replace(f'"ID{number}"', json.dumps(global_id))
        headers = {"Authorization": f"Bearer {self.client.token}"}
        body = json.dumps({"query": operation})
        headers |= {"Content-Type": "application/json"}
        return await self.client.http.post("/graphql", content=body, headers=headers)

    async def read_hidden(self) -> list[Any]:
        """Lists all that belongs to the other account, but when its parked items are replayed."""
        owned = {"$or": [{"account_id": self.hidden.id}, {"_id": self.hidden.id}]}
        return [
            await collection(document).find(owned, {"replay_due_at": 0}).sort("_id").to_list()
            for document in DOCUMENTS
        ]


@pytest.fixture
async def world(client: httpx.AsyncClient, account: Account, other_account: Account) -> World:
    ids = await write_all(account, "15550001111", "mine")
    ids += await write_all(other_account, "15550009999", CANARY)
    ids += ["nonsense", "TWVzc2FnZTo="]
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="fuzz", role=Role.ADMIN, account_ids=[account.id]
    )
    return World(GraphQLClient(client, token), ids, other_account)


async def write_all(account: Account, phone: str, text: str) -> list[str]:
    """Returns a global id per type."""
    message = await write_message(account, phone, text, name=text)
    template = Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id=text, name=text
    )
    await template.insert()
    event = AccountEvent(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=text,
        account_id=account.id,
        field="x",
        summary=text,
        raw=json.dumps(text),
        at=utc_now(),
    )
    await event.insert()
    return [
        id_of(account),
        id_of(message),
        contact_id(message),
        conversation_id(message),
        id_of(template),
        id_of(event),
    ]


async def post_and_look(world: World, operation: str) -> None:
    answer = await world.post(operation)

    assert answer.status_code < 500, operation
    assert CANARY not in answer.text, operation
    codes = {error["extensions"]["code"] for error in answer.json().get("errors") or ()}
    assert codes <= ALLOWED, (operation, answer.text)


@hypothesis_settings(max_examples=100, **QUIET)
@given(operation=draw_operations("Query"))
async def test_any_query_is_answered(world: World, operation: str) -> None:
    await post_and_look(world, operation)


@hypothesis_settings(max_examples=50, **QUIET)
@given(operation=draw_operations("Mutation"))
async def test_any_mutation_harms_no_other_account(world: World, operation: str) -> None:
    before = await world.read_hidden()
    await post_and_look(world, operation)
    assert await world.read_hidden() == before, operation


@pytest.mark.soak
@hypothesis_settings(max_examples=10_000, **QUIET)
@given(operation=draw_operations("Query"))
async def test_any_query_is_answered_ten_thousand_times(world: World, operation: str) -> None:
    await post_and_look(world, operation)
