"""A customer with a changed number or user id stays the same customer."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Conversation, Message, ParkedItem, User
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.store.test_takeover import run_until_settled
from webhooks.ingest import Ingest
from webhooks.store.events import insert_events, make_event
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing, digest_secret
from whatsapp.settings import Settings

NOW = int(time.time())
SIGNER = digest_secret(NUMBER.app_secret)
CUSTOMERS = 12


def say(at: int, user_id: str) -> dict[str, Any]:
    message = make_message(at=NOW + at, from_user_id=user_id)
    del message["from"]
    contact = {"profile": {"name": "Sheena"}, "user_id": user_id}
    return make_change(NUMBER, messages=[message], contacts=[contact])


def move(at: int, old: str, new: str) -> dict[str, Any]:
    metadata = make_change(NUMBER)["value"]["metadata"]
    told = {"user_id": {"previous": old, "current": new}, "timestamp": str(NOW + at)}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "user_id_update": [told]}
    return {"field": "user_id_update", "value": value}


def note(at: int, *, sender: str | None = None, **system: str) -> dict[str, Any]:
    message = make_message("system", {"body": "changed", **system}, at=NOW + at)
    message |= {"from": sender}
    return make_change(NUMBER, messages=[message], contacts=[])


def encode(*changes: dict[str, Any]) -> bytes:
    return json.dumps(make_body(NUMBER, *changes)).encode()


async def list_names() -> list[set[str]]:
    return [{one.value for one in contact.identities} async for contact in Contact.find()]


@pytest.mark.parametrize("is_known", [True, False])
async def test_user_id_change_and_message_in_one_body(
    door: WebhookClient, settle: Settle, is_known: bool
) -> None:
    if is_known:
        await door.post(encode(say(-9, "US.old")))
        await settle()

    await door.post(encode(move(-5, "US.old", "US.new"), say(0, "US.new")))
    await settle()

    assert await list_names() == [{"US.old", "US.new"}]
    assert await Conversation.count() == 1


async def test_successive_user_ids_in_one_body(door: WebhookClient, settle: Settle) -> None:
    await door.post(encode(say(-9, "US.a")))
    await settle()

    moves = [move(-5, "US.a", "US.b"), move(-4, "US.b", "US.c"), move(-3, "US.c", "US.d")]
    await door.post(encode(*moves, say(0, "US.d")))
    await settle()

    assert await list_names() == [{"US.a", "US.b", "US.c", "US.d"}]


async def test_messages_do_not_overtake_user_id_change(door: WebhookClient, settle: Settle) -> None:
    await door.post(encode(*(say(-9, f"US.{one}.old") for one in range(CUSTOMERS))))
    await settle()

    for one in range(CUSTOMERS):
        await door.post(encode(move(-5, f"US.{one}.old", f"US.{one}.new")))
        await door.post(encode(say(-4, f"US.{one}.new")))
        await door.post(encode(move(-3, f"US.{one}.new", f"US.{one}.newest")))
        await door.post(encode(say(0, f"US.{one}.newest")))
    await settle()

    assert (await Contact.count(), await Conversation.count()) == (CUSTOMERS, CUSTOMERS)
    assert await Message.count() == 3 * CUSTOMERS


async def test_messages_do_not_overtake_number_change(door: WebhookClient, settle: Settle) -> None:
    old, new = ([f"1650555{start}{one:02}" for one in range(CUSTOMERS)] for start in (10, 20))
    await door.post_messages(*(make_message(sender=one, at=NOW - 9) for one in old))
    await settle()

    for before, after in zip(old, new, strict=True):
        change = note(-5, sender=before, type="user_changed_number", wa_id=after)
        await door.post(encode(change))
        await door.post_messages(make_message(sender=after, at=NOW))
    await settle()

    assert (await Contact.count(), await Conversation.count()) == (CUSTOMERS, CUSTOMERS)
    assert await ParkedItem.count() == 0


async def test_messages_do_not_overtake_senderless_change(
    door: WebhookClient, settle: Settle
) -> None:
    await door.post(encode(*(say(-9, f"US.{one}.old") for one in range(CUSTOMERS))))
    await settle()

    for one in range(CUSTOMERS):
        ids = {"previous_user_id": f"US.{one}.old", "user_id": f"US.{one}.new"}
        await door.post(encode(note(-5, type="user_changed_user_id", **ids)))
        await door.post(encode(say(0, f"US.{one}.new")))
    await settle()

    assert (await Contact.count(), await Conversation.count()) == (CUSTOMERS, CUSTOMERS)


async def test_change_and_message_that_are_applied_together(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    ingest = Ingest(
        settings=settings,
        keyring=keyring,
        timeouts=make_timeouts(),
        capacity=Capacity(webhook_workers=1),
    )
    changes = [say(-9, "US.old"), move(-5, "US.old", "US.new"), say(0, "US.new")]
    for change in changes:
        await ingest.accept(encode(change), secret_digest=SIGNER)

    await run_until_settled(ingest)

    assert await list_names() == [{"US.old", "US.new"}]


async def test_left_events_are_taken_over_in_order(connected: Account, ingest: Ingest) -> None:
    await ingest.accept(encode(say(-9, "US.old")), secret_digest=SIGNER)
    await run_until_settled(ingest)
    # Without a sort order the message comes first.
    for change, age in ((say(0, "US.new"), 1), (move(-5, "US.old", "US.new"), 2)):
        event = make_event(encode(change), secret_digest=SIGNER)
        await insert_events([event], lease=timedelta(seconds=-age))

    await run_until_settled(ingest)

    assert await list_names() == [{"US.old", "US.new"}]


@pytest.mark.parametrize("is_old_known", [True, False])
async def test_change_after_message_from_new_user_id(
    door: WebhookClient, settle: Settle, is_old_known: bool
) -> None:
    """Contacts known under both ids stay two: none is merged."""
    told = [say(-9, "US.old")] if is_old_known else []
    for change in (*told, say(0, "US.new"), move(-5, "US.old", "US.new"), say(-7, "US.old")):
        await door.post(encode(change))
        await settle()

    names = await list_names()
    assert names == ([{"US.old"}, {"US.new"}] if is_old_known else [{"US.new", "US.old"}])
    assert await User.count() == len(names)
