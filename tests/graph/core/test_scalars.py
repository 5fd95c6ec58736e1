"""DateTime and JSON inputs accept the same values everywhere."""

import json
from typing import Any

import pytest

from models import Account, User
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.multipart import make_form, post
from tests.fixtures.uploads import PICTURE

SINCE = "query ($since: DateTime) { contacts(filter: {createdSince: $since}) { count { value } } }"
USER = """mutation ($input: CreateUserInput!) { createUser(input: $input) {
  user { id } userErrors { code field } } }"""

ACCEPTED = {
    "2026-03-01T09:30:00Z": "2026-03-01T09:30:00+00:00",
    "2026-03-01t09:30:00z": "2026-03-01T09:30:00+00:00",
    "2026-03-01T09:30:00+00:00": "2026-03-01T09:30:00+00:00",
    "2026-03-01T09:30:00-00:00": "2026-03-01T09:30:00+00:00",
    "2026-03-01T09:30:00.5+05:30": "2026-03-01T04:00:00.500000+00:00",
    "2026-03-01T09:30:00.123456789Z": "2026-03-01T09:30:00.123000+00:00",
    "2016-12-31T23:59:60Z": "2017-01-01T00:00:00+00:00",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00+00:00",
}
REFUSED: list[Any] = [
    "2026-03-01T09:30:00",
    "2026-03-01",
    "2026-03-01 09:30:00Z",
    "2026-03-01T09:30Z",
    "2026-03-01T09:30:00+0000",
    "2026-03-01T09:30:00+24:00",
    "2026-03-01T09:30:00,5Z",
    "20260301T093000Z",
    "2026-W09-7T09:30:00Z",
    "2026-02-30T09:30:00Z",
    "2026-03-01T24:00:00Z",
    "2026-03-01T09:30:61Z",
    "٢٠٢٦-03-01T09:30:00Z",
    "2026-03-01T09:30:00Z\n",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-23:59",
    "",
    1_772_357_400,
    True,
    [],
    {},
]


@pytest.mark.parametrize("text", ACCEPTED)
async def test_date_time_accepts_rfc_3339(admin: GraphQLClient, text: str) -> None:
    query = f'{{ contacts(filter: {{createdSince: "{text}"}}) {{ count {{ value }} }} }}'

    assert (await admin(SINCE, since=text)) == (await admin(query))


@pytest.mark.parametrize("value", REFUSED)
async def test_date_time_refuses_everything_else(admin: GraphQLClient, value: Any) -> None:
    assert await admin.find_error_code(SINCE, since=value) == "BAD_USER_INPUT"


async def test_date_time_is_stored_as_moment_it_names(admin: GraphQLClient) -> None:
    mutation = """mutation ($at: DateTime) { createApiKey(input: {
      name: "x", role: VIEWER, expiresAt: $at}) { apiKey { expiresAt } userErrors { message } } }"""
    answer = await admin(mutation, at="2199-03-01t09:30:00.123456789-05:30")

    payload = answer["createApiKey"]
    assert payload["apiKey"]["expiresAt"].startswith("2199-03-01T15:00:00.123")


async def test_schema_specifies_scalars(admin: GraphQLClient) -> None:
    found = await admin("{ __schema { types { name kind description specifiedByURL } } }")

    built_in = {"Boolean", "Float", "ID", "Int", "String"}
    scalars = {one["name"]: one for one in found["__schema"]["types"] if one["kind"] == "SCALAR"}
    assert scalars.keys() - built_in == {
        *("DateTime", "Decimal", "JSON", "PhoneNumber", "URL", "Upload")
    }
    for name in scalars.keys() - built_in:
        assert scalars[name]["specifiedByURL"].startswith("https://")
    assert "time zone" in scalars["DateTime"]["description"]


PLACES = {
    "the value": ({"input": {"attributes": None}}, "variables.input.attributes"),
    "an object": ({"input": {"attributes": {"a": [None]}}}, "variables.input.attributes.a.0"),
}


@pytest.mark.parametrize("place", PLACES)
async def test_file_in_json_value_is_refused(
    admin: GraphQLClient, account: Account, place: str
) -> None:
    variables, path = PLACES[place]
    operations = json.dumps({"query": USER, "variables": variables})
    form = make_form(("operations", operations), ("map", json.dumps({"0": [path]})), ("0", b"x"))

    (error,) = (await post(admin, form)).json()["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "Upload variable" in error["message"]
    assert await collection(User).count_documents({}) == 0


async def test_file_in_json_literal_is_refused(admin: GraphQLClient, account: Account) -> None:
    mutation = """mutation ($file: Upload) {
      createUser(input: {attributes: {a: $file}}) { user { id } userErrors { code } } }"""
    answer = (await admin.post_files(mutation, {"file": PICTURE}, file=None)).json()

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert await collection(User).count_documents({}) == 0
