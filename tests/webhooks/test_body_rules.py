"""The age at which bodies of webhooks are emptied, by the rules of all workspaces in them."""

import dataclasses
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models import Account, EventState, Message, WebhookEvent, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from models.webhooks.webhook_event import BODY_KEPT
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.workspaces import create_workspace
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from whatsapp.accounts.accounts import create_account
from whatsapp.auth.audit import AuditTrail
from whatsapp.common.crypto import KeyRing
from whatsapp.common.people import NOBODY
from whatsapp.common.raw_bodies import empty_old_bodies
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.retention import RetentionRules
from whatsapp.privacy.workspace_deletion import delete_workspace, finish_workspace_deletions

UPDATE = """mutation ($days: Int) { updateWorkspace(input: {retention: {rawBodiesDays: $days}}) {
  userErrors { code } } }"""
UNKNOWN = dataclasses.replace(NUMBER, phone_number_id="1", business_account_id="2")
# Rules apply to the next webhook.
pytestmark = pytest.mark.parametrize(
    "timeouts", [{"raw_body_rules_seconds": 0.0, "retention_poll_seconds": 0.05}], indirect=True
)


@pytest.fixture
async def other(account: Account, keyring: KeyRing) -> Account:
    """An account of another workspace, with the same Meta app."""
    workspace = await create_workspace("Other")
    made, _ = await create_account(
        keyring,
        workspace_id=workspace.id,
        name="Other shop",
        phone_number_id=OTHER_NUMBER.phone_number_id,
        business_account_id=OTHER_NUMBER.business_account_id,
        access_token="token",
        app_secret=NUMBER.app_secret,
    )
    return made


async def set_days(account: Account, days: int) -> None:
    changes = {"$set": {"retention.raw_bodies_days": days}}
    await collection(Workspace).update_one({"_id": account.workspace_id}, changes)


async def post(webhook: WebhookClient, *numbers: Any) -> WebhookEvent:
    """Posts a body with a message to each number; returns its event when it is processed."""
    bodies = [make_body(one, make_change(one, messages=[make_message()])) for one in numbers]
    body = bodies[0] | {"entry": [entry for each in bodies for entry in each["entry"]]}
    known = await collection(WebhookEvent).distinct("_id")
    assert (await webhook.post(body)).status_code == 200

    async def find() -> WebhookEvent | None:
        processed = {"_id": {"$nin": known}, "state": EventState.PROCESSED.value}
        return await WebhookEvent.find_one(processed)

    event = await eventually(find)
    assert event is not None
    return event


def read_kept(event: WebhookEvent) -> timedelta | None:
    if not event.body:
        assert event.body_until is None
        assert event.kept_for is None
        return None
    assert event.processed_at is not None
    assert event.body_until is not None
    return event.body_until - event.processed_at


async def test_body_is_kept_for_a_day(webhook: WebhookClient, account: Account) -> None:
    event = await post(webhook, NUMBER)

    assert read_kept(event) == BODY_KEPT == timedelta(days=1)
    assert event.kept_for is None


async def test_body_is_emptied_at_once(
    webhook: WebhookClient, admin: GraphQLClient, account: Account
) -> None:
    await admin(UPDATE, days=0)
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))

    await webhook.post(body)

    async def is_processed() -> bool:
        return await WebhookEvent.find({"state": EventState.PROCESSED.value}).count() == 1

    await eventually(is_processed)
    [event] = await WebhookEvent.find_all().to_list()
    assert event.body == b""
    assert event.body_until is None
    # The hash still recognises the repetition.
    await webhook.post(body)
    assert await WebhookEvent.count() == await Message.count() == 1


async def test_body_is_kept_longer_for_its_workspace(
    webhook: WebhookClient, admin: GraphQLClient, account: Account
) -> None:
    await admin(UPDATE, days=30)

    event = await post(webhook, NUMBER)

    assert read_kept(event) == timedelta(days=30)
    assert event.kept_for == DEFAULT_WORKSPACE_ID
    index = (await collection(WebhookEvent).index_information())["kept_hashes"]
    assert index["partialFilterExpression"] == {"state": "PROCESSED", "kept_for": None}


