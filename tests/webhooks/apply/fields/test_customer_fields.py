"""Changes outside this server: marketing preferences, user ids, phone echoes."""

import copy
import dataclasses
import itertools
import json
from typing import Any

import pytest

from models import (
    Account,
    AccountEvent,
    Contact,
    Conversation,
    Message,
    MessageStatus,
    ParkedItem,
    ParkedReason,
    PendingUpdate,
    Template,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from tests.fixtures.fields import AT, change_value, load_change, make_body, make_entry, post
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message, make_status
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.webhooks.conftest import Settle
from whatsapp.accounts.accounts import set_account_enabled
from whatsapp.common.crypto import KeyRing

CUSTOMER = "16505550101"
INBOX = """{ conversations { edges { node { unreadCount contact { waId businessScopedUserId }
  lastMessage { direction type text status sender { __typename } whatsappId
    content { __typename } } } } } }"""
CONTACTS = "{ contacts { edges { node { id waId businessScopedUserId marketingOptOut } } } }"


async def show_contacts(client: GraphQLClient) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (await client(CONTACTS))["contacts"]["edges"]]


async def show_inbox(client: GraphQLClient) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (await client(INBOX))["conversations"]["edges"]]


def make_echo(wamid: str, *, at: int = AT, **values: Any) -> dict[str, Any]:
    change = copy.deepcopy(load_change("echo_text"))
    change["value"]["message_echoes"][0] |= {"id": wamid, "timestamp": str(at), **values}
    return make_entry(change)


