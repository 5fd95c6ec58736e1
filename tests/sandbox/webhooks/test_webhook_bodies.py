"""The bytes of a webhook: escaped, signed and arranged as Meta does it."""

import json

from sandbox.webhooks.webhook_bodies import Update, build_batch, build_body, encode_like_meta, sign
from tests.sandbox.meta_kit import BAKERY, SHOP


def make_updates(count: int) -> list[Update]:
    return [Update(SHOP, "messages", {"id": f"wamid.{index}"}) for index in range(count)]


def test_golden_vector_of_escapes_and_signature() -> None:
    body = encode_like_meta({"text": "né/😀", "link": "https://x.test/a"})

    assert body == rb'{"text":"n\u00e9\/\ud83d\ude00","link":"https:\/\/x.test\/a"}'
    # printf '%s' '<the bytes above>' | openssl dgst -sha256 -hmac shop-app-secret
    assert sign(body, app_secret="shop-app-secret") == (
        "sha256=59a1a01e3303d2827e2f152473ed4ac18dee71c9597bd7a32ac478b5f96361c3"
    )


def test_escaped_bytes_decode_to_original() -> None:
    tricky = {"text": 'back\\slash \\/ "quote" \u2028 \ud800 </script>\n'}

    assert json.loads(encode_like_meta(tricky)) == tricky


def test_contacts_stand_beside_messages_once_each() -> None:
    ana = {"profile": {"name": "Ana"}, "wa_id": "1555"}
    updates = [Update(SHOP, "messages", {"id": str(index)}, [ana]) for index in range(2)]

    value = build_body(updates)["entry"][0]["changes"][0]["value"]

    assert value["contacts"] == [ana]
    assert value["metadata"] == {
        "display_phone_number": "15550783881",
        "phone_number_id": SHOP.phone_number_id,
    }


def test_batch_spreads_items_in_order() -> None:
    body = build_batch(make_updates(30), entries=3, changes=2)

    sizes = [
        [len(change["value"]["messages"]) for change in entry["changes"]] for entry in body["entry"]
    ]
    ids = [
        message["id"]
        for entry in body["entry"]
        for change in entry["changes"]
        for message in change["value"]["messages"]
    ]
    assert sizes == [[5, 5], [5, 5], [5, 5]]
    assert ids == [f"wamid.{index}" for index in range(30)]


def test_numbers_never_share_change_nor_accounts_entry() -> None:
    updates = [*make_updates(1), Update(BAKERY, "statuses", {"id": "wamid.b"})]

    body = build_body(updates)

    assert [entry["id"] for entry in body["entry"]] == [
        SHOP.business_account_id,
        BAKERY.business_account_id,
    ]
