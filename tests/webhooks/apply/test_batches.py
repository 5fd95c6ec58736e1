"""A POST with many entries, changes, messages and statuses: none is lost."""

import json
from typing import Any

import pytest

from models import Account, Contact, Message, ParkedItem, ParkedReason, PendingUpdate
from sandbox.world.numbers import FakeNumber
from tests.fixtures.webhooks import WebhookClient, make_change, make_message, make_status
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle

OBJECT = "whatsapp_business_account"


def make_batch(number: FakeNumber, broken: Any) -> dict[str, Any]:
    """3 entries of 2 changes of 5 messages with a broken message; 4 statuses in the last change."""
    changes = [
        make_change(
            number, messages=[make_message(sender=f"1650555{row}{one}00") for one in range(5)]
        )
        for row in range(6)
    ]
    changes[3]["value"]["messages"][2] = broken
    changes[5]["value"]["statuses"] = [
        make_status("sent", at=1_750_000_000, id=f"wamid.ELSEWHERE{one}") for one in range(4)
    ]
    pairs = [changes[0:2], changes[2:4], changes[4:6]]
    return {"object": OBJECT, "entry": [{"id": "419561257915477", "changes": two} for two in pairs]}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        17,
        [],
        {},
        make_message(at=0) | {"timestamp": "99999999999999"},
        make_message() | {"timestamp": ""},
        make_message() | {"timestamp": "١٧٥٠٠٠٠٠٠٠"},
        make_message() | {"id": None},
        make_message() | {"from": {}},
    ],
)
async def test_broken_item_does_not_affect_others(
    webhook: WebhookClient, account: Account, settle: Settle, broken: Any
) -> None:
    assert (await webhook.post(make_batch(NUMBER, broken))).status_code == 200
    await settle()

    assert (await Message.count(), await Contact.count()) == (29, 29)
    assert await PendingUpdate.count() == 4
    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.INVALID_ITEM
    assert parked.pointer == "/entry/1/changes/1/value/messages/2"
    assert json.loads(parked.item) == broken
    assert parked.account_id == account.id


REPORT = make_status("sent", at=1_750_000_000, id="wamid.ELSEWHERE")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [REPORT],
        "sent",
        {},
        REPORT | {"id": None},
        REPORT | {"status": None},
        REPORT | {"timestamp": ""},
        REPORT | {"timestamp": 10**40},
    ],
)
async def test_broken_status_costs_no_other(
    webhook: WebhookClient, account: Account, settle: Settle, broken: Any
) -> None:
    body = make_batch(NUMBER, make_message())
    body["entry"][2]["changes"][1]["value"]["statuses"][1] = broken

    assert (await webhook.post(body)).status_code == 200
    await settle()

    assert (await Message.count(), await PendingUpdate.count()) == (30, 3)
    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.INVALID_ITEM
    assert parked.pointer == "/entry/2/changes/1/value/statuses/1"


async def test_each_sender_gets_profile_of_its_own(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    senders = [f"1650555010{number}" for number in range(5)]
    contacts = [{"profile": {"name": f"Name {one}"}, "wa_id": one} for one in reversed(senders)]
    change = make_change(
        NUMBER, messages=[make_message(sender=one) for one in senders], contacts=contacts
    )
    await webhook.post({"object": OBJECT, "entry": [{"id": "1", "changes": [change]}]})
    await settle()

    names = {contact.wa_id: contact.profile_name async for contact in Contact.find()}
    assert names == {one: f"Name {one}" for one in senders}


async def test_broken_profile_does_not_cost_message(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    shapes: tuple[Any, ...] = (None, [], [None], [{"profile": "x"}], {"a": 1}, [{"wa_id": {}}])
    for contacts in shapes:
        change = make_change(NUMBER, messages=[make_message()], contacts=[])
        change["value"]["contacts"] = contacts
        await webhook.post({"object": OBJECT, "entry": [{"id": "1", "changes": [change]}]})
    await settle()

    assert (await Message.count(), await ParkedItem.count()) == (6, 0)


async def test_poison_message_does_not_block_thousand_others(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    messages = [make_message(sender=f"165055{number % 20:05}") for number in range(1000)]
    messages[500]["timestamp"] = None

    assert (await webhook.post_messages(*messages)).status_code == 200
    await settle()

    assert (await Message.count(), await ParkedItem.count()) == (999, 1)
    assert await Contact.count() == 20
