"""Parked items are replayed once after their account was connected or changed."""

import asyncio
import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Message, ParkedItem, ParkedReason, ParkedState
from models.database.base import DEFAULT_WORKSPACE_ID, collection, to_bson, utc_now
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.webhooks.conftest import Settle, replay_items
from webhooks.apply.dead_letters import park_items, resolve
from webhooks.apply.replays import (
    REPLAYED_AT_ONCE,
    _list_queries,
    claim_replay,
    run_replay,
)
from webhooks.ingest import Ingest
from webhooks.payload.items import list_items
from whatsapp.accounts.accounts import set_account_enabled, update_account
from whatsapp.common.crypto import KeyRing, digest_secret

SIGNER = digest_secret(NUMBER.app_secret)


async def park(count: int, *, reason: ParkedReason, **fields: Any) -> None:
    """Parks items of the number with an earlier time."""
    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    [item] = list_items(body)
    entry = json.loads(item.to_entry() or "")
    documents = []
    for number in range(count):
        message = make_message(sender=f"1650{number % 100:07}", wamid=f"wamid.PARKED{number}")
        entry["changes"][0]["value"]["messages"] = [message]
        values: dict[str, Any] = {
            "phone_number_id": NUMBER.phone_number_id,
            "business_account_id": NUMBER.business_account_id,
            "secret_digest": SIGNER,
        }
        parked = ParkedItem(
            workspace_id=DEFAULT_WORKSPACE_ID,
            id=f"parked {number}",
            event_id="event",
            field="messages",
            pointer="/entry/0/changes/0/value/messages/0",
            item=json.dumps(message),
            entry=json.dumps(entry),
            reason=reason,
            **values | fields,
        )
        documents.append(to_bson(parked))
    await collection(ParkedItem).insert_many(documents)


async def count_parked(state: ParkedState) -> int:
    return await ParkedItem.find({"state": state.value}).count()


async def wait_until_applied(count: int) -> None:
    async def is_applied() -> bool:
        return await count_parked(ParkedState.APPLIED) == count

    await eventually(is_applied)


async def test_replay_of_many_items_is_done_in_pages(
    app: Any, keyring: KeyRing, settle: Settle
) -> None:
    count = 4 * REPLAYED_AT_ONCE + 1
    await park(count, reason=ParkedReason.UNKNOWN_ACCOUNT)

    account = await connect_number(keyring, NUMBER)
    await wait_until_applied(count)

    assert (await Message.count(), await Contact.count()) == (count, 100)
    found = await eventually(lambda: Account.find_one({"replay_due_at": None}))
    assert found is not None
    assert found.id == account.id


async def test_replay_is_claimed_by_single_process(connected: Account) -> None:
    claims = await asyncio.gather(*(claim_replay() for _ in range(8)))

    [claimed] = [account for account in claims if account is not None]
    assert claimed.id == connected.id
    assert await claim_replay() is None


async def test_lease_of_killed_process_is_taken_over(connected: Account) -> None:
    first = await claim_replay()
    assert first is not None
    await collection(Account).update_one(
        {"_id": connected.id}, {"$set": {"replay_due_at": utc_now() - timedelta(seconds=1)}}
    )

    second = await claim_replay()
    assert second is not None
    await park(REPLAYED_AT_ONCE + 1, reason=ParkedReason.UNKNOWN_ACCOUNT)
    pages = []

    async def replay(items: Any) -> None:
        pages.append(items)

    await run_replay(first, replay, default_digest=None)

    assert len(pages) == 1
    found = await Account.get(connected.id)
    assert found is not None
    assert found.replay_due_at == second.replay_due_at


async def test_request_during_replay_is_not_lost(connected: Account, ingest: Ingest) -> None:
    claimed = await claim_replay()
    assert claimed is not None
    await set_account_enabled(connected, enabled=False)
    await set_account_enabled(connected, enabled=True)
    await run_replay(claimed, ingest.replay, default_digest=None)

    assert await claim_replay() is not None


async def test_item_that_stays_parked_is_tried_once(connected: Account, ingest: Ingest) -> None:
    await park(3, reason=ParkedReason.UNKNOWN_ACCOUNT)
    tried: list[int] = []

    async def replay(items: Any) -> None:
        tried.append(len(items))

    account = await claim_replay()
    assert account is not None
    await run_replay(account, replay, default_digest=None)

    assert tried == [3]
    assert await claim_replay() is None


async def test_pages_of_large_items_are_short(connected: Account, ingest: Ingest) -> None:
    await park(5, reason=ParkedReason.UNKNOWN_ACCOUNT)
    [parked, *_] = await ParkedItem.find().to_list()
    two = 2 * (len(parked.item) + len(parked.entry or ""))
    pages: list[int] = []

    async def replay(items: Any) -> None:
        pages.append(len(items))
        await replay_items(ingest, items)

    account = await claim_replay()
    assert account is not None
    await run_replay(account, replay, default_digest=None, page_characters=two - 10)

    assert pages == [2, 2, 1]
    assert await count_parked(ParkedState.APPLIED) == 5


