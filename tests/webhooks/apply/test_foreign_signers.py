"""A secret speaks for the accounts of its workspaces only, and no other workspace hears of them."""

from dataclasses import replace
from typing import Any

import pytest

from models import Account, Contact, Message, ParkedItem, ParkedReason, ParkedState, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.world.numbers import FakeNumber
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from tests.webhooks.conftest import Settle, replay_items
from webhooks.ingest import Ingest
from whatsapp.accounts.accounts import create_account, set_account_enabled, update_account
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

DEFAULT_SECRET = "default-secret"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    changes: dict[str, Any] = {"meta_app_secret": DEFAULT_SECRET}
    return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)


@pytest.fixture
async def tenant(app: Any) -> Workspace:
    workspace = Workspace(name="Tenant", name_key="tenant")
    await workspace.insert()
    return workspace


@pytest.fixture
async def tenant_account(tenant: Workspace, keyring: KeyRing) -> Account:
    """The other number, connected in the tenant's workspace."""
    return await connect(keyring, tenant, app_secret=OTHER_NUMBER.app_secret)


async def connect(keyring: KeyRing, workspace: Workspace, *, app_secret: str | None) -> Account:
    account, _ = await create_account(
        keyring,
        workspace_id=workspace.id,
        name="Tenant",
        phone_number_id=OTHER_NUMBER.phone_number_id,
        business_account_id=OTHER_NUMBER.business_account_id,
        access_token=OTHER_NUMBER.access_token,
        app_secret=app_secret,
    )
    return account


def make_forgery(number: FakeNumber = NUMBER) -> dict[str, Any]:
    return make_body(number, make_change(number, messages=[make_message()]))


async def list_parked() -> list[ParkedItem]:
    return await ParkedItem.find({"state": ParkedState.PARKED.value}).to_list()


async def describe_parked() -> list[tuple[Any, ...]]:
    return [(item.reason, item.account_id, item.workspace_id) for item in await list_parked()]


async def test_connected_number_of_another_workspace_looks_unknown(
    webhook: WebhookClient, account: Account, tenant_account: Account, settle: Settle
) -> None:
    unknown = replace(NUMBER, phone_number_id="404")
    for body in (make_forgery(), make_forgery(unknown)):
        await webhook.post(body, secret=OTHER_NUMBER.app_secret)
    await settle()

    expected = (ParkedReason.UNKNOWN_ACCOUNT, None, tenant_account.workspace_id)
    assert await describe_parked() == [expected, expected]
    assert (await Message.count(), await Contact.count()) == (0, 0)


