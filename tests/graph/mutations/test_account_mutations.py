"""Connecting, changing and deleting accounts; no credential ever comes out again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from models import Account, Role
from models.database.base import collection
from sandbox.world.numbers import FakeNumber, NumberDirectory
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.world import NUMBER
from whatsapp.common.crypto import KeyRing

CREATE = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
  account { id name enabled health { state } webhookUrl graphApiVersion } verifyToken
  userErrors { code field message } } }"""
NEW = {
    "name": "Shop",
    "phoneNumberId": "1234",
    "businessAccountId": "5678",
    "accessToken": "canary-access-token",
    "appSecret": "canary-app-secret",
}
MINE = FakeNumber(
    phone_number_id=NEW["phoneNumberId"],
    business_account_id=NEW["businessAccountId"],
    display_phone_number="15550001234",
    verified_name="Shop",
    access_token=NEW["accessToken"],
    app_secret=NEW["appSecret"],
)


@pytest.fixture
def numbers(numbers: NumberDirectory) -> NumberDirectory:
    for phone_number_id in (MINE.phone_number_id, "99", "77"):
        numbers.add(replace(MINE, phone_number_id=phone_number_id))
    return numbers


async def test_made_verify_token_is_shown_once(admin: GraphQLClient) -> None:
    made = (await admin(CREATE, input=NEW))["createAccount"]
    given = (
        await admin(CREATE, input=NEW | {"phoneNumberId": "99", "verifyToken": "canary-verify"})
    )["createAccount"]

    assert made["userErrors"] == given["userErrors"] == []
    assert len(made["verifyToken"]) >= 32
    assert given["verifyToken"] is None
    assert "/webhooks/whatsapp" in made["account"]["webhookUrl"]
    assert "canary" not in str((made, given))


REFUSED_CHANGES = [
    ({}, "CONFLICT", "phoneNumberId"),
    ({"phoneNumberId": "x1"}, "INVALID_INPUT", "phoneNumberId"),
    ({"name": " "}, "INVALID_INPUT", "name"),
    ({"accessToken": "canary\nx"}, "INVALID_INPUT", "accessToken"),
    ({"phoneNumberId": "1235\n"}, "INVALID_INPUT", "phoneNumberId"),
    ({"graphApiVersion": "v25.0\n"}, "INVALID_INPUT", "graphApiVersion"),
    ({"graphApiVersion": "25"}, "INVALID_INPUT", "graphApiVersion"),
    ({"verifyToken": "c"}, "INVALID_INPUT", "verifyToken"),
    ({"verifyToken": "canary-of-1"}, "INVALID_INPUT", "verifyToken"),
]


