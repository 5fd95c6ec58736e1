"""checkAccount and the background check: findings are stored and returned."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from models import Account, HealthState, Role
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.fields import reload
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.world import NUMBER
from whatsapp.accounts.account_restrictions import RestrictionCause, record_restriction
from whatsapp.accounts.accounts import stop_account

CHECK = """mutation ($id: ID!) { checkAccount(input: {accountId: $id}) {
  account { displayPhoneNumber verifiedName
    health { state reason qualityRating throughput messagingLimit } }
  checks { name ok message } userErrors { code field } } }"""
LAST_CHECK = "query ($id: ID!) { account(id: $id) { lastCheck { at checks { name ok } } } }"
UPDATE = """mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) {
  account { id } userErrors { code field } } }"""
CREATE = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
  account { id } userErrors { code } } }"""
NEW = {
    "name": "Shop",
    "phoneNumberId": NUMBER.phone_number_id,
    "businessAccountId": NUMBER.business_account_id,
    "accessToken": NUMBER.access_token,
    "appSecret": NUMBER.app_secret,
}
ALL = {
    "TOKEN",
    "PHONE_NUMBER",
    "BUSINESS_ACCOUNT",
    "WEBHOOK_SUBSCRIPTION",
    "WEBHOOK_URL",
    "APP_SECRET",
}


async def check(admin: GraphQLClient, account: Account) -> dict[str, Any]:
    payload: dict[str, Any] = (await admin(CHECK, id=id_of(account)))["checkAccount"]
    assert payload["userErrors"] == []
    assert {one["name"] for one in payload["checks"]} == ALL
    return payload


def list_failed(payload: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["message"] for one in payload["checks"] if not one["ok"]}


async def change(account: Account, **values: Any) -> None:
    await collection(Account).update_one({"_id": account.id}, {"$set": values})


