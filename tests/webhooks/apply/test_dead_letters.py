"""Items that can't be applied are parked with a reason and replayed later."""

import dataclasses
import json
from typing import Any

import pytest

from models import (
    Account,
    AccountEvent,
    Contact,
    Conversation,
    Message,
    ParkedItem,
    ParkedReason,
    ParkedState,
    PendingUpdate,
)
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import (
    WebhookClient,
    make_body,
    make_change,
    make_message,
    make_status,
)
from tests.fixtures.workspaces import create_workspace
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.webhooks.conftest import Settle, replay_items
from webhooks.ingest import Ingest
from whatsapp.accounts.accounts import set_account_enabled, update_account
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings
from whatsapp.workspaces.workspaces import update_workspace

OTHER_SECRET = OTHER_NUMBER.app_secret


async def list_parked() -> list[ParkedItem]:
    return await ParkedItem.find().sort("pointer").to_list()


async def wait_until_applied(count: int) -> list[ParkedItem]:
    async def look() -> list[ParkedItem]:
        found = await ParkedItem.find({"state": ParkedState.APPLIED.value}).to_list()
        return found if len(found) == count else []

    return await eventually(look)


async def test_connecting_account_replays_earlier_items(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
) -> None:
    change = make_change(
        OTHER_NUMBER,
        messages=[make_message(), make_message()],
        statuses=[make_status("sent", at=1_750_000_000, id="wamid.1")],
    )
    await webhook.post(make_body(OTHER_NUMBER, change))
    await settle()
    assert [one.reason for one in await list_parked()] == [ParkedReason.UNKNOWN_ACCOUNT] * 3
    assert await Message.count() == 0

    # Both numbers belong to the same app, so they share a secret.
    same_app = dataclasses.replace(OTHER_NUMBER, app_secret=NUMBER.app_secret)
    other = await connect_number(keyring, same_app)
    await wait_until_applied(3)

    contact = await Contact.find_one()
    assert contact is not None
    assert (contact.account_id, contact.profile_name) == (other.id, "Sheena Nelson")
    assert (await Message.count(), await PendingUpdate.count()) == (2, 1)


async def test_enabling_account_replays_parked_items(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await set_account_enabled(account, enabled=False)
    messages = [make_message() for _ in range(3)]
    await webhook.post_messages(*messages)
    await settle()
    parked = await list_parked()
    assert [one.reason for one in parked] == [ParkedReason.ACCOUNT_DISABLED] * 3
    assert [one.account_id for one in parked] == [account.id] * 3
    assert [json.loads(one.item) for one in parked] == messages

    await set_account_enabled(account, enabled=True)
    applied = await wait_until_applied(3)

    assert await Message.count() == 3
    assert all(one.resolved_at for one in applied)


async def test_deleted_account_takes_nothing(
    webhook: WebhookClient, account: Account, other_account: Account, settle: Settle
) -> None:
    await account.set({"deleted_at": account.created_at})
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    await webhook.post(body, secret=OTHER_SECRET)
    await settle()

    [parked] = await list_parked()
    assert (parked.reason, parked.account_id) == (ParkedReason.UNKNOWN_ACCOUNT, None)
    assert await Message.count() == 0


async def test_nobody_forges_another_accounts_messages(
    webhook: WebhookClient,
    account: Account,
    other_account: Account,
    settle: Settle,
    ingest: Ingest,
) -> None:
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))

    assert (await webhook.post(body, secret=OTHER_SECRET)).status_code == 200
    await settle()

    [forged] = await list_parked()
    assert forged.reason is ParkedReason.WRONG_SECRET
    [replayed] = await replay_items(ingest, [forged])
    assert (replayed.state, replayed.reason) == (ParkedState.PARKED, ParkedReason.WRONG_SECRET)
    assert (await Message.count(), await Contact.count()) == (0, 0)
    # The genuine body does not count as a repetition of the forged body.
    await webhook.post(body)
    await settle()
    assert await Message.count() == 1


@pytest.mark.parametrize("field", ["", None, 5, {"a": 1}, "x" * 129])
async def test_change_without_field_is_parked(
    webhook: WebhookClient, account: Account, settle: Settle, field: Any
) -> None:
    value = {"event": "APPROVED", "list": [1, 2]}
    entry = {"id": "1", "time": 1_750_000_000, "changes": [{"field": field, "value": value}] * 2}
    await webhook.post({"object": "whatsapp_business_account", "entry": [entry]})
    await settle()

    parked = await list_parked()
    assert [one.pointer for one in parked] == ["/entry/0/changes/0", "/entry/0/changes/1"]
    assert {one.reason for one in parked} == {ParkedReason.INVALID_ITEM}
    assert json.loads(parked[0].item) == value