async def test_refusals_name_field_and_no_secret(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for change, code, field in REFUSED_CHANGES:
        with subtests.test(change=change):
            await admin(CREATE, input=NEW)

            done = (await admin(CREATE, input=NEW | change))["createAccount"]

            assert [(error["code"], error["field"]) for error in done["userErrors"]] == [
                (code, [field])
            ]
            assert "canary" not in str(done)


async def test_account_is_changed_disabled_and_enabled(
    admin: GraphQLClient, account: Account, keyring: KeyRing, numbers: NumberDirectory
) -> None:
    numbers.add(replace(NUMBER, access_token="canary-new"))
    query = """mutation ($id: ID!) {
      updateAccount(input: {accountId: $id, name: "New", accessToken: "canary-new"}) {
        account { name } userErrors { code } }
      disableAccount(input: {accountId: $id}) { account { enabled } }
      again: disableAccount(input: {accountId: $id}) { account { enabled } userErrors { code } }
      enableAccount(input: {accountId: $id}) { account { enabled } }
    }"""
    cleared = """mutation ($id: ID!) {
      updateAccount(input: {accountId: $id, name: null}) { userErrors { code field } }
    }"""

    data = await admin(query, id=id_of(account))
    refused = await admin(cleared, id=id_of(account))
    stored = await Account.get(account.id)

    assert data["updateAccount"]["account"] == {"name": "New"}
    assert data["again"] == {"account": {"enabled": False}, "userErrors": []}
    assert data["enableAccount"]["account"] == {"enabled": True}
    assert refused["updateAccount"]["userErrors"] == [{"code": "INVALID_INPUT", "field": ["name"]}]
    assert stored is not None
    token = keyring.decrypt(
        stored.access_token, collection="accounts", id=account.id, field="access_token"
    )
    assert token == "canary-new"


async def test_deleted_account_takes_everything_with_it(
    admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550001111", "Hello")

    done = await admin(
        "mutation ($id: ID!) { deleteAccount(input: {accountId: $id}) { deletedAccountId } }",
        id=id_of(account),
    )
    left = await admin(
        "query ($a: ID!, $c: ID!) { account(id: $a) { id } conversation(id: $c) { id } }",
        a=id_of(account),
        c=conversation_id(message),
    )

    assert done["deleteAccount"]["deletedAccountId"] == id_of(account)
    assert left == {"account": None, "conversation": None}


async def test_limited_admin_connects_no_account(
    make_client: Callable[..., Awaitable[GraphQLClient]], account: Account
) -> None:
    limited = await make_client(Role.ADMIN, [account])

    assert await limited.find_error_code(CREATE, input=NEW) == "FORBIDDEN"


MOVE = """mutation ($input: MoveAccountInput!) { moveAccount(input: $input) {
  account { phoneNumberId businessAccountId } userErrors { code field } } }"""


async def test_account_moves_to_another_number(admin: GraphQLClient, account: Account) -> None:
    other = (await admin(CREATE, input=NEW))["createAccount"]["account"]
    moved = await admin(MOVE, input={"accountId": other["id"], "phoneNumberId": "77"})
    taken = {
        "accountId": other["id"],
        "phoneNumberId": account.phone_number_id,
        "businessAccountId": account.business_account_id,
        "accessToken": NUMBER.access_token,
    }
    refused = (await admin(MOVE, input=taken))["moveAccount"]
    cleared = {"accountId": other["id"], "businessAccountId": None}
    empty = (await admin(MOVE, input=cleared))["moveAccount"]

    assert moved["moveAccount"] == {
        "account": {"phoneNumberId": "77", "businessAccountId": NEW["businessAccountId"]},
        "userErrors": [],
    }
    assert refused["userErrors"] == [{"code": "CONFLICT", "field": ["phoneNumberId"]}]
    assert empty["userErrors"] == [{"code": "INVALID_INPUT", "field": ["businessAccountId"]}]


async def read_settings(account: Account) -> dict[str, Any]:
    """Reads the account without the state of its background jobs, which run in every test."""
    stored = await collection(Account).find_one({"_id": account.id})
    assert stored is not None
    jobs = {"replay_due_at", "check_due_at", "last_check", "template_sync"}
    return {name: value for name, value in stored.items() if name not in jobs}


async def test_limited_admin_moves_no_account(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    account: Account,
    subtests: pytest.Subtests,
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    before = await read_settings(account)

    for change in ({"phoneNumberId": "1"}, {"businessAccountId": "1"}, {}):
        with subtests.test(change=change):
            values = {"accountId": id_of(account), **change}
            assert await limited.find_error_code(MOVE, input=values) == "FORBIDDEN"

    assert await read_settings(account) == before


async def test_short_verify_token_is_refused_on_update(
    admin: GraphQLClient, account: Account
) -> None:
    query = """mutation ($id: ID!, $token: String) {
      updateAccount(input: {accountId: $id, verifyToken: $token}) { userErrors { code field } } }"""
    before = await read_settings(account)

    refused = (await admin(query, id=id_of(account), token="x"))["updateAccount"]

    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["verifyToken"]}]
    assert await read_settings(account) == before
