"""A number is connected only if Meta confirms that it belongs to the token's business account."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from models import Account
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.fields import reload
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from whatsapp.accounts import accounts
from whatsapp.common.timeouts import Timeouts

CREATE = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
  account { id displayPhoneNumber verifiedName } verifyToken userErrors {
    __typename code field message ... on NumberNotProvenError { whatsappCode } } } }"""
UPDATE = """mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) {
  account { id } userErrors { code field } } }"""
MOVE = """mutation ($input: MoveAccountInput!) { moveAccount(input: $input) {
  account { phoneNumberId businessAccountId displayPhoneNumber } userErrors { code field } } }"""
NEW = {
    "name": "Shop",
    "phoneNumberId": NUMBER.phone_number_id,
    "businessAccountId": NUMBER.business_account_id,
    "accessToken": NUMBER.access_token,
    "appSecret": NUMBER.app_secret,
}
REFUSALS: list[tuple[dict[str, str], str, int | None]] = [
    ({"accessToken": "canary-unknown"}, "accessToken", 190),
    ({"accessToken": "canary with spaces"}, "accessToken", 190),
    ({"accessToken": OTHER_NUMBER.access_token}, "businessAccountId", 100),
    ({"businessAccountId": "404"}, "businessAccountId", 100),
    ({"businessAccountId": NUMBER.phone_number_id}, "businessAccountId", 100),
    ({"phoneNumberId": "404"}, "phoneNumberId", None),
    ({"phoneNumberId": OTHER_NUMBER.phone_number_id}, "phoneNumberId", None),
]


@pytest.fixture
def timeouts() -> Timeouts:
    return make_timeouts(number_proof_seconds=1.0)


async def create(admin: GraphQLClient, **changes: str) -> dict[str, Any]:
    payload: dict[str, Any] = (await admin(CREATE, input=NEW | changes))["createAccount"]
    return payload


def list_refused(payload: dict[str, Any]) -> list[tuple[str, list[str] | None]]:
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def read_all() -> list[dict[str, Any]]:
    """Reads what a caller enters, and the state of each account."""
    names = [*accounts.SECRET_FIELDS, "name", "phone_number_id", "business_account_id"]
    fields = dict.fromkeys([*names, "health.state"], 1)
    return await collection(Account).find({}, fields).sort("_id").to_list()


async def test_proven_number_has_metas_name_at_once(admin: GraphQLClient) -> None:
    payload = await create(admin)

    assert payload["userErrors"] == []
    assert payload["account"]["displayPhoneNumber"] == NUMBER.display_phone_number
    assert payload["account"]["verifiedName"] == NUMBER.verified_name


async def test_refusal_names_field_and_stores_nothing(
    admin: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for changes, field, whatsapp_code in REFUSALS:
        with subtests.test(changes=changes):
            payload = await create(admin, **changes)

            assert payload["account"] is None
            assert payload["verifyToken"] is None
            [error] = payload["userErrors"]
            assert error["__typename"] == "NumberNotProvenError"
            assert (error["code"], error["field"]) == ("NUMBER_NOT_PROVEN", [field])
            assert error["whatsappCode"] == whatsapp_code
            assert "canary" not in error["message"]
            assert await read_all() == []
    log = "{ auditLog { nodes { action outcome refusal targets { type } } } }"
    nodes = (await admin(log))["auditLog"]["nodes"]
    refused = {"action": "ACCOUNT_CREATED", "outcome": "REFUSED", "refusal": "NUMBER_NOT_PROVEN"}
    assert nodes == [refused | {"targets": []}] * len(REFUSALS)


async def test_unproven_answer_is_same_for_connected_number(
    admin: GraphQLClient, numbers: NumberDirectory, subtests: pytest.Subtests
) -> None:
    free = [await create(admin, **changes) for changes, _, _ in REFUSALS]
    for number in (NUMBER, OTHER_NUMBER):
        values = {
            "phoneNumberId": number.phone_number_id,
            "businessAccountId": number.business_account_id,
            "accessToken": number.access_token,
        }
        assert (await create(admin, **values))["userErrors"] == []
    before = await read_all()

    for (changes, _, _), expected in zip(REFUSALS, free, strict=True):
        with subtests.test(changes=changes):
            assert await create(admin, **changes) == expected
    assert await read_all() == before


async def test_proven_number_may_be_connected_already(admin: GraphQLClient) -> None:
    first = await create(admin)
    before = await read_all()

    again = await create(admin, name="Again")

    assert first["userErrors"] == []
    assert list_refused(again) == [("CONFLICT", ["phoneNumberId"])]
    assert again["account"] is None
    assert await read_all() == before


async def test_concurrent_creations_store_one_account(admin: GraphQLClient) -> None:
    payloads = await asyncio.gather(*(create(admin, name=f"Shop {one}") for one in range(4)))

    refused = [list_refused(payload) for payload in payloads if payload["userErrors"]]
    assert refused == [[("CONFLICT", ["phoneNumberId"])]] * 3
    assert len(await read_all()) == 1


async def test_number_on_later_page_is_proven(
    admin: GraphQLClient, numbers: NumberDirectory
) -> None:
    numbers.remove(NUMBER.phone_number_id)
    for one in range(230):
        numbers.add(replace(NUMBER, phone_number_id=str(one)))
    numbers.add(NUMBER)

    assert (await create(admin))["userErrors"] == []


SILENCE: list[dict[str, Any]] = [
    {"kind": FaultKind.RESET_BEFORE},
    {"kind": FaultKind.TIMEOUT, "seconds": 600},
    {"kind": FaultKind.HTML},
    {"kind": FaultKind.TRUNCATED},
    {"kind": FaultKind.SLOW_DRIP, "seconds": 1},
]


@pytest.mark.parametrize("fault", SILENCE, ids=lambda fault: str(fault["kind"]))
async def test_no_answer_from_meta_stores_nothing(
    admin: GraphQLClient, meta: FakeMeta, fault: dict[str, Any]
) -> None:
    meta.faults.add(FaultRule(endpoint="node", **fault))

    refused = await create(admin)
    stored = await read_all()
    mended = await create(admin)

    assert list_refused(refused) == [("META_UNREACHABLE", None)]
    assert stored == []
    assert mended["userErrors"] == []


async def test_rate_limit_is_no_verdict(admin: GraphQLClient, meta: FakeMeta) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=80007, endpoint="node"))

    refused = await create(admin)

    assert list_refused(refused) == [("META_REFUSED", None)]
    assert "Try again" in refused["userErrors"][0]["message"]
    assert await read_all() == []


