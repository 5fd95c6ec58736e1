"""All inbound types of the corpus, posted as webhooks and read through the graph."""

from typing import Any

import pytest

from models import Account, Contact, Message, ParkedItem
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.payloads import AT, CUSTOMER, EARLIER, list_payloads, load_payload
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle

QUERY = """query ($id: ID!) { message(id: $id) {
  type text whatsappId direction status forwarded frequentlyForwarded replyToWhatsappId groupId
  editedAt deletedAt replyTo { text } referredProduct { catalogId productRetailerId }
  referral { sourceUrl sourceType sourceId headline ref clickId welcomeText }
  senderIdentity { hash acknowledged createdAt } mentions
  errors { code title details }
  contact { waId businessScopedUserId parentBusinessScopedUserId username }
  content { __typename
    ... on TextContent { body }
    ... on MediaContent { kind mediaId mimeType filename caption voice animated }
    ... on LocationContent { latitude longitude name address url }
    ... on ContactsContent { origin contacts { name firstName lastName company jobTitle birthday
      vcard phones { phone waId type } emails { value type } urls { value type }
      addresses { street city state zip country type } } }
    ... on InteractiveReplyContent { replyKind replyId title description summary formName response
      responseText callPermission { granted permanent expiresAt source } }
    ... on OrderContent { catalogId note
      items { productRetailerId quantity price currency } }
    ... on SystemContent { systemKind notice oldNumber newNumber oldUserId newUserId
      oldParentUserId newParentUserId }
    ... on UnsupportedContent { type: typeName reason unsupportedType raw }
  } } }"""
ITEMS = [
    {"productRetailerId": "sku-1", "quantity": 2, "price": "30", "currency": "USD"},
    {"productRetailerId": "sku-2", "quantity": 1, "price": "24.5", "currency": "USD"},
]
ASKED = {"replyToWhatsappId": EARLIER, "replyTo": None}
BSUID = "US.13491208655302741918"
IMAGE = {"__typename": "MediaContent", "kind": "IMAGE", "mimeType": "image/jpeg"}
REPLY: dict[str, Any] = {"__typename": "InteractiveReplyContent"}
FLOW = REPLY | {"replyKind": "FLOW", "summary": "Sent", "formName": "flow"}