async def test_newest_marketing_choice_stands_in_any_order(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    stop, resume = load_change("user_preference_stop"), load_change("user_preference_resume")
    again = copy.deepcopy(stop)
    again["value"]["user_preferences"][0]["timestamp"] = AT + 60  # in the second of the resumption
    for number, order in enumerate(itertools.permutations([stop, resume])):
        await Contact.delete_all()
        await post(webhook, settle, *(make_entry(one, at=AT + number) for one in order))
        [contact] = await show_contacts(admin)
        assert (contact["waId"], contact["marketingOptOut"]) == (CUSTOMER, False)

    for number, order in enumerate(itertools.permutations([again, resume])):
        await Contact.delete_all()
        await post(webhook, settle, *(make_entry(one, at=AT + 10 + number) for one in order))
        assert [one["marketingOptOut"] for one in await show_contacts(admin)] == [True]
    assert not await ParkedItem.count()


async def test_signup_without_phone_is_contact(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("user_preference_signup"))

    [contact] = await show_contacts(admin)
    assert (contact["businessScopedUserId"], contact["marketingOptOut"]) == ("US.EXAMPLE1", False)


async def test_older_webhook_keeps_staff_choice(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("user_preference_stop"))
    [contact] = await show_contacts(admin)
    change = """mutation ($id: ID!) {
      updateContact(input: {contactId: $id, marketingOptOut: false}) { contact { id } } }"""
    await admin(change, id=contact["id"])

    later = copy.deepcopy(load_change("user_preference_stop"))
    later["value"]["user_preferences"][0]["timestamp"] = AT + 60
    await post(webhook, settle, make_entry(later))

    assert [one["marketingOptOut"] for one in await show_contacts(admin)] == [False]


async def test_unknown_preference_is_event(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    change = load_change("user_preference_stop")
    [wish] = change["value"]["user_preferences"]
    wishes = [wish | {"value": "pause"}, wish | {"category": "calls"}, wish | {"wa_id": None}, wish]
    await post(webhook, settle, make_entry(change_value(change, user_preferences=wishes)))

    assert await AccountEvent.count() == 2
    [parked] = await ParkedItem.find().to_list()
    assert parked.pointer == "/entry/0/changes/0/value/user_preferences/2"
    assert (await Contact.find({"marketing_opt_out": True}).count(), parked.reason) == (
        1,
        ParkedReason.INVALID_ITEM,
    )


async def test_new_user_id_stays_same_contact(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    message = make_message(sender=CUSTOMER, at=AT - 60, from_user_id="US.EXAMPLE1")
    await webhook.post_messages(message)
    await settle()
    await post(webhook, settle, make_body("user_id"))
    after = make_message(sender=CUSTOMER, at=AT + 60, from_user_id="US.EXAMPLE2")
    await webhook.post_messages(after)
    await settle()

    [contact] = await show_contacts(admin)
    assert (contact["waId"], contact["businessScopedUserId"]) == (CUSTOMER, "US.EXAMPLE2")
    assert await Message.count() == 2


async def test_new_user_id_before_first_message_is_known(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("user_id"))
    late = make_message(sender=CUSTOMER, at=AT - 60, from_user_id="US.EXAMPLE1")
    await webhook.post_messages(late)
    await settle()

    [contact] = await show_contacts(admin)
    assert contact["businessScopedUserId"] == "US.EXAMPLE2"


async def test_what_staff_wrote_on_phone_is_outbound_message(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("echo_text"), make_body("echo_text", at=AT + 1))

    [conversation] = await show_inbox(admin)
    assert conversation == {
        "unreadCount": 0,
        "contact": {"waId": CUSTOMER, "businessScopedUserId": None},
        "lastMessage": {
            "direction": "OUTBOUND",
            "type": "TEXT",
            "text": "Gern, bis gleich! ☕",
            "status": "SENT",
            "sender": {"__typename": "BusinessAppSender"},
            "whatsappId": "wamid.EXAMPLE_ECHO",
            "content": {"__typename": "TextContent"},
        },
    }
    [stored] = await Message.find().to_list()
    assert (stored.raw, stored.outbox_state) == (None, None)
    found = await Conversation.find_one()
    assert found is not None
    assert found.last_inbound_at is None


async def test_echo_to_username_is_typed(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    unknown = make_echo("wamid.POLL", at=AT + 1, type="poll_creation", poll_creation={"a": 1})
    await post(webhook, settle, make_body("echo_username"), unknown)

    by_name = {one["contact"]["businessScopedUserId"]: one for one in await show_inbox(admin)}
    message = by_name["US.EXAMPLE1"]["lastMessage"]
    assert (message["text"], message["content"]) == ("Here it is", {"__typename": "MediaContent"})
    poll = await Message.find_one({"wamid": "wamid.POLL"})
    assert poll is not None
    [echo] = unknown["entry"][0]["changes"][0]["value"]["message_echoes"]
    assert json.loads(poll.raw or "") == echo


TEMPLATES = """{ conversations { edges { node { lastMessage {
  type: typeName text direction sender { __typename }
  content { __typename ... on TemplateContent { name language category body footer
    header { text } buttons { buttonType title } template { name } } } } } } } }"""


async def test_template_echo_reads_as_customer_reads_it(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        template_id="1",
        name="order_shipped",
        language="en_US",
        category="UTILITY",
        status="APPROVED",
        components=[
            {"type": "HEADER", "format": "TEXT", "text": "Your order"},
            {"type": "BODY", "text": "Hello {{1}}, you paid {{2}}."},
            {"type": "FOOTER", "text": "Test shop"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"}]},
        ],
    ).insert()

    await post(webhook, settle, make_body("echo_template"), make_body("echo_template", at=AT + 1))

    [edge] = (await admin(TEMPLATES))["conversations"]["edges"]
    assert edge["node"]["lastMessage"] == {
        "type": "template",
        "text": "Hello Ana, you paid $12.50.",
        "direction": "OUTBOUND",
        "sender": {"__typename": "BusinessAppSender"},
        "content": {
            "__typename": "TemplateContent",
            "name": "order_shipped",
            "language": "en_US",
            "category": "UTILITY",
            "body": "Hello Ana, you paid $12.50.",
            "footer": "Test shop",
            "header": {"text": "Your order"},
            "buttons": [{"buttonType": "QUICK_REPLY", "title": "Thanks"}],
            "template": {"name": "order_shipped"},
        },
    }
    found = await admin('{ searchMessages(text: "paid 12.50") { nodes { type } } }')
    assert found["searchMessages"]["nodes"] == [{"type": "TEMPLATE"}]


ODD_TEMPLATES: tuple[Any, ...] = (
    {"name": "gone", "language": "en"},
    {"name": "gone", "language": {"code": "en"}, "components": "none"},
    {"name": 7, "language": None, "components": [1, {"type": None}, {"type": "body"}]},
    {"components": [{"type": "BODY", "text": "Hi", "parameters": {"text": "x"}}]},
)


async def test_odd_template_echo_shows_readable_parts(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    shown = []
    for number, odd in enumerate(ODD_TEMPLATES):
        echo = make_echo(f"wamid.ODD{number}", at=AT + number, type="template", template=odd)
        await post(webhook, settle, echo)
        [edge] = (await admin(TEMPLATES))["conversations"]["edges"]
        message = edge["node"]["lastMessage"]
        content = message["content"]
        shown.append((content["name"], content["language"], content["body"], message["text"]))

    assert shown == [
        ("gone", "en", "", "gone"),
        ("gone", "en", "", "gone"),
        (None, None, "", "[template]"),
        (None, None, "Hi", "Hi"),
    ]
    assert not await ParkedItem.count()


async def test_echoes_among_messages_are_echoes(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    change = load_change("echo_among_messages")
    broken = copy.deepcopy(change)
    broken["value"]["message_echoes"][0] |= {"id": "wamid.BROKEN", "to": None}
    beside = make_message(sender=CUSTOMER, at=AT - 60)
    change["value"]["messages"] = [beside]

    await post(webhook, settle, make_entry(change, broken))

    [conversation] = await show_inbox(admin)
    message = conversation["lastMessage"]
    assert (message["direction"], message["status"]) == ("OUTBOUND", "SENT")
    assert message["text"] == "Gern, bis gleich! \u2615"
    assert await Message.count() == 2
    [parked] = await ParkedItem.find().to_list()
    assert parked.pointer == "/entry/0/changes/1/value/message_echoes/0"
    assert not await AccountEvent.count()


async def test_echo_marks_earlier_messages_read(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    orders = list(itertools.permutations(range(4)))
    for number, order in enumerate(orders):
        sender = f"1650555{number:04}"
        messages = [
            make_message(sender=sender, at=AT + at, wamid=f"wamid.{number}.{at}")
            for at in (0, 1, 9)
        ]
        for one in (*order, order[0]):
            if one == 3:
                await webhook.post(make_echo(f"wamid.{number}.echo", at=AT + 5, to=sender))
            else:
                await webhook.post_messages(messages[one])
    await settle()

    conversations = await Conversation.find().to_list()
    assert len(conversations) == len(orders)
    for conversation in conversations:
        of_conversation = {"conversation_id": conversation.id}
        unread = await Message.find({**of_conversation, "unread": True}).to_list()
        assert [one.timestamp.timestamp() for one in unread] == [AT + 9]
        assert conversation.last_message_id == unread[0].id
        assert conversation.phone_read_at is not None
        assert len(conversation.newest_unread_ids) == 3


async def test_statuses_of_echo_come_before_or_after_it(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_statuses(make_status("read", at=AT + 9, id="wamid.1"))
    await settle()
    await post(webhook, settle, make_echo("wamid.1"))
    await webhook.post_statuses(make_status("delivered", at=AT + 5, id="wamid.1"))
    await settle()

    [message] = await Message.find().to_list()
    assert message.status is MessageStatus.READ
    assert set(message.status_times) == {"sent", "delivered", "read"}
    assert not await PendingUpdate.count()


async def test_echo_of_own_message_changes_nothing(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(make_message(sender=CUSTOMER, at=AT - 60))
    await post(webhook, settle, make_echo("wamid.OURS", at=AT - 120))
    ours = {"outbox_state": "DONE", "status_rank": MessageStatus.DELIVERED.rank}
    await Message.find({"wamid": "wamid.OURS"}).update({"$set": ours})
    before = [await collection(kind).find().to_list() for kind in (Message, Conversation, Contact)]

    await post(webhook, settle, make_echo("wamid.OURS", at=AT))

    after = [await collection(kind).find().to_list() for kind in (Message, Conversation, Contact)]
    assert after == before


async def test_broken_echoes_are_parked_alone(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    change = load_change("echo_text")
    [echo] = change["value"]["message_echoes"]
    broken: list[Any] = [
        None,
        echo | {"to": "GROUP"},
        echo | {"to": None},
        echo | {"id": None},
        echo | {"timestamp": "soon"},
    ]
    await post(webhook, settle, make_entry(change_value(change, message_echoes=[*broken, echo])))

    assert await Message.count() == 1
    parked = await ParkedItem.find().to_list()
    assert {one.reason for one in parked} == {ParkedReason.INVALID_ITEM}
    assert len(parked) == len(broken)


async def test_echoes_to_disabled_account_wait_for_it(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await set_account_enabled(account, enabled=False)
    await post(webhook, settle, make_body("echo_text"), make_body("user_preference_stop"))
    parked = await ParkedItem.find().to_list()
    assert {one.reason for one in parked} == {ParkedReason.ACCOUNT_DISABLED}

    await set_account_enabled(account, enabled=True)

    async def is_applied() -> bool:
        return await ParkedItem.find({"state": "APPLIED"}).count() == 2

    await eventually(is_applied)
    assert await Message.count() == 1
    assert await Contact.find({"marketing_opt_out": True}).count() == 1


@pytest.mark.parametrize(
    "name", ["call_connect", "call_status", "echo_text", "user_preference_stop", "user_id"]
)
async def test_news_of_customer_without_number_is_parked(
    webhook: WebhookClient, account: Account, keyring: KeyRing, settle: Settle, name: str
) -> None:
    """It could be about a customer of any number of the business."""
    sibling = dataclasses.replace(
        OTHER_NUMBER,
        app_secret=NUMBER.app_secret,
        business_account_id=NUMBER.business_account_id,
    )
    await connect_number(keyring, sibling)
    change = load_change(name)
    del change["value"]["metadata"]

    await post(webhook, settle, make_entry(change))

    assert [one.reason for one in await ParkedItem.find_all().to_list()] == ["UNKNOWN_ACCOUNT"]
    assert not await Contact.count()
    assert not await Message.count()