async def test_foreign_item_wakes_and_blocks_no_replay(
    webhook: WebhookClient,
    account: Account,
    tenant_account: Account,
    settle: Settle,
    ingest: Ingest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of foreign items would else be read again and again before the own ones."""
    monkeypatch.setattr("webhooks.apply.replays.REPLAYED_AT_ONCE", 2)
    await eventually(lambda: has_no_replay(account))
    for _ in range(3):
        await webhook.post(make_forgery(), secret=OTHER_NUMBER.app_secret)
    await settle()
    assert await has_no_replay(account)
    await set_account_enabled(account, enabled=False)
    await webhook.post(make_forgery())
    await settle()

    await set_account_enabled(account, enabled=True)

    async def is_replayed() -> bool:
        reasons = [item.reason for item in await list_parked()]
        return reasons == [ParkedReason.UNKNOWN_ACCOUNT] * 3

    await eventually(is_replayed)
    assert await Message.count() == 1
    replayed = await replay_items(ingest, await list_parked())
    assert {item.reason for item in replayed} == {ParkedReason.UNKNOWN_ACCOUNT}
    assert await Message.count() == 1


async def has_no_replay(account: Account) -> bool:
    stored = await collection(Account).find_one({"_id": account.id})
    return stored is not None and stored["replay_due_at"] is None


async def test_items_from_before_connection_need_workspaces_secret(
    webhook: WebhookClient, account: Account, tenant: Workspace, keyring: KeyRing, settle: Settle
) -> None:
    """The first one comes from another workspace's app, before the number is connected."""
    await webhook.post(make_forgery(OTHER_NUMBER), secret=NUMBER.app_secret)
    await settle()
    tenant_account = await connect(keyring, tenant, app_secret=OTHER_NUMBER.app_secret)
    await eventually(lambda: has_no_replay(tenant_account))

    [item] = await list_parked()
    assert (item.reason, item.workspace_id) == (ParkedReason.UNKNOWN_ACCOUNT, DEFAULT_WORKSPACE_ID)
    assert await Message.count() == 0
    body = make_forgery(OTHER_NUMBER)

    async def is_taken() -> bool:
        """A secret is known to the route after a moment."""
        return (await webhook.post(body, secret=OTHER_NUMBER.app_secret)).status_code == 200

    await eventually(is_taken)
    await eventually(Message.count)


async def test_default_secret_speaks_for_bound_workspaces_only(
    webhook: WebhookClient, tenant: Workspace, keyring: KeyRing, settle: Settle
) -> None:
    account = await connect(keyring, tenant, app_secret=None)
    await webhook.post(make_forgery(OTHER_NUMBER), secret=DEFAULT_SECRET)
    await settle()
    assert await describe_parked() == [(ParkedReason.UNKNOWN_ACCOUNT, None, DEFAULT_WORKSPACE_ID)]
    assert await Message.count() == 0

    await collection(Workspace).update_one(
        {"_id": tenant.id}, {"$set": {"uses_default_app_secret": True}}
    )
    await webhook.post(make_forgery(OTHER_NUMBER), secret=DEFAULT_SECRET)
    await eventually(Message.count)
    await set_account_enabled(account, enabled=True)  # replays what came before
    await eventually(has_two_messages)


async def has_two_messages() -> bool:
    return await Message.count() == 2


async def test_secret_of_both_workspaces_is_told_apart_by_number(
    webhook: WebhookClient,
    account: Account,
    tenant: Workspace,
    keyring: KeyRing,
    settle: Settle,
) -> None:
    """A provider's app serves several workspaces: each number gets its own items."""
    shared = await connect(keyring, tenant, app_secret=NUMBER.app_secret)
    for number in (NUMBER, OTHER_NUMBER):
        await webhook.post(make_forgery(number), secret=NUMBER.app_secret)
    await eventually(has_two_messages)

    messages = await Message.find().to_list()
    assert {(one.account_id, one.workspace_id) for one in messages} == {
        (account.id, DEFAULT_WORKSPACE_ID),
        (shared.id, tenant.id),
    }


async def test_parked_items_stay_when_number_changes_workspace(
    webhook: WebhookClient,
    tenant: Workspace,
    keyring: KeyRing,
    settle: Settle,
    ingest: Ingest,
) -> None:
    """A provider's app signs for both workspaces, so the signature tells them not apart."""
    old = await connect(keyring, Workspace(name="Old", name_key="old"), app_secret="shared")
    await set_account_enabled(old, enabled=False)

    async def is_taken() -> bool:
        """A secret is known to the route after a moment."""
        posted = await webhook.post(make_forgery(OTHER_NUMBER), secret="shared")
        return posted.status_code == 200

    await eventually(is_taken)
    await settle()
    expected = (ParkedReason.ACCOUNT_DISABLED, old.id, old.workspace_id)
    assert await describe_parked() == [expected]
    await update_account(keyring, old, changes={"phone_number_id": "404"})

    new = await connect(keyring, tenant, app_secret="shared")
    await eventually(lambda: has_no_replay(new))
    assert await describe_parked() == [expected]
    [item] = await replay_items(ingest, await list_parked())
    assert (item.reason, item.workspace_id) == (ParkedReason.UNKNOWN_ACCOUNT, old.workspace_id)
    await eventually(lambda: has_no_replay(new))
    assert await Message.count() == 0

    await webhook.post(make_forgery(OTHER_NUMBER), secret="shared")
    await eventually(Message.count)
    assert {message.account_id for message in await Message.find().to_list()} == {new.id}