# By file: preview, relevant content and other fields.
SHOWN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "text": (
        "Ist das Café noch offen? ☕",
        {"__typename": "TextContent", "body": "Ist das Café noch offen? ☕"},
        {"forwarded": False, "replyToWhatsappId": None, "direction": "INBOUND"},
    ),
    "text_username": (
        "Hello from a username",
        {"__typename": "TextContent"},
        {
            "contact": {
                "waId": None,
                "businessScopedUserId": BSUID,
                "parentBusinessScopedUserId": "US.ENT.11815799212886844830",
                "username": "sheena",
            }
        },
    ),
    "text_reply": ("This one", {"__typename": "TextContent"}, ASKED),
    "text_forwarded": (
        "Look at this",
        {"__typename": "TextContent"},
        {"forwarded": True, "frequentlyForwarded": False},
    ),
    "text_forwarded_often": (
        "Look at this",
        {"__typename": "TextContent"},
        {"forwarded": True, "frequentlyForwarded": True},
    ),
    "text_from_ad": (
        "More, please",
        {"__typename": "TextContent"},
        {
            "referral": {
                "sourceUrl": "https://fb.me/x",
                "sourceType": "ad",
                "sourceId": "1",
                "headline": "Chat with us",
                "ref": "summer-sale",
                "clickId": "Aff",
                "welcomeText": "Hi!",
            }
        },
    ),
    "text_product_inquiry": (
        "Is it there?",
        {"__typename": "TextContent"},
        {
            "replyToWhatsappId": "wamid.EXAMPLE_PRODUCT",
            "referredProduct": {"catalogId": "1949", "productRetailerId": "sku-1"},
        },
    ),
    "group_text": (
        "Hello all",
        {"__typename": "TextContent"},
        {"groupId": "Y2FwaV9ncm91cDox"},
    ),
    "text_identity": (
        "It is me",
        {"__typename": "TextContent"},
        {
            "senderIdentity": {
                "hash": "DF2lS5v2W6x=",
                "acknowledged": True,
                "createdAt": "2025-06-15T15:06:40+00:00",
            },
            "mentions": [],
        },
    ),
    "group_mentions": (
        "@15550783881 are you there?",
        {"__typename": "TextContent"},
        {"mentions": ["15550783881", "16505550199"], "senderIdentity": None},
    ),
    "image": ("Our garden", IMAGE | {"caption": "Our garden"}, {}),
    "image_username": ("Mine", IMAGE, {}),
    "image_with_url": ("[image]", IMAGE | {"mediaId": "1003383421387263"}, {}),
    "video": ("[video]", {"kind": "VIDEO", "caption": None}, {}),
    "video_caption": ("The way in", {"kind": "VIDEO", "caption": "The way in"}, {}),
    "audio_voice": ("[audio]", {"kind": "AUDIO", "voice": True}, {}),
    "audio_file": ("[audio]", {"kind": "AUDIO", "voice": False, "mimeType": "audio/mpeg"}, {}),
    "document": ("offer.pdf", {"kind": "DOCUMENT", "filename": "offer.pdf"}, {}),
    "document_caption": (
        "Our offer",
        {"kind": "DOCUMENT", "filename": "offer.pdf", "caption": "Our offer"},
        {},
    ),
    "sticker": ("[sticker]", {"kind": "STICKER", "animated": False}, {}),
    "sticker_animated": ("[sticker]", {"kind": "STICKER", "animated": True}, {}),
    "location": (
        "Corner Cafe",
        {
            "__typename": "LocationContent",
            "latitude": 37.442,
            "longitude": -122.161,
            "name": "Corner Cafe",
            "address": "1 Main Street",
            "url": "https://example.com/",
        },
        {},
    ),
    "location_current": ("[location]", {"latitude": -33.5, "longitude": 0.0, "name": None}, {}),
    "contacts": (
        "Lucía Gómez",
        {
            "__typename": "ContactsContent",
            "contacts": [
                {
                    "name": "Lucía Gómez",
                    "firstName": None,
                    "lastName": None,
                    "company": None,
                    "jobTitle": None,
                    "birthday": None,
                    "vcard": None,
                    "phones": [
                        {"phone": "+1 (983) 555-0101", "waId": "19835550101", "type": "MOBILE"}
                    ],
                    "emails": [],
                    "urls": [],
                    "addresses": [],
                }
            ],
        },
        {},
    ),
    "contacts_full": ("Lucía Gómez, +1 (983) 555-0102", {"__typename": "ContactsContent"}, {}),
    "contacts_requested": (
        "Ana",
        {"__typename": "ContactsContent", "origin": "contact_request"},
        {},
    ),
    "interactive_button": (
        "Cancel",
        REPLY | {"replyKind": "BUTTON", "replyId": "cancel", "title": "Cancel"},
        {},
    ),
    "interactive_list": (
        "Express",
        REPLY
        | {
            "replyKind": "LIST",
            "replyId": "express",
            "title": "Express",
            "description": "Next day",
        },
        {},
    ),
    "interactive_flow": (
        "Sent",
        FLOW | {"response": {"flow_token": "t1", "date": "2026-03-01", "guests": 2}},
        ASKED,
    ),
    "interactive_flow_unreadable": (
        "Sent",
        FLOW | {"response": None, "responseText": "{broken"},
        ASKED,
    ),
    "interactive_address": (
        "Mumbai 400063",
        REPLY
        | {
            "replyKind": "ADDRESS",
            "response": {"values": {"in_pin_code": "400063", "city": "Mumbai"}},
        },
        ASKED,
    ),
    "interactive_call_permission": (
        "[interactive]",
        REPLY
        | {
            "replyKind": "CALL_PERMISSION",
            "callPermission": {
                "granted": True,
                "permanent": False,
                "expiresAt": "2025-06-22T13:46:40+00:00",
                "source": "user_action",
            },
        },
        ASKED,
    ),
    "interactive_call_refused": (
        "[interactive]",
        REPLY
        | {
            "callPermission": {
                "granted": False,
                "permanent": False,
                "expiresAt": None,
                "source": None,
            }
        },
        ASKED,
    ),
    "button": (
        "Unsubscribe",
        REPLY | {"replyKind": "TEMPLATE_BUTTON", "replyId": "STOP", "title": "Unsubscribe"},
        {"replyToWhatsappId": "wamid.EXAMPLE_TEMPLATE"},
    ),
    "button_without_context": (
        "Yes",
        REPLY | {"replyKind": "TEMPLATE_BUTTON", "replyId": "YES"},
        {"replyToWhatsappId": None},
    ),
    "order": ("[order]", {"__typename": "OrderContent", "note": None, "items": ITEMS[:1]}, {}),
    "order_with_text": (
        "Before noon, please",
        {"catalogId": "1949", "note": "Before noon, please", "items": ITEMS},
        {},
    ),
    "system_number_changed": (
        "User changed from 16505550100 to 12195550102",
        {
            "__typename": "SystemContent",
            "systemKind": "NUMBER_CHANGED",
            "oldNumber": CUSTOMER,
            "newNumber": "12195550102",
        },
        {
            "contact": {
                "waId": "12195550102",
                "businessScopedUserId": None,
                "parentBusinessScopedUserId": None,
                "username": None,
            }
        },
    ),
    "system_customer_changed_number": (
        "Customer changed from 16505550100 to 12195550102",
        {"systemKind": "NUMBER_CHANGED", "oldNumber": CUSTOMER, "newNumber": "12195550102"},
        {},
    ),
    "system_user_id_changed": (
        "User changed their id",
        {
            "systemKind": "USER_ID_CHANGED",
            "oldUserId": "US.1111",
            "newUserId": "US.2222",
            "oldParentUserId": "US.ENT.1111",
            "newParentUserId": "US.ENT.2222",
            "newNumber": None,
        },
        {
            "contact": {
                "waId": CUSTOMER,
                "businessScopedUserId": "US.2222",
                "parentBusinessScopedUserId": "US.ENT.2222",
                "username": None,
            }
        },
    ),
    "system_identity_changed": (
        "User verified a new device",
        {"systemKind": "IDENTITY_CHANGED", "newNumber": None},
        {
            "senderIdentity": {
                "hash": "Sjvjlx8G6Z0=",
                "acknowledged": False,
                "createdAt": "2025-06-15T15:06:40+00:00",
            }
        },
    ),
    "unsupported": (
        "[unsupported]",
        {
            "__typename": "UnsupportedContent",
            "type": "unsupported",
            "reason": "Message type is currently not supported.",
        },
        {},
    ),
    "unsupported_poll": (
        "[unsupported]",
        {"reason": "poll_creation", "unsupportedType": "poll_creation"},
        {},
    ),
    "request_welcome": (
        "[request_welcome]",
        {"__typename": "SystemContent", "systemKind": "WELCOME_REQUESTED", "notice": None},
        {},
    ),
    "image_failed": (
        "[image]",
        {"__typename": "UnsupportedContent", "reason": "Media download error"},
        {},
    ),
}
# Nothing is known of these but that they must be kept whole.
RAW = (
    "interactive_unknown",
    "interactive_missing",
    "poll_creation",
    "ephemeral",
)
AMENDMENTS = (
    "reaction",
    "reaction_removed",
    "reaction_empty",
    "reaction_username",
    "edit",
    "edit_caption",
    "revoke",
)
# These change the customer's identity, so each is posted separately.
SYSTEM = [name for name in SHOWN if name.startswith("system")]
OTHERS = [name for name in SHOWN if name not in SYSTEM]


