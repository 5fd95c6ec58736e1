"""Users as staff keep them."""

from typing import Any

import pytest

from models import User
from tests.fixtures.graphql import GraphQLClient

CREATE = """mutation ($input: CreateUserInput!) { createUser(input: $input) {
  user { id name phone email externalId attributes } userErrors { code field } } }"""
UPDATE = """mutation ($input: UpdateUserInput!) { updateUser(input: $input) {
  user { id name phone email externalId attributes } userErrors { code field } } }"""


async def create(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(CREATE, input=values))["createUser"]
    return payload


async def update(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(UPDATE, input=values))["updateUser"]
    return payload


async def test_user_is_made_and_changed(agent: GraphQLClient) -> None:
    user = (await create(agent, name=" Ada ", phone="+49 151 1234-5678", email="ada@example.org"))[
        "user"
    ]
    changed = (await update(agent, userId=user["id"], externalId="crm-1", email=None))["user"]

    assert (user["name"], user["phone"]) == ("Ada", "+4915112345678")
    assert changed == user | {"externalId": "crm-1", "email": None}


async def test_update_without_changes_is_no_error(agent: GraphQLClient) -> None:
    user = (await create(agent, name="Ada"))["user"]

    assert (await update(agent, userId=user["id"])) == {"user": user, "userErrors": []}


async def test_no_two_users_share_phone_or_external_id(agent: GraphQLClient) -> None:
    await create(agent, phone="+5511987654321", externalId="crm-1")
    other = (await create(agent, name="Other"))["user"]

    # The same Brazilian phone, written without the ninth digit.
    phone = await create(agent, phone="+551187654321")
    external = await update(agent, userId=other["id"], externalId="crm-1")

    assert phone["userErrors"] == [{"code": "CONFLICT", "field": ["phone"]}]
    assert external["userErrors"] == [{"code": "CONFLICT", "field": ["externalId"]}]


MALFORMED_VALUES = [
    ("email", "nobody"),
    ("name", "x" * 201),
    ("attributes", 1),
]


async def test_malformed_values_are_refused_by_name(
    agent: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for field, value in MALFORMED_VALUES:
        with subtests.test(field=field, value=value):
            done = await create(agent, **{field: value})

            assert done["user"] is None
            assert done["userErrors"] == [{"code": "INVALID_INPUT", "field": [field]}]


async def test_malformed_phone_number_is_refused_with_its_place(agent: GraphQLClient) -> None:
    for value in ("abc", "+1"):
        [error] = (await agent.post(CREATE, input={"phone": value}))["errors"]

        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "at .phone: The phone number is invalid" in error["message"]
    assert await User.count() == 0


async def test_users_are_found_by_name_and_number(
    agent: GraphQLClient, subtests: pytest.Subtests
) -> None:
    await create(agent, name="Ada", phone="+15550001111", externalId="crm-1")
    query = "query ($s: String) { users(search: $s) { edges { node { name } } } }"

    for search, expected in (("ad", 1), ("0001", 1), ("CRM", 1), ("zzz", 0), (None, 1)):
        with subtests.test(search=search):
            assert len((await agent(query, s=search))["users"]["edges"]) == expected
