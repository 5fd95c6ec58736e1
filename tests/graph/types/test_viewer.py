"""Authentication and the `viewer` field."""

from typing import Any

import httpx
import pytest

from models import Account
from tests.fixtures.graphql import GraphQLClient


async def test_key_learns_its_name_role_and_accounts(
    admin: GraphQLClient, account: Account
) -> None:
    data = await admin("{ viewer { name role accounts { nodes { name phoneNumberId } } } }")

    assert data["viewer"] == {
        "name": "test admin",
        "role": "ADMIN",
        "accounts": {"nodes": [{"name": account.name, "phoneNumberId": account.phone_number_id}]},
    }


async def test_without_credential_only_schema_can_be_read(client: httpx.AsyncClient) -> None:
    nobody = GraphQLClient(client, None)

    assert (await nobody("{ __schema { queryType { name } } }"))["__schema"]
    assert await nobody.find_error_code("{ viewer { name } }") == "UNAUTHENTICATED"


async def test_invalid_credential_is_refused_even_for_schema(
    client: httpx.AsyncClient,
    subtests: pytest.Subtests,
) -> None:
    for token in ("wag_000000000000_" + "x" * 43, "nonsense", " "):
        with subtests.test(token=token):
            stranger = GraphQLClient(client, token)
            answer: dict[str, Any] = await stranger.post("{ __schema { queryType { name } } }")
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert "data" not in answer