@pytest.mark.parametrize("days", [2, None])
async def test_shorter_rule_ends_earlier_bodies(
    webhook: WebhookClient, admin: GraphQLClient, account: Account, days: int | None
) -> None:
    await admin(UPDATE, days=30)
    event = await post(webhook, NUMBER)

    await admin(UPDATE, days=days)

    async def is_shorter() -> bool:
        current = await WebhookEvent.get(event.id)
        return current is not None and read_kept(current) == timedelta(days=days or 1)

    await eventually(is_shorter)
    past = {"$set": {"body_until": event.received_at - timedelta(days=1)}}
    await collection(WebhookEvent).update_one({"_id": event.id}, past)
    await empty_old_bodies()
    emptied = await WebhookEvent.get(event.id)
    assert emptied is not None
    assert read_kept(emptied) is None


@pytest.mark.parametrize(
    ("days", "other_days", "kept"),
    [
        (30, None, BODY_KEPT),
        (None, 30, BODY_KEPT),
        (30, 30, BODY_KEPT),
        (30, 0, None),
        (0, 30, None),
        (1, 2, timedelta(days=1)),
    ],
)
async def test_shortest_rule_of_several_workspaces_applies(
    webhook: WebhookClient,
    account: Account,
    other: Account,
    days: int | None,
    other_days: int | None,
    kept: timedelta | None,
) -> None:
    for each, value in ((account, days), (other, other_days)):
        if value is not None:
            await set_days(each, value)

    event = await post(webhook, NUMBER, OTHER_NUMBER)

    assert await Message.count() == 2
    assert read_kept(event) == kept
    assert event.kept_for is None


async def test_item_of_unknown_number_keeps_no_longer(
    webhook: WebhookClient, account: Account
) -> None:
    await set_days(account, 30)
    assert read_kept(await post(webhook, NUMBER, UNKNOWN)) == BODY_KEPT
    await set_days(account, 0)
    assert read_kept(await post(webhook, NUMBER, UNKNOWN)) is None


async def test_foreign_app_has_no_say(
    client: httpx.AsyncClient, account: Account, other_account: Account
) -> None:
    """A body about a number that its signer does not speak for is not the number's."""
    await set_days(account, 0)
    signer = WebhookClient(client, OTHER_NUMBER)

    event = await post(signer, NUMBER)

    assert read_kept(event) == BODY_KEPT
    assert await Message.count() == 0


async def test_rule_of_other_workspace_changes_nothing(
    webhook: WebhookClient, admin: GraphQLClient, account: Account, other: Account
) -> None:
    await admin(UPDATE, days=30)
    event = await post(webhook, NUMBER)
    due = {"retention_due_at": event.received_at, "retention.raw_bodies_days": 0}
    await collection(Workspace).update_one({"_id": other.workspace_id}, {"$set": due})

    await RetentionRules(AuditTrail(days=1)).apply_due()

    assert await WebhookEvent.get(event.id) == event


async def test_deleted_workspace_keeps_no_body(
    webhook: WebhookClient, account: Account, other: Account
) -> None:
    await set_days(other, 30)
    event = await post(webhook, OTHER_NUMBER)
    # As a body that names no customer.
    people = {"$set": {"people": [NOBODY]}}
    await collection(WebhookEvent).update_one({"_id": event.id}, people)
    workspace = await Workspace.get(other.workspace_id)
    assert workspace is not None

    await delete_workspace(workspace, ErasureLog(None))
    await finish_workspace_deletions(ErasureLog(None))
    await empty_old_bodies()

    emptied = await WebhookEvent.get(event.id)
    assert emptied is not None
    assert read_kept(emptied) is None