async def test_items_parked_while_account_was_connected_are_replayed(
    webhook: WebhookClient,
    account: Account,
    keyring: KeyRing,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The account is connected between the look-up of its number and the parking of the item."""
    connected = asyncio.Event()
    same_app = dataclasses.replace(OTHER_NUMBER, app_secret=NUMBER.app_secret)

    async def connect_and_park(tasks: Any) -> None:
        if tasks and not connected.is_set():
            connected.set()
            other = await connect_number(keyring, same_app)
            # Its own replay has ended before anything was parked.
            await collection(Account).update_one(
                {"_id": other.id}, {"$set": {"replay_due_at": None}}
            )
        await park_items(tasks)

    monkeypatch.setattr("webhooks.apply.processing.park_items", connect_and_park)
    change = make_change(OTHER_NUMBER, messages=[make_message()])
    await webhook.post(make_body(OTHER_NUMBER, change))

    await wait_until_applied(1)
    assert await Message.count() == 1


@pytest.mark.parametrize("enabled", [True, False])
async def test_claims_and_pages_use_their_indexes(
    connected: Account, enabled: bool, subtests: pytest.Subtests
) -> None:
    await park(50, reason=ParkedReason.UNKNOWN_ACCOUNT, phone_number_id="999")
    account = connected.model_copy(update={"enabled": enabled})
    for query, order in await _list_queries(account, None):
        with subtests.test(query=query):
            found = collection(ParkedItem).find(query).sort([(name, 1) for name in order])
            plan = (await found.explain())["executionStats"]
            assert plan["totalDocsExamined"] == 0
            assert '"SORT"' not in json.dumps(plan, default=str)
    due = {"replay_due_at": {"$lte": utc_now() - timedelta(days=1)}, "deleted_at": None}
    plan = await collection(Account).find(due).sort("replay_due_at", 1).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 0


class TestRotatedSecret:
    """Items from before a change of the app secret are applied after it."""

    async def test_parked_items_are_applied_after_rotation(
        self, webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
    ) -> None:
        await set_account_enabled(account, enabled=False)
        await webhook.post_messages(make_message(), make_message())
        await settle()
        await update_account(keyring, account, changes={"app_secret": "rotated-once"})
        await update_account(keyring, account, changes={"app_secret": "rotated-twice"})

        await set_account_enabled(account, enabled=True)
        await wait_until_applied(2)

        assert await Message.count() == 2

    async def test_received_body_is_applied_after_rotation(
        self, connected: Account, keyring: KeyRing, ingest: Ingest
    ) -> None:
        body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
        await ingest.accept(json.dumps(body).encode(), secret_digest=SIGNER)
        await update_account(keyring, connected, changes={"app_secret": "rotated"})

        running = asyncio.create_task(ingest.run())
        await eventually(Message.count)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert await ParkedItem.count() == 0

    async def test_former_secret_speaks_for_nothing_that_came_later(
        self, webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
    ) -> None:
        """Another account still has it."""
        await connect_number(
            keyring, dataclasses.replace(OTHER_NUMBER, app_secret=NUMBER.app_secret)
        )
        await update_account(keyring, account, changes={"app_secret": "rotated"})
        await collection(Account).update_one(
            {"_id": account.id},
            {"$set": {"former_app_secrets.0.replaced_at": utc_now() - timedelta(minutes=1)}},
        )

        await webhook.post_messages(make_message())
        await settle()

        [parked] = await ParkedItem.find().to_list()
        assert parked.reason is ParkedReason.WRONG_SECRET
        assert await Message.count() == 0

    async def test_items_signed_with_next_secret_wait_for_it(
        self, webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
    ) -> None:
        """Two numbers of an app get the new secret in turn."""
        await connect_number(keyring, dataclasses.replace(OTHER_NUMBER, app_secret="next-secret"))
        body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
        await webhook.post(body, secret="next-secret")
        await settle()
        assert (await ParkedItem.find_one({"reason": "WRONG_SECRET"})) is not None

        await update_account(keyring, account, changes={"app_secret": "next-secret"})
        await wait_until_applied(1)

        assert await Message.count() == 1

    async def test_items_of_former_default_secret_are_applied(
        self, connected: Account, keyring: KeyRing, ingest: Ingest
    ) -> None:
        """META_APP_SECRET was replaced, and the server started again."""
        await update_account(keyring, connected, changes={"app_secret": None})
        await collection(Account).update_one(
            {"_id": connected.id}, {"$set": {"former_app_secrets": []}}
        )
        former = digest_secret("former-default")
        await park(
            1, reason=ParkedReason.ACCOUNT_DISABLED, secret_digest=former, by_default_secret=True
        )
        await park_forged(former)

        await replay_items(ingest, await ParkedItem.find().sort("_id").to_list())

        states = [(one.id, one.state) for one in await ParkedItem.find().sort("_id").to_list()]
        assert states == [("forged", ParkedState.PARKED), ("parked 0", ParkedState.APPLIED)]


async def park_forged(digest: str) -> None:
    """An item that another account's secret signed."""
    [parked] = await ParkedItem.find().to_list()
    forged = to_bson(parked) | {"_id": "forged", "by_default_secret": False}
    assert forged["secret_digest"] == digest
    await collection(ParkedItem).insert_one(forged)


async def test_item_enabled_during_replay_is_applied(
    app: Any, keyring: KeyRing, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await connect_number(keyring, NUMBER)
    await set_account_enabled(account, enabled=False)
    await park(1, reason=ParkedReason.UNKNOWN_ACCOUNT)

    async def enable_first(outcomes: Any) -> None:
        # The account's replay has ended before the item was marked as waiting.
        now_enabled = {"$set": {"enabled": True, "replay_due_at": None}}
        await collection(Account).update_one({"_id": account.id}, now_enabled)
        await resolve(outcomes)

    monkeypatch.setattr("webhooks.apply.processing.resolve", enable_first)
    await replay_items(ingest, await ParkedItem.find().to_list())
    monkeypatch.undo()

    await wait_until_applied(1)