async def test_healthy_account_shows_whatsapp_data(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.settings.webhook_url = "http://127.0.0.1:8000/webhooks/whatsapp"

    payload = await check(admin, account)

    assert list_failed(payload) == {}
    assert payload["account"] == {
        "displayPhoneNumber": NUMBER.display_phone_number,
        "verifiedName": NUMBER.verified_name,
        "health": {
            "state": "OK",
            "reason": None,
            "qualityRating": "GREEN",
            "throughput": "STANDARD",
            "messagingLimit": "TIER_2K",
        },
    }


async def test_refused_token_stops_account_until_replaced(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    numbers.add(replace(NUMBER, access_token="another"))
    refused = await check(admin, account)
    numbers.add(NUMBER)
    mended = await check(admin, account)

    assert refused["account"]["health"]["state"] == "STOPPED"
    assert "190" in refused["account"]["health"]["reason"]
    assert list_failed(refused).keys() == ALL - {"APP_SECRET"}
    assert "190" in list_failed(refused)["TOKEN"]
    assert mended["account"]["health"]["state"] == "OK"
    assert mended["account"]["health"]["reason"] is None


async def test_token_that_works_mends_nothing_else(admin: GraphQLClient, account: Account) -> None:
    await stop_account(account, reason="the account is locked", code=131031)

    payload = await check(admin, account)

    assert payload["account"]["health"]["state"] == "STOPPED"
    assert payload["account"]["health"]["reason"] == "the account is locked"


async def test_ban_that_came_while_token_was_refused_holds(
    admin: GraphQLClient, account: Account
) -> None:
    await stop_account(account, reason="token", code=190)
    await record_restriction(account.id, RestrictionCause.BAN, at=utc_now(), reason="banned")

    payload = await check(admin, account)

    assert payload["account"]["health"]["state"] == "STOPPED"
    assert payload["account"]["health"]["reason"] == "banned"
    await record_restriction(account.id, RestrictionCause.BAN, at=utc_now(), reason=None)
    assert (await reload(account)).health.state is HealthState.OK


async def test_number_of_another_business_is_found_out(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    stranger = replace(NUMBER, phone_number_id="7", business_account_id="8")
    numbers.add(stranger)
    await change(account, business_account_id="8")
    foreign = await check(admin, account)
    await change(account, phone_number_id="9")
    unknown = await check(admin, account)

    assert "BUSINESS_ACCOUNT" in list_failed(foreign)
    assert "PHONE_NUMBER" not in list_failed(foreign)
    # The token itself is valid.
    assert "PHONE_NUMBER" in list_failed(unknown)
    assert "TOKEN" not in list_failed(unknown)


async def test_number_on_later_page_is_found(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    numbers.remove(NUMBER.phone_number_id)
    for one in range(230):
        numbers.add(replace(NUMBER, phone_number_id=str(one)))
    numbers.add(NUMBER)

    assert "BUSINESS_ACCOUNT" not in list_failed(await check(admin, account))


async def test_number_that_is_elsewhere_is_not_registered(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    numbers.add(replace(NUMBER, platform_type="ON_PREMISE"))

    assert "ON_PREMISE" in list_failed(await check(admin, account))["PHONE_NUMBER"]


async def test_webhooks_that_go_elsewhere_are_found_out(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    elsewhere = list_failed(await check(admin, account))
    meta.callbacks.unsubscribe(NUMBER.business_account_id)
    nowhere = list_failed(await check(admin, account))

    assert elsewhere.keys() == {"WEBHOOK_URL"}
    assert meta.settings.webhook_url in elsewhere["WEBHOOK_URL"]
    assert nowhere.keys() == {"WEBHOOK_URL", "WEBHOOK_SUBSCRIPTION"}


async def test_secret_of_another_app_is_found_out(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    numbers.add(replace(NUMBER, app_secret="another"))
    wrong = list_failed(await check(admin, account))
    await change(account, app_secret=None)
    absent = list_failed(await check(admin, account))

    assert "not the secret" in wrong["APP_SECRET"]
    assert "No app secret is set" in absent["APP_SECRET"]


async def test_unreachable_meta_is_finding_only(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.RESET_BEFORE, endpoint="any", times=None))

    payload = await check(admin, account)

    assert list_failed(payload).keys() == ALL - {"APP_SECRET"}
    assert payload["account"]["health"]["state"] == "OK"
    assert payload["account"]["displayPhoneNumber"] is None


async def test_one_refused_question_leaves_other_answers(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.faults.add(
        FaultRule(kind=FaultKind.ERROR, endpoint="subscribed_apps", code=10, times=None)
    )

    failed = list_failed(await check(admin, account))

    assert "(error 10)" in failed["WEBHOOK_SUBSCRIPTION"]
    assert failed.keys() == {"WEBHOOK_SUBSCRIPTION", "WEBHOOK_URL"}


async def test_check_keeps_newer_webhook_state(admin: GraphQLClient, account: Account) -> None:
    later = {"changed_at.quality_rating": utc_now().replace(year=2099)}
    await change(account, **later, **{"health.quality_rating": "RED"})

    payload = await check(admin, account)

    assert payload["account"]["health"]["qualityRating"] == "RED"
    assert payload["account"]["health"]["throughput"] == "STANDARD"


async def test_new_account_is_checked_in_background(admin: GraphQLClient) -> None:
    created = (await admin(CREATE, input=NEW))["createAccount"]["account"]["id"]

    async def get_last_check() -> Any:
        return (await admin(LAST_CHECK, id=created))["account"]["lastCheck"]

    report = await eventually(get_last_check)
    assert {one["name"] for one in report["checks"] if one["ok"]} >= {"TOKEN", "APP_SECRET"}


async def test_only_new_credentials_are_checked(admin: GraphQLClient, account: Account) -> None:
    await admin(UPDATE, input={"accountId": id_of(account), "name": "New"})
    assert (await reload(account)).check_due_at is None

    changed = await admin(UPDATE, input={"accountId": id_of(account), "appSecret": "wrong"})

    assert changed["updateAccount"]["userErrors"] == []

    async def is_found_out() -> bool:
        found = await reload(account)
        checks = found.last_check.checks if found.last_check else []
        return any(one.name == "APP_SECRET" and not one.ok for one in checks)

    await eventually(is_found_out)


async def test_check_that_crash_left_is_taken_over(admin: GraphQLClient, account: Account) -> None:
    await change(account, check_due_at=utc_now())

    async def is_checked() -> bool:
        return (await reload(account)).last_check is not None

    await eventually(is_checked)


async def test_other_changes_do_not_wait_for_meta(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.TIMEOUT, endpoint="any", times=None, seconds=600))

    done = await admin(UPDATE, input={"accountId": id_of(account), "appSecret": "another"})

    assert done["updateAccount"]["userErrors"] == []


async def test_only_admins_see_check_result(
    admin: GraphQLClient,
    account: Account,
    make_client: Callable[..., Awaitable[GraphQLClient]],
) -> None:
    await check(admin, account)
    agent = await make_client(Role.AGENT)

    to_admin = (await admin(LAST_CHECK, id=id_of(account)))["account"]["lastCheck"]
    to_agent = (await agent(LAST_CHECK, id=id_of(account)))["account"]["lastCheck"]

    assert len(to_admin["checks"]) == len(ALL)
    assert to_agent is None