async def show(admin: GraphQLClient, name: str) -> dict[str, Any]:
    message = await Message.find_one({"wamid": load_payload(f"message_{name}")["id"]})
    assert message is not None, name
    shown: dict[str, Any] = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
    return shown


def wrap(payload: dict[str, Any]) -> dict[str, Any]:
    """The change around it; system messages come without `contacts[]`."""
    profile = {"name": "Sheena Nelson"}
    if "from_user_id" in payload:
        contact = {"profile": profile | {"username": "sheena"}, "user_id": payload["from_user_id"]}
    else:
        contact = {"profile": profile, "wa_id": payload["from"]}
    contacts = [] if payload["type"] == "system" else [contact]
    return make_change(NUMBER, messages=[payload], contacts=contacts)


def test_every_payload_has_expectation() -> None:
    known = {f"message_{name}" for name in (*SHOWN, *RAW, *AMENDMENTS)}

    assert set(list_payloads("message")) == known


@pytest.mark.parametrize("names", [OTHERS, *([name] for name in SYSTEM)])
async def test_each_type_is_shown(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    names: list[str],
    subtests: pytest.Subtests,
) -> None:
    for name in names:
        await webhook.post(make_body(NUMBER, wrap(load_payload(f"message_{name}"))))
    await settle()

    for name in names:
        with subtests.test(name=name):
            text, content, more = SHOWN[name]
            shown = await show(admin, name)
            assert shown["text"] == text
            assert {key: shown["content"].get(key) for key in content} == content
            assert {key: shown[key] for key in more} == more
    assert not await ParkedItem.count()


