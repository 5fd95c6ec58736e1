"""Both executors show the readable fields of a document with an unreadable field."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models import Account, Contact, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, write_message
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.world import SERVER_URL
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

# Unreadable: a contact without identities, or with identities of another type.
BROKEN: list[dict[str, Any]] = [
    {"$unset": {"identities": ""}},
    {"$set": {"identities": [{"kind": "unknown"}]}},
    {"$unset": {"identities": ""}, "$set": {"attributes": None}},
]


@pytest.fixture(params=[True, False], ids=["plans", "graphql-core"])
async def viewer(
    request: pytest.FixtureRequest, account: Account, app: Any, settings: Settings
) -> AsyncIterator[GraphQLClient]:
    """Clients of servers with and without plans."""
    from app import create_app

    application = create_app(
        settings.model_copy(update={"query_plans": request.param}), timeouts=make_timeouts()
    )
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="viewer", role=Role.VIEWER)
    async with (
        run_lifespan(application) as manager,
        httpx.AsyncClient(transport=httpx.ASGITransport(manager.app), base_url=SERVER_URL) as http,
    ):
        yield GraphQLClient(http, token)


async def ask_twice(client: GraphQLClient, query: str, **variables: Any) -> dict[str, Any]:
    """The second answer: a plan is made when an operation comes again."""
    await client.post(query, **variables)
    return await client.post(query, **variables)


@pytest.mark.parametrize("change", BROKEN)
async def test_unreadable_field_hides_no_other_field(
    viewer: GraphQLClient, account: Account, change: dict[str, Any]
) -> None:
    message = await write_message(account, "15550001111", "Hello")
    await collection(Contact).update_many({}, change)
    query = """query ($id: ID!) {
      other: node(id: $id) { ... on Account { name } }
      contact(id: $id) { id phoneNumber tags conversation { lastMessage { text } } }
    }"""

    answer = await ask_twice(viewer, query, id=contact_id(message))

    assert answer["data"] == {
        "other": {},
        "contact": {
            "id": contact_id(message),
            "phoneNumber": "+15550001111",
            "tags": [],
            "conversation": {"lastMessage": {"text": "Hello"}},
        },
    }
    assert "errors" not in answer


async def test_unreadable_document_hides_no_neighbour(
    viewer: GraphQLClient, account: Account
) -> None:
    for number in range(3):
        await write_message(account, f"1555000111{number}", f"Hello {number}")
    await collection(Contact).update_one({"wa_id": "15550001111"}, BROKEN[0])
    query = "{ conversations { edges { node { contact { waId } lastMessage { text } } } } }"

    answer = await ask_twice(viewer, query)

    assert "errors" not in answer
    nodes = [edge["node"] for edge in answer["data"]["conversations"]["edges"]]
    assert sorted(node["contact"]["waId"] for node in nodes) == [
        f"1555000111{number}" for number in range(3)
    ]


async def test_missing_time_is_that_of_id(viewer: GraphQLClient, account: Account) -> None:
    message = await write_message(account, "15550001111", "Hello")
    await collection(Contact).update_many({}, {"$unset": {"created_at": "", "identities": ""}})
    query = "query ($id: ID!) { contact(id: $id) { createdAt } }"

    answer = await ask_twice(viewer, query, id=contact_id(message))

    created_at = message.contact_id.generation_time.isoformat()
    assert answer["data"] == {"contact": {"createdAt": created_at}}


async def test_unreadable_value_is_error_at_its_field(
    viewer: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550001111", "Hello")
    await collection(Contact).update_many({}, {"$set": {"attributes": None}})
    query = "query ($id: ID!) { contact(id: $id) { id attributes } }"

    answer = await ask_twice(viewer, query, id=contact_id(message))

    assert answer["data"] == {"contact": None}
    (error,) = answer["errors"]
    assert error["path"] == ["contact", "attributes"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
