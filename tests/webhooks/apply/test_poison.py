"""An event that always fails ends parked, soon, and takes no other with it."""

import json
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect

from models import (
    Account,
    Contact,
    EventState,
    Identity,
    IdentityKind,
    Message,
    ParkedItem,
    ParkedReason,
    ParkedState,
    WebhookEvent,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson
from tests.fixtures.timeouts import make_timeouts, with_timeouts
from tests.fixtures.webhooks import CUSTOMER, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import replay_items
from tests.webhooks.store.test_takeover import run_until_settled
from webhooks.ingest import MAX_ATTEMPTS, Ingest
from webhooks.store.events import insert_events, make_event
from whatsapp.common.crypto import KeyRing, digest_secret
from whatsapp.conversations.conversations import update_summaries
from whatsapp.settings import Settings

SIGNER = digest_secret(NUMBER.app_secret)


def make_text_body(sender: str) -> bytes:
    change = make_change(NUMBER, messages=[make_message(sender=sender)])
    return json.dumps(make_body(NUMBER, change)).encode()


async def test_unreadable_sender_affects_no_other_event(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    """As after a downgrade, when a document has a shape that this version does not know."""
    # On a slow machine they wait for longer than a short lease.
    ingest = Ingest(
        settings=settings,
        keyring=keyring,
        timeouts=make_timeouts(webhook_lease_seconds=600.0),
    )
    identity = Identity(kind=IdentityKind.WA_ID, value=CUSTOMER)
    contact = Contact(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=connected.id, identities=[identity]
    )
    await collection(Contact).insert_one(to_bson(contact) | {"tags": "of another shape"})
    for number in range(100):
        sender = CUSTOMER if number == 7 else f"1650555{number:04}"
        await ingest.accept(make_text_body(sender), secret_digest=SIGNER)

    await run_until_settled(ingest)

    assert await Message.count() == 99
    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason, parked.account_id) == (ParkedReason.INTERNAL_ERROR, connected.id)
    events = await WebhookEvent.find().to_list()
    assert {(event.state, event.attempts) for event in events} == {(EventState.PROCESSED, 0)}

    await collection(Contact).update_one({"_id": contact.id}, {"$set": {"tags": []}})
    [replayed] = await replay_items(ingest, [parked])
    assert (replayed.state, await Message.count()) == (ParkedState.APPLIED, 100)


async def test_unreadable_account_affects_no_other_account(
    connected: Account, keyring: KeyRing, ingest: Ingest
) -> None:
    change = make_change(NUMBER, messages=[make_message()])
    other = make_change(NUMBER, messages=[make_message(sender="16505550001")])
    other["value"]["metadata"]["phone_number_id"] = "999"
    broken = to_bson(connected) | {"_id": new_id(), "phone_number_id": "999", "health": "fine"}
    await collection(Account).insert_one(broken)

    body = json.dumps(make_body(NUMBER, other, change)).encode()
    await ingest.accept(body, secret_digest=SIGNER)
    await run_until_settled(ingest)

    assert await Message.count() == 1
    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason, parked.phone_number_id) == (ParkedReason.INTERNAL_ERROR, "999")


async def test_crashing_event_is_parked_and_replayable(connected: Account, ingest: Ingest) -> None:
    """Kills every process that tries it: only the number of attempts shows it."""
    body = make_body(
        NUMBER, make_change(NUMBER, messages=[make_message(), make_message() | {"timestamp": None}])
    )
    event = make_event(json.dumps(body).encode(), secret_digest=SIGNER)
    await insert_events([event], lease=timedelta(0))
    await WebhookEvent.find_all().update({"$set": {"attempts": MAX_ATTEMPTS}})

    await run_until_settled(ingest)

    assert await Message.count() == 0
    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason, parked.pointer) == (ParkedReason.INTERNAL_ERROR, "")

    [replayed] = await replay_items(ingest, [parked])

    assert (replayed.state, await Message.count()) == (ParkedState.APPLIED, 1)
    [broken] = await ParkedItem.find({"state": ParkedState.PARKED}).to_list()
    assert (broken.reason, broken.pointer) == (
        ParkedReason.INVALID_ITEM,
        "/entry/0/changes/0/value/messages/1",
    )


@with_timeouts(takeover_lease_seconds=0.1)
async def test_event_is_applied_after_long_outage(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be taken over again and again, but not be processed."""
    failures = iter([AutoReconnect("away")] * 10)

    async def note_or_fail(stored: list[Message]) -> None:
        for failure in failures:
            raise failure
        await update_summaries(stored)

    monkeypatch.setattr("whatsapp.messages.early_updates.update_summaries", note_or_fail)
    event = make_event(make_text_body(CUSTOMER), secret_digest=SIGNER)
    await insert_events([event], lease=timedelta(0))
    await WebhookEvent.find_all().update({"$set": {"attempts": MAX_ATTEMPTS - 3}})

    await run_until_settled(ingest)

    assert (await Message.count(), await ParkedItem.count()) == (1, 0)
    [stored] = await WebhookEvent.find().to_list()
    assert stored.attempts < MAX_ATTEMPTS


async def test_replay_of_invalid_json_leaves_it_parked(connected: Account, ingest: Ingest) -> None:
    await ingest.accept(b"no JSON", secret_digest=SIGNER)
    await run_until_settled(ingest)

    [replayed] = await replay_items(ingest, await ParkedItem.find().to_list())

    assert (replayed.state, replayed.reason) == (ParkedState.PARKED, ParkedReason.INVALID_BODY)
