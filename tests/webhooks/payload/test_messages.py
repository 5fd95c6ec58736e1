"""Inbound messages are typed if the type is known, else kept whole."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models import Account, Contact, Conversation, ConversationStatus, Message, ParkedItem, User
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.webhooks.conftest import Settle
from whatsapp.conversations.conversations import window_expires_at, window_is_open

PAYLOADS = Path(__file__).parents[2] / "payloads"
AT = 1_750_000_000


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((PAYLOADS / f"message_{name}.json").read_text())
    return payload


async def get_one(wamid: str) -> Message:
    message = await Message.find_one({"wamid": wamid})
    assert message is not None
    return message


TYPED = {
    "text": "Ist das Café noch offen? ☕",
    "text_reply": "This one",
    "image": "Our garden",
    "video": "[video]",
    "audio_voice": "[audio]",
    "document": "offer.pdf",
    "sticker": "[sticker]",
    "location": "Corner Cafe",
    "location_current": "[location]",
    "button": "Unsubscribe",
    "interactive_button": "Cancel",
    "interactive_list": "Express",
    "order": "[order]",
}
WHOLE = {
    "unsupported": "[unsupported]",
    "poll_creation": "[poll_creation]",
    "image_failed": "[image]",
}


async def test_known_type_has_typed_content(
    webhook: WebhookClient, account: Account, settle: Settle, subtests: pytest.Subtests
) -> None:
    for name in TYPED:
        assert (await webhook.post_messages(load(name))).status_code == 200
    await settle()

    for name, text in TYPED.items():
        with subtests.test(name=name):
            payload = load(name)
            message = await get_one(payload["id"])
            assert message.content == payload[payload["type"]]
            assert (message.text, message.raw, message.unread) == (text, None, True)
            assert message.timestamp == datetime.fromtimestamp(AT, UTC)


async def test_any_other_type_is_kept_whole(
    webhook: WebhookClient, account: Account, settle: Settle, subtests: pytest.Subtests
) -> None:
    for name in WHOLE:
        assert (await webhook.post_messages(load(name))).status_code == 200
    await settle()

    for name, text in WHOLE.items():
        with subtests.test(name=name):
            message = await get_one(load(name)["id"])
            assert json.loads(message.raw or "") == load(name)
            assert (message.content, message.text) == ({}, text)
            assert message.unread
    assert not await ParkedItem.count()


async def test_context_and_referral_are_kept(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    names = ("text_reply", "text_forwarded", "text_from_ad", "text_product_inquiry")
    await webhook.post_messages(*(load(name) for name in names))
    await settle()

    reply, forwarded, from_ad, inquiry = [await get_one(load(name)["id"]) for name in names]
    assert (reply.reply_to_wamid, reply.forwarded) == ("wamid.EXAMPLE_EARLIER", False)
    assert (forwarded.reply_to_wamid, forwarded.forwarded) == (None, True)
    assert from_ad.referral == load("text_from_ad")["referral"]
    assert inquiry.referred_product == {"catalog_id": "1949", "product_retailer_id": "sku-1"}
    assert inquiry.raw is None


async def test_errors_of_message_are_shown(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await webhook.post_messages(load("unsupported"))
    await settle()

    [error] = (await get_one(load("unsupported")["id"])).errors
    assert (error.code, error.title) == (131051, "Message type unknown")
    assert error.details == "Message type is currently not supported."


async def test_first_message_makes_contact_user_and_conversation(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await webhook.post_messages(make_message(sender="16505551234", at=AT))
    await settle()

    [contact], [user] = await Contact.find().to_list(), await User.find().to_list()
    [conversation] = await Conversation.find().to_list()
    message = await Message.find_one()
    assert message is not None
    assert (contact.wa_id, contact.phone_number) == ("16505551234", "+16505551234")
    assert (contact.profile_name, contact.user_id) == ("Sheena Nelson", user.id)
    assert (user.name, user.phone, user.from_contact) == ("Sheena Nelson", "+16505551234", True)
    assert user.account_ids == [account.id]
    assert (conversation.contact_id, conversation.last_message_id) == (contact.id, message.id)
    assert conversation.last_activity_at == message.timestamp


async def test_service_window_runs_from_newest_message(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    newest = datetime.fromtimestamp(AT + 60, UTC)
    for at in (AT + 60, AT):
        await webhook.post_messages(make_message(at=at))
    await settle()

    conversation = await Conversation.find_one()
    assert conversation is not None
    assert window_expires_at(conversation) == newest + timedelta(hours=24)
    assert window_is_open(conversation, newest + timedelta(hours=23, minutes=59))
    assert not window_is_open(conversation, newest + timedelta(hours=24))


async def test_late_message_is_not_last_message(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    newer, older = make_message(at=AT + 60), make_message(at=AT)
    for message in (newer, older):
        await webhook.post_messages(message)
        await settle()

    [conversation] = await Conversation.find().to_list()
    assert conversation.last_message_id == (await get_one(newer["id"])).id
    assert conversation.last_activity_at == datetime.fromtimestamp(AT + 60, UTC)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(60, ConversationStatus.OPEN), (0, ConversationStatus.OPEN), (-60, ConversationStatus.CLOSED)],
)
async def test_only_message_newer_than_closing_reopens(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    seconds: int,
    status: ConversationStatus,
) -> None:
    await webhook.post_messages(make_message(at=AT - 3600))
    await settle()
    closed_at = datetime.fromtimestamp(AT, UTC) + timedelta(milliseconds=400)
    await Conversation.find_all().update({"$set": {"status": "CLOSED", "closed_at": closed_at}})

    await webhook.post_messages(make_message(at=AT + seconds))
    await settle()

    [conversation] = await Conversation.find().to_list()
    assert conversation.status is status


async def test_group_message_opens_no_window(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    payload = load("group_text")
    await webhook.post_messages(payload)
    await settle()

    [conversation] = await Conversation.find().to_list()
    assert (await get_one(payload["id"])).group_id == payload["group_id"]
    assert conversation.last_inbound_at is None


async def test_repeated_concurrent_body_is_one_message(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    from tests.fixtures.webhooks import make_body, make_change
    from tests.fixtures.world import NUMBER

    body = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    answers = await asyncio.gather(*(webhook.post(body) for _ in range(20)))
    await settle()

    assert [answer.status_code for answer in answers] == [200] * 20
    for document in (Message, Contact, Conversation, User):
        assert await document.count() == 1


async def test_same_messages_in_other_bodies_are_same(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    """An album's photos, each twice, in different batches, all at once, from a new customer."""
    album = [make_message(at=AT + number) for number in range(10)]
    batches = [album[:5], album[5:], *([message] for message in album)]

    await asyncio.gather(*(webhook.post_messages(*batch) for batch in batches))
    await settle()

    assert await Message.count() == 10
    assert (await Contact.count(), await Conversation.count(), await User.count()) == (1, 1, 1)
    [conversation] = await Conversation.find().to_list()
    assert conversation.last_message_id == (await get_one(album[-1]["id"])).id