async def test_card_is_shown_whole(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(load_payload("message_contacts_full"))
    await settle()

    card, other = (await show(admin, "contacts_full"))["content"]["contacts"]
    assert (card["company"], card["jobTitle"], card["birthday"]) == (
        "Corner Cafe",
        "Owner",
        "1990-05-17",
    )
    assert card["emails"] == [{"value": "lucia@example.com", "type": "WORK"}]
    assert card["urls"] == [{"value": "https://example.com/", "type": "WORK"}]
    assert card["addresses"][0]["street"] == "1 Main Street"
    assert (other["name"], other["phones"][0]["phone"]) == (None, "+1 (983) 555-0102")


async def test_unknown_types_are_shown_raw(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    payloads = {name: load_payload(f"message_{name}") for name in RAW}
    await webhook.post_messages(*payloads.values())
    await settle()

    for name, payload in payloads.items():
        with subtests.test(name=name):
            content = (await show(admin, name))["content"]
            assert (content["__typename"], content["type"]) == (
                "UnsupportedContent",
                payload["type"],
            )
            assert content["raw"] in (payload, payload.get(payload["type"]))


async def test_change_errors_explain_missing_content(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    change = make_change(NUMBER, messages=[load_payload("message_interactive_missing")])
    change["value"]["errors"] = [{"code": 131000, "title": "Something went wrong"}]
    await webhook.post(make_body(NUMBER, change))
    await settle()

    shown = await show(admin, "interactive_missing")
    assert shown["content"]["reason"] == "Something went wrong"
    assert [error["code"] for error in shown["errors"]] == [131000]
    assert not await ParkedItem.count()


async def test_all_types_in_single_body(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    """Posts them with their messages in a change, beside a broken item in another change."""
    names = [name for name in (*SHOWN, *RAW, *AMENDMENTS) if not name.startswith("system")]
    earlier = make_message(sender=CUSTOMER, wamid=EARLIER, at=AT - 60)
    payloads = [load_payload(f"message_{name}") for name in names]
    broken = make_change(NUMBER, messages=[{"id": "wamid.BROKEN"}])
    whole = make_change(NUMBER, messages=[*payloads, earlier], contacts=[])

    answer = await webhook.post(make_body(NUMBER, broken, whole))
    await settle()

    assert answer.status_code == 200
    stored = {message.wamid for message in await Message.find().to_list()}
    amending = {load_payload(f"message_{name}")["id"] for name in AMENDMENTS}
    assert stored == {one["id"] for one in payloads} - amending | {EARLIER}
    assert await ParkedItem.count() == 1
    assert await Contact.count() == 2


ODD: tuple[Any, ...] = (None, [], {}, "x", 7, [1], {"type": 5}, {"product_items": "x"})


async def test_malformed_rich_content_is_shown(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for name in ("interactive", "button", "order", "contacts", "system"):
        messages = [make_message(name) | {name: odd} for odd in ODD]
        await webhook.post_messages(*messages)
    await settle()

    stored = await Message.find().to_list()
    assert len(stored) == 5 * len(ODD)
    for message in stored:
        with subtests.test(type=message.type):
            shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
            assert shown["text"]
            assert shown["content"]["__typename"] in ("UnsupportedContent", "SystemContent")
