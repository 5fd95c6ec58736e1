"""Large bodies are processed in slices; a body beyond the limits is a dead letter."""

import dataclasses
import json
from typing import Any

import pytest

from models import Account, Contact, Message, ParkedItem, ParkedReason
from tests.fixtures.loop_steps import measuring_steps
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.webhooks.conftest import Settle
from webhooks.payload.items import MAX_ITEMS
from webhooks.payload.parsing import MAX_VALUES, InvalidBody, parse_json
from whatsapp.accounts.accounts import set_account_enabled
from whatsapp.common.crypto import KeyRing
from whatsapp.common.values import MAX_LIST_ITEMS

# A step of the loop is to take 100 ms of CPU at most: three times that is a fault.
STEP_SECONDS = 0.3
ONES = b"[" + b"1," * 1_000_000 + b"1]"


def encode(*changes: dict[str, Any]) -> bytes:
    return json.dumps(make_body(NUMBER, *changes)).encode()


def put(filler: bytes, **parts: Any) -> bytes:
    """A body with `filler` where `parts` have FILLER."""
    change = make_change(NUMBER, messages=[make_message() | parts])
    return encode(change).replace(b'"FILLER"', filler)


def make_bodies(share: float) -> dict[str, bytes]:
    """Returns bodies by kind; `share` is their part of the largest size."""

    def repeat(part: bytes, count: int) -> bytes:
        return b"[" + b",".join([part] * int(count * share)) + b"]"

    senders = [f"1650{number % 50:07}" for number in range(int(1000 * share))]
    messages = [make_message(sender=sender) for sender in senders]
    parts = [{"a": 1}] * int(50_000 * share)
    order = put(repeat(b"{}", 100_000), type="order", order={"product_items": "FILLER"})
    return {
        "a thousand messages": encode(make_change(NUMBER, messages=messages)),
        "items without anything": encode(
            make_change(NUMBER, messages=[{}] * int(MAX_ITEMS * share))
        ),
        "a long text": put(b'"' + b"x" * int(3_900_000 * share) + b'"', text={"body": "FILLER"}),
        "many values in an order": order,
        "many values in an unknown key": put(repeat(b"1", 200_000), unknown="FILLER"),
        "many parts of an unknown field": encode({"field": "news", "value": {"list": parts}}),
    }


LARGE = make_bodies(1)
# Posted first: code that runs for the first time is slow under coverage.
SMALL = make_bodies(0.01)


@pytest.mark.parametrize("name", LARGE)
async def test_large_body_is_worked_on_in_slices(
    webhook: WebhookClient, account: Account, settle: Settle, name: str
) -> None:
    for body in (SMALL[name], LARGE[name]):
        with measuring_steps() as steps:
            assert (await webhook.post(body)).status_code == 200
            await settle()

    assert steps.longest < STEP_SECONDS, (steps.longest, steps.what)
    assert not await ParkedItem.find({"reason": ParkedReason.INTERNAL_ERROR.value}).count()


@pytest.mark.parametrize("name", LARGE)
async def test_large_items_are_replayed_in_slices(
    webhook: WebhookClient, account: Account, settle: Settle, name: str
) -> None:
    disabled = {"reason": ParkedReason.ACCOUNT_DISABLED.value, "state": "PARKED"}

    async def are_replayed() -> bool:
        return not await ParkedItem.find(disabled).count()

    for body in (SMALL[name], LARGE[name]):
        await set_account_enabled(account, enabled=False)
        assert (await webhook.post(body)).status_code == 200
        await settle()
        assert not await are_replayed() or name == "many parts of an unknown field"
        with measuring_steps() as steps:
            await set_account_enabled(account, enabled=True)
            await eventually(are_replayed)

    assert steps.longest < STEP_SECONDS, (steps.longest, steps.what)


BEYOND = {
    "values": (put(ONES, unknown="FILLER"), f"more than {MAX_VALUES} values"),
    "empty values": (put(b"[" + b"{}," * 1_300_000 + b"{}]", x="FILLER"), "values"),
    "items": (
        encode(make_change(NUMBER, messages=[{}] * (MAX_ITEMS + 1))),
        f"more than {MAX_ITEMS} items",
    ),
    "entries": (json.dumps({"entry": [1] * (MAX_ITEMS + 1)}).encode(), "items"),
}


@pytest.mark.parametrize("name", BEYOND)
async def test_body_beyond_limits_is_one_dead_letter(
    webhook: WebhookClient, account: Account, settle: Settle, name: str
) -> None:
    body, details = BEYOND[name]
    with measuring_steps() as steps:
        assert (await webhook.post(body)).status_code == 200
        await settle()

    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason, parked.pointer) == (ParkedReason.INVALID_BODY, "")
    assert details in (parked.details or "")
    assert parked.item.encode() == body
    assert await Message.count() == 0
    assert steps.longest < STEP_SECONDS, steps.what


async def test_parked_items_copy_little_shared_data(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle
) -> None:
    message = make_message()
    change = make_change(
        OTHER_NUMBER, messages=[message | {"id": f"wamid.{one}"} for one in range(100)]
    )
    del change["value"]["messages"][0]["text"]
    change["value"]["contacts"][0] |= {"unknown": "x" * 1_000_000, "parent_user_id": "US.ENT.1"}
    change["value"]["errors"] = [{"code": 131051, "unknown": "x" * 1_000_000}]
    await webhook.post(make_body(OTHER_NUMBER, change), secret=NUMBER.app_secret)
    await settle()
    stored = await ParkedItem.find({"pointer": {"$ne": "/entry/0/changes/0/value"}}).to_list()
    assert len(stored) == 100
    assert sum(len(one.entry or "") for one in stored) < 200_000

    number = dataclasses.replace(OTHER_NUMBER, app_secret=NUMBER.app_secret)
    await connect_number(keyring, number)
    await eventually(lambda: _count_messages(100))

    [contact] = await Contact.find().to_list()
    assert contact.profile_name == change["value"]["contacts"][0]["profile"]["name"]
    assert "US.ENT.1" in [one.value for one in contact.identities]
    faulty = await Message.find_one({"wamid": "wamid.0"})
    assert faulty is not None
    assert [error.code for error in faulty.errors] == [131051]


async def _count_messages(count: int) -> bool:
    return await Message.count() == count


def test_as_many_values_as_meta_sends_are_taken() -> None:
    message = json.dumps(make_message())
    body = ("[" + ",".join([message] * (4 * 1024 * 1024 // len(message) - 100)) + "]").encode()

    assert len(parse_json(body)) > 20_000
    with pytest.raises(InvalidBody):
        parse_json(ONES)


async def test_long_list_is_whole_in_raw_only(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    items = [{"product_retailer_id": str(number)} for number in range(MAX_LIST_ITEMS + 1)]
    order = make_message() | {"type": "order", "order": {"product_items": items}}
    assert (await webhook.post(encode(make_change(NUMBER, messages=[order])))).status_code == 200
    await settle()

    [message] = await Message.find().to_list()
    assert message.content == {"product_items": items[:MAX_LIST_ITEMS]}
    assert message.raw is not None
    assert json.loads(message.raw)["order"]["product_items"] == items