async def test_field_beside_messages_becomes_event(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    change = make_change(NUMBER, messages=[make_message()])
    change["value"]["errors"] = [{"code": 130501, "title": "Message type unknown"}]
    change["value"]["news"] = {"a": 1}
    await webhook.post(make_body(NUMBER, change))
    await settle()

    [event] = await AccountEvent.find().to_list()
    assert json.loads(event.raw)["errors"] == change["value"]["errors"]
    assert json.loads(event.raw)["news"] == {"a": 1}
    assert (await Message.count(), await ParkedItem.count()) == (1, 0)


async def test_reprocessed_item_is_parked_once(
    webhook: WebhookClient, account: Account, settle: Settle, ingest: Ingest
) -> None:
    from models import WebhookEvent

    await webhook.post_messages({"type": "text"})
    await settle()
    await WebhookEvent.find_all().update(
        {"$set": {"state": "RECEIVED", "lease_until": account.created_at}}
    )
    await settle()

    assert len(await list_parked()) == 1


async def test_replay_of_broken_item_reports_it(
    webhook: WebhookClient, account: Account, settle: Settle, ingest: Ingest
) -> None:
    await webhook.post_messages(make_message() | {"timestamp": "soon"}, make_message())
    await webhook.post(b"{")
    await settle()
    parked = await list_parked()

    replayed = await replay_items(ingest, parked)

    assert [one.id for one in replayed] == [one.id for one in parked]
    assert {one.state for one in replayed} == {ParkedState.PARKED}
    assert [one.details for one in replayed] == [
        "not JSON at character 1",
        "item.timestamp: value_error",
    ]


class TestDefaultSecret:
    """An account without an app secret uses the default secret."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        changes: dict[str, Any] = {"meta_app_secret": "default-secret"}
        return Settings(_env_file=None, **settings.model_dump(exclude_unset=True) | changes)

    async def test_only_default_speaks_for_account_without_secret(
        self, webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
    ) -> None:
        await update_account(keyring, account, changes={"app_secret": None})
        await connect_number(keyring, OTHER_NUMBER)
        bodies = [
            make_body(NUMBER, make_change(NUMBER, messages=[make_message()])) for _ in range(2)
        ]

        await webhook.post(bodies[0], secret="default-secret")
        await webhook.post(bodies[1], secret=OTHER_SECRET)
        await settle()

        assert await Message.count() == 1
        assert [one.reason for one in await list_parked()] == [ParkedReason.WRONG_SECRET]

    async def test_default_speaks_for_other_workspace_once_bound(
        self, webhook: WebhookClient, keyring: KeyRing, settle: Settle
    ) -> None:
        workspace = await create_workspace("Acme")
        other = await connect_number(keyring, OTHER_NUMBER, workspace.id)
        await update_account(keyring, other, changes={"app_secret": None})
        change = make_change(OTHER_NUMBER, messages=[make_message()])
        await webhook.post(make_body(OTHER_NUMBER, change), secret="default-secret")
        await settle()

        [parked] = await list_parked()
        assert await Message.count() == 0
        expected = (ParkedReason.UNKNOWN_ACCOUNT, DEFAULT_WORKSPACE_ID)
        assert (parked.reason, parked.workspace_id) == expected
        await update_workspace(workspace, changes={"uses_default_app_secret": True})

        await wait_until_applied(1)
        [message] = await Message.find().to_list()
        assert message.workspace_id == workspace.id

    async def test_default_does_not_speak_for_account_with_secret(
        self, webhook: WebhookClient, keyring: KeyRing, settle: Settle
    ) -> None:
        await connect_number(keyring, NUMBER)
        body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))

        await webhook.post(body, secret="default-secret")
        await settle()

        assert await Message.count() == 0
        assert [one.reason for one in await list_parked()] == [ParkedReason.WRONG_SECRET]


async def test_moved_account_keeps_conversations(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
) -> None:
    await webhook.post_messages(make_message())
    await settle()

    moved = {"phone_number_id": OTHER_NUMBER.phone_number_id}
    await update_account(keyring, account, changes=moved)
    await webhook.post_messages(make_message())
    await webhook.post(
        make_body(OTHER_NUMBER, make_change(OTHER_NUMBER, messages=[make_message()]))
    )
    await settle()

    assert (await Message.count(), await Contact.count(), await Conversation.count()) == (2, 1, 1)
    [parked] = await list_parked()
    assert (parked.reason, parked.phone_number_id) == (
        ParkedReason.UNKNOWN_ACCOUNT,
        NUMBER.phone_number_id,
    )