async def test_missing_permission_names_business_account(
    admin: GraphQLClient, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=200, endpoint="node"))

    refused = await create(admin)

    assert list_refused(refused) == [("NUMBER_NOT_PROVEN", ["businessAccountId"])]
    assert "whatsapp_business_management" in refused["userErrors"][0]["message"]


async def test_move_needs_proof(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    before = await read_all()
    refusals = [
        ({"phoneNumberId": "404"}, "phoneNumberId"),
        ({"phoneNumberId": OTHER_NUMBER.phone_number_id}, "phoneNumberId"),
        ({"businessAccountId": OTHER_NUMBER.business_account_id}, "businessAccountId"),
        (
            {
                "phoneNumberId": OTHER_NUMBER.phone_number_id,
                "businessAccountId": OTHER_NUMBER.business_account_id,
            },
            "businessAccountId",
        ),
        ({"phoneNumberId": "1", "accessToken": "canary-unknown"}, "accessToken"),
    ]
    for changes, field in refusals:
        with subtests.test(changes=changes):
            values = {"accountId": id_of(account), **changes}
            refused = (await admin(MOVE, input=values))["moveAccount"]

            assert list_refused(refused) == [("NUMBER_NOT_PROVEN", [field])]
            assert await read_all() == before


async def test_move_takes_token_of_new_place(admin: GraphQLClient, account: Account) -> None:
    moved = await admin(
        MOVE,
        input={
            "accountId": id_of(account),
            "phoneNumberId": OTHER_NUMBER.phone_number_id,
            "businessAccountId": OTHER_NUMBER.business_account_id,
            "accessToken": OTHER_NUMBER.access_token,
        },
    )

    assert moved["moveAccount"] == {
        "account": {
            "phoneNumberId": OTHER_NUMBER.phone_number_id,
            "businessAccountId": OTHER_NUMBER.business_account_id,
            "displayPhoneNumber": OTHER_NUMBER.display_phone_number,
        },
        "userErrors": [],
    }


async def test_concurrent_moves_do_not_mix(
    admin: GraphQLClient, account: Account, meta: FakeMeta, numbers: NumberDirectory
) -> None:
    """Each half of a place is proven beside the old other half; both together never were."""
    numbers.add(replace(NUMBER, phone_number_id="2"))
    numbers.add(replace(NUMBER, business_account_id="22", phone_number_id="3"))
    meta.settings.answer_delay = 0.2
    moves = [
        {"phoneNumberId": "2", "businessAccountId": NUMBER.business_account_id},
        {"phoneNumberId": "3", "businessAccountId": "22"},
    ]

    done = await asyncio.gather(
        *(admin(MOVE, input={"accountId": id_of(account), **move}) for move in moves)
    )

    payloads = [one["moveAccount"] for one in done]
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1]
    [refused] = [payload for payload in payloads if payload["userErrors"]]
    assert list_refused(refused) == [("CONFLICT", None)]
    stored = await reload(account)
    place = {
        "phoneNumberId": stored.phone_number_id,
        "businessAccountId": stored.business_account_id,
    }
    assert place in moves


async def test_move_waits_for_meta(admin: GraphQLClient, account: Account, meta: FakeMeta) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.TIMEOUT, endpoint="any", times=None, seconds=600))
    before = await read_all()

    values = {"accountId": id_of(account), "phoneNumberId": "2"}
    refused = (await admin(MOVE, input=values))["moveAccount"]

    assert list_refused(refused) == [("META_UNREACHABLE", None)]
    assert await read_all() == before


@pytest.mark.parametrize("token", ["canary-unknown", OTHER_NUMBER.access_token])
async def test_new_token_must_read_number(
    admin: GraphQLClient, account: Account, token: str
) -> None:
    before = await read_all()

    values = {"accountId": id_of(account), "accessToken": token, "name": "New"}
    refused = (await admin(UPDATE, input=values))["updateAccount"]

    assert list_refused(refused) == [("NUMBER_NOT_PROVEN", ["accessToken"])]
    assert await read_all() == before


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.TIMEOUT, "seconds": 600},
        {"kind": FaultKind.RESET_BEFORE},
        {"kind": FaultKind.ERROR, "code": 80007},
        {"kind": FaultKind.ERROR, "code": 10},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('code', '')}",
)
async def test_token_is_replaced_without_answer(
    admin: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    numbers: NumberDirectory,
    fault: dict[str, Any],
) -> None:
    numbers.add(replace(NUMBER, access_token="canary-renewed"))
    meta.faults.add(FaultRule(endpoint="node", **fault))

    values = {"accountId": id_of(account), "accessToken": "canary-renewed"}
    done = (await admin(UPDATE, input=values))["updateAccount"]

    assert done["userErrors"] == []
    assert (await reload(account)).access_token != account.access_token
