"""An odd part of an item hides nothing else of it."""

import json
from typing import Any

import pytest

from models import Account, Message, ParkedItem
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message, make_status
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import create_sent

SHOWN = """query ($id: ID!) { message(id: $id) { text replyToWhatsappId forwarded
  contact { profileName username }
  referral { headline } errors { code title }
  content { __typename
    ... on TextContent { body }
    ... on MediaContent { mediaId caption mimeType }
    ... on LocationContent { latitude longitude }
    ... on OrderContent { items { productRetailerId quantity price } }
    ... on UnsupportedContent { type: typeName raw } } } }"""
NOTHING: dict[str, Any] = {
    "replyToWhatsappId": None,
    "forwarded": False,
    "referral": None,
    "errors": [],
}


async def show_only_message(
    webhook: WebhookClient, settle: Settle, admin: GraphQLClient, item: dict[str, Any]
) -> tuple[dict[str, Any], Message]:
    assert (await webhook.post_messages(item)).status_code == 200
    await settle()
    assert await ParkedItem.count() == 0
    [message] = await Message.find().to_list()
    found = await admin(SHOWN, id=encode_id("Message", message.id))
    return found["message"], message


ODD_PARTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"context": []}, NOTHING),
    ({"context": {"id": [], "forwarded": True}}, NOTHING | {"forwarded": True}),
    (
        {"context": {"id": "wamid.A", "forwarded": "often"}},
        NOTHING | {"replyToWhatsappId": "wamid.A"},
    ),
    ({"referral": []}, NOTHING),
    ({"referral": {"headline": 5, "body": []}}, NOTHING | {"referral": {"headline": None}}),
    ({"errors": [None]}, NOTHING),
    (
        {"errors": [None, {"code": "x", "title": "Odd"}, 5]},
        NOTHING | {"errors": [{"code": 0, "title": "Odd"}]},
    ),
    ({"group_id": "x" * 1000}, NOTHING),
]


@pytest.mark.parametrize(("part", "shown"), ODD_PARTS)
async def test_odd_part_is_only_in_raw(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    part: dict[str, Any],
    shown: dict[str, Any],
) -> None:
    item = make_message() | part
    found, message = await show_only_message(webhook, settle, admin, item)

    assert found["content"] == {"__typename": "TextContent", "body": "Hello"}
    assert {key: found[key] for key in shown} == shown
    if "referral" not in part or part["referral"] == []:
        assert message.raw is not None
        assert json.loads(message.raw) == item


async def test_odd_part_of_profile_costs_only_itself(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    profile = {"name": "Sheena", "username": []}
    contact = {"wa_id": "16505551234", "profile": profile}
    change = make_change(NUMBER, messages=[make_message()], contacts=[contact])
    await webhook.post(make_body(NUMBER, change))
    await settle()

    found = await admin("{ contacts { edges { node { profileName username } } } }")

    [edge] = found["contacts"]["edges"]
    assert edge["node"] == {"profileName": "Sheena", "username": None}


UNREADABLE: list[tuple[str, Any]] = [
    ("text", {}),
    ("text", None),
    ("text", {"body": 1}),
    ("image", {"caption": "No id"}),
    ("sticker", []),
    ("location", {"name": "Nowhere"}),
    ("location", {"latitude": 1.0}),
    ("location", {"latitude": True, "longitude": 2}),
    ("location", {"latitude": 91, "longitude": 2}),
]


@pytest.mark.parametrize(("kind", "content"), UNREADABLE)
async def test_unreadable_content_is_shown_as_unsupported(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    kind: str,
    content: Any,
) -> None:
    item = make_message("text") | {"type": kind, kind: content}
    found, _ = await show_only_message(webhook, settle, admin, item)

    assert found["content"] == {"__typename": "UnsupportedContent", "type": kind, "raw": item}


async def test_odd_caption_does_not_hide_file(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    item = make_message("image", {"id": "1", "caption": 5, "mime_type": "image/jpeg"})
    found, message = await show_only_message(webhook, settle, admin, item)

    assert found["content"]["mediaId"] == "1"
    assert (found["content"]["caption"], found["content"]["mimeType"]) == (None, "image/jpeg")
    assert json.loads(message.raw or "") == item


QUANTITIES: list[tuple[Any, int | None]] = [
    (None, None),
    (1.0, 1),
    ("1.5", None),
    (2**40, None),
    (2**63, None),
    (True, None),
    ([], None),
    ("7", 7),
    (-1, -1),
]


@pytest.mark.parametrize(("told", "shown"), QUANTITIES)
async def test_quantity_of_any_kind_is_shown_at_once(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    told: Any,
    shown: int | None,
) -> None:
    product = {"product_retailer_id": "SKU", "quantity": told, "item_price": told}
    item = make_message("order", {"catalog_id": "1", "product_items": [product]})
    found, _ = await show_only_message(webhook, settle, admin, item)

    [line] = found["content"]["items"]
    assert (line["productRetailerId"], line["quantity"]) == ("SKU", shown)


async def test_endless_list_is_shown_in_part(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    products = [{"product_retailer_id": str(number)} for number in range(50_000)]
    item = make_message("order", {"catalog_id": "1", "product_items": products})
    found, _ = await show_only_message(webhook, settle, admin, item)

    lines = found["content"]["items"]
    assert [line["productRetailerId"] for line in lines] == [str(each) for each in range(1000)]


@pytest.mark.parametrize("part", ["pricing", "errors", "conversation"])
async def test_odd_part_of_status_does_not_hide_it(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient, part: str
) -> None:
    await create_sent(account, "16505551234")
    status = make_status("read", at=1_750_000_000, id="wamid.SENT", **{part: [None]})
    assert (await webhook.post_statuses(status)).status_code == 200
    await settle()

    assert await ParkedItem.count() == 0
    [message] = await Message.find().to_list()
    assert "read" in message.status_times


async def test_unreadable_edit_changes_nothing(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(make_message(wamid="wamid.A"))
    message = {"type": "text", "text": {"body": 5}}
    edit = {"original_message_id": "wamid.A", "message": message}
    await webhook.post_messages(make_message("edit", edit))
    await settle()

    [stored] = await Message.find().to_list()
    assert (stored.text, stored.edited_at, await ParkedItem.count()) == ("Hello", None, 1)
