"""Webhooks that restrict an account and lift restrictions."""

import itertools
from collections.abc import Sequence

import pytest

from models import Account, AccountEvent, HealthState, Message, ParkedItem, ParkedReason
from models.database.base import collection, utc_now
from tests.fixtures.fields import (
    AT,
    change_value,
    load_change,
    make_body,
    make_entry,
    post,
    reload,
)
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.webhooks.conftest import Settle
from whatsapp.accounts.account_restrictions import lift_expired_restrictions
from whatsapp.accounts.accounts import set_account_enabled, stop_account, update_account
from whatsapp.common.crypto import KeyRing

HEALTH = "{ accounts { edges { node { health { state reason } } } } }"
# Webhooks, and the state of the account after them.
RESTRICTIONS = [
    (["account_banned"], "STOPPED"),
    (["account_ban_scheduled"], "OK"),
    (["account_banned", "account_reinstated"], "OK"),
    (["account_banned", "account_reconnected"], "STOPPED"),
    (["account_banned", "account_offboarded", "account_reconnected"], "STOPPED"),
    (["account_offboarded", "account_reconnected"], "OK"),
    (["account_restricted"], "STOPPED"),
    (["account_restricted_beginning"], "OK"),
    (["account_restricted", "account_restricted_beginning"], "OK"),
    (["account_deleted"], "STOPPED"),
    (["account_violation", "account_partner_added"], "OK"),
]


@pytest.mark.parametrize(("names", "state"), RESTRICTIONS, ids=str)
async def test_events_set_account_restriction(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    names: Sequence[str],
    state: str,
) -> None:
    bodies = [make_body(name, at=AT + number) for number, name in enumerate(names)]
    outcomes = []
    for number, order in enumerate(itertools.permutations(bodies)):
        await collection(Account).update_one(
            {"_id": account.id}, {"$set": {"health": {"state": "OK"}, "restrictions": {}}}
        )
        await post(webhook, settle, *({**body, "run": number} for body in (*order, *order[:1])))
        found = await reload(account)
        outcomes.append((found.health, found.restrictions))

    assert outcomes == [outcomes[0]] * len(outcomes)
    [edge] = (await admin(HEALTH))["accounts"]["edges"]
    health = edge["node"]["health"]
    assert health["state"] == state
    assert (health["reason"] is None) == (state == "OK")


async def test_end_of_ban_keeps_token_refusal(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await stop_account(account, reason="The access token is refused.")
    await post(webhook, settle, make_body("account_banned"))
    await post(webhook, settle, make_body("account_reinstated", at=AT + 1))

    health = (await reload(account)).health
    assert (health.state, health.reason) == (HealthState.STOPPED, "The access token is refused.")


async def test_restriction_ends_by_itself(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("account_restricted"))
    assert (await reload(account)).health.state is HealthState.STOPPED

    await account.set({"restrictions.blocks.restriction.until": utc_now()})
    await lift_expired_restrictions()

    health = (await reload(account)).health
    assert (health.state, health.reason) == (HealthState.OK, None)


async def test_expired_restriction_beside_open_restriction_changes_once(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("account_banned"))
    await post(webhook, settle, make_body("account_restricted", at=AT + 1))
    restricted = (await reload(account)).health.reason

    await account.set({"restrictions.blocks.restriction.until": utc_now()})
    await lift_expired_restrictions()
    lifted = await collection(Account).find_one({"_id": account.id})
    await lift_expired_restrictions()

    health = (await reload(account)).health
    assert health.state is HealthState.STOPPED
    assert health.reason != restricted
    assert await collection(Account).find_one({"_id": account.id}) == lifted


async def test_restarted_account_is_stopped_by_news_only(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("account_banned"))
    await set_account_enabled(await reload(account), enabled=True)

    await post(webhook, settle, make_body("account_offboarded", at=AT + 1))
    assert (await reload(account)).health.state is HealthState.OK

    later = int(utc_now().timestamp()) + 60
    await post(webhook, settle, make_body("account_deleted", at=later))
    assert (await reload(account)).health.state is HealthState.STOPPED


async def test_report_on_number_leaves_other_numbers(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
) -> None:
    other = await connect_neighbour(keyring)
    await other.set({"display_phone_number": "+1 555-078-3882"})
    await account.set({"display_phone_number": "+1 555-078-3881"})

    await post(webhook, settle, make_body("phone_quality_flagged"))
    assert (await reload(account)).health.quality_rating == "RED"
    assert (await reload(other)).health.quality_rating is None
    assert await AccountEvent.find({"account_id": other.id}).count() == 0

    # Of a number that is not connected: both may read it, and neither changes.
    stranger = change_value(load_change("phone_quality_flagged"), display_phone_number="4915")
    await post(webhook, settle, make_entry(stranger, at=AT + 1))
    assert await AccountEvent.find({"account_id": other.id}).count() == 1
    assert (await reload(other)).health.quality_rating is None


async def connect_neighbour(keyring: KeyRing, app_secret: str = NUMBER.app_secret) -> Account:
    """Another number of the same business account."""
    other = await connect_number(keyring, OTHER_NUMBER)
    await other.set({"business_account_id": NUMBER.business_account_id})
    if app_secret == NUMBER.app_secret:
        account = await Account.find_one({"phone_number_id": NUMBER.phone_number_id})
        assert account is not None
        await other.set({"app_secret_digest": account.app_secret_digest})
    return other


async def test_business_report_needs_numbers_secret(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
) -> None:
    other = await connect_neighbour(keyring, app_secret=OTHER_NUMBER.app_secret)
    await set_account_enabled(account, enabled=False)

    await post(webhook, settle, make_body("account_banned"))
    assert (await reload(account)).health.state is HealthState.STOPPED
    assert (await reload(other)).health.state is HealthState.OK

    await post(webhook, settle, make_body("account_banned"), secret=OTHER_NUMBER.app_secret)
    assert (await reload(other)).health.state is HealthState.STOPPED


async def test_nobody_speaks_for_business_with_anothers_secret(
    webhook: WebhookClient, account: Account, other_account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("account_banned"), secret=OTHER_NUMBER.app_secret)

    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason, parked.account_id) == (ParkedReason.WRONG_SECRET, account.id)
    assert (await reload(account)).health.state is HealthState.OK
    assert not await AccountEvent.count()


async def test_connecting_number_replays_items_of_business(
    webhook: WebhookClient, other_account: Account, keyring: KeyRing, settle: Settle
) -> None:
    secret = OTHER_NUMBER.app_secret
    await post(webhook, settle, make_body("account_banned"), secret=secret)
    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.UNKNOWN_ACCOUNT

    business = {"business_account_id": NUMBER.business_account_id}
    await update_account(keyring, other_account, changes=business)

    async def is_stopped() -> bool:
        return (await reload(other_account)).health.state is HealthState.STOPPED

    await eventually(is_stopped)


async def test_report_without_number_is_not_retried_forever(
    webhook: WebhookClient, account: Account, settle: Settle, keyring: KeyRing
) -> None:
    value = {"messages": [{"id": "wamid.1", "timestamp": "1", "type": "text", "from": "1"}]}
    await post(webhook, settle, make_entry({"field": "messages", "value": value}))

    business = {"business_account_id": NUMBER.business_account_id}
    await update_account(keyring, account, changes=business)

    async def is_replayed() -> bool:
        return (await reload(account)).replay_due_at is None

    await eventually(is_replayed)
    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.UNKNOWN_ACCOUNT
    assert await Message.count() == 0
