"""A person has a single contact per account, by any identities that Meta sends."""

import asyncio
import itertools
from typing import Any

import pytest

from models import Account, Contact, Conversation, IdentityKind, Message, User
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from tests.webhooks.conftest import Settle

AT = 1_750_000_000
BSUID = "US.13491208655302741918"
PARENT = "US.ENT.11815799212886844830"


def make_visit(
    sender: dict[str, str], name: str = "Sheena", *, at: int = AT, **profile: str
) -> dict[str, Any]:
    """Returns a body with a text; `sender` may have wa_id, user_id and parent_user_id."""
    ids = {"from": "wa_id", "from_user_id": "user_id", "from_parent_user_id": "parent_user_id"}
    message = make_message(at=at)
    del message["from"]
    message |= {key: sender[source] for key, source in ids.items() if source in sender}
    contact = {"profile": {"name": name, **profile}, **sender}
    return make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[contact]))


async def visit(webhook: WebhookClient, settle: Settle, *bodies: dict[str, Any]) -> list[Contact]:
    for body in bodies:
        assert (await webhook.post(body)).status_code == 200
        await settle()
    return await Contact.find().to_list()


async def test_username_user_without_phone_is_contact(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    body = make_visit({"user_id": BSUID}, username="sheena.nelson")

    [contact] = await visit(webhook, settle, body, make_visit({"user_id": BSUID}, at=AT + 1))

    assert (contact.bsuid, contact.wa_id, contact.phone_number) == (BSUID, None, None)
    assert (contact.username, contact.profile_name) == ("sheena.nelson", "Sheena")
    [user] = await User.find().to_list()
    assert (contact.user_id, user.phone) == (user.id, None)
    assert await Message.count() == 2


async def test_learned_phone_joins_contact_and_user(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    first = make_visit({"user_id": BSUID})
    second = make_visit({"user_id": BSUID, "wa_id": "16505551234"}, at=AT + 1)
    third = make_visit({"wa_id": "16505551234"}, at=AT + 2)

    [contact] = await visit(webhook, settle, first, second, third)

    assert (contact.wa_id, contact.bsuid) == ("16505551234", BSUID)
    [user] = await User.find().to_list()
    assert user.phone == "+16505551234"


async def test_new_user_id_is_found_by_its_parent(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    first = make_visit({"user_id": BSUID, "parent_user_id": PARENT})
    second = make_visit({"user_id": "US.2", "parent_user_id": PARENT}, at=AT + 1)

    [contact] = await visit(webhook, settle, first, second)

    assert contact.bsuid == "US.2"
    assert {one.value for one in contact.identities} == {BSUID, "US.2", PARENT}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),
        ("5491123456789", "541123456789"),
        ("5215512345678", "525512345678"),
    ],
)
async def test_concurrent_phone_variants_are_one_contact(
    webhook: WebhookClient, account: Account, settle: Settle, one: str, other: str
) -> None:
    visits = [make_visit({"wa_id": form}, at=AT + at) for at in (0, 1, 2) for form in (one, other)]
    await asyncio.gather(*(webhook.post(body) for body in visits))
    await settle()

    [contact] = await visit(webhook, settle, make_visit({"wa_id": other}, at=AT + 9))

    assert contact.wa_id == other
    assert (await User.count(), await Conversation.count()) == (1, 1)


async def test_brazilian_landline_and_mobile_are_two_contacts(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    bodies = [make_visit({"wa_id": one}) for one in ("551131234567", "5511931234567")]

    contacts = await visit(webhook, settle, *bodies)

    assert sorted(str(one.wa_id) for one in contacts) == ["551131234567", "5511931234567"]


async def test_two_contacts_are_never_merged(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    phone, user_id = {"wa_id": "16505551234"}, {"user_id": BSUID}

    await visit(webhook, settle, make_visit(phone), make_visit(user_id))
    contacts = await visit(webhook, settle, make_visit(phone | user_id, at=AT + 1))

    assert sorted((one.wa_id or "", one.bsuid or "") for one in contacts) == [
        ("", BSUID),
        ("16505551234", ""),
    ]
    # The user id names the person more surely than the phone.
    by_id, by_phone = sorted(contacts, key=lambda one: one.bsuid is None)
    assert by_id.duplicate_ids == [by_phone.id]
    assert by_phone.duplicate_ids == [by_id.id]
    assert await Message.find({"contact_id": by_id.id}).count() == 2


async def test_recycled_number_is_new_contact(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    """The same number with another user id, and nothing from WhatsApp that joins both."""
    former = make_visit({"wa_id": "16505551234", "user_id": BSUID}, "Former")
    new = make_visit({"wa_id": "16505551234", "user_id": "US.2"}, "New", at=AT + 1)
    by_number = make_visit({"wa_id": "16505551234"}, "New", at=AT + 2)
    late = make_visit({"user_id": BSUID}, "Former", at=AT + 3)

    contacts = await visit(webhook, settle, former, new, by_number, late)

    shown = {one.profile_name: (one.wa_id, one.bsuid) for one in contacts}
    assert shown == {"Former": (None, BSUID), "New": ("16505551234", "US.2")}
    assert [one.duplicate_ids for one in contacts] == [[], []]
    counts = [await Message.find({"contact_id": one.id}).count() for one in contacts]
    assert counts == [2, 2]
    phones = {user.name: user.phone for user in await User.find().to_list()}
    assert phones == {"Former": None, "New": "+16505551234"}


async def test_recycled_number_does_not_link_staff_user(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    [former] = await visit(
        webhook, settle, make_visit({"wa_id": "16505551234", "user_id": BSUID}, "Former")
    )
    await User.find_one({"_id": former.user_id}).update({"$set": {"from_contact": False}})

    contacts = await visit(
        webhook, settle, make_visit({"wa_id": "16505551234", "user_id": "US.2"}, "New", at=AT + 1)
    )

    users = {one.profile_name: one.user_id for one in contacts}
    assert users["Former"] == former.user_id != users["New"] is not None


async def test_late_message_leaves_number_with_new_owner(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    newer = make_visit({"wa_id": "16505551234", "user_id": "US.2"}, "New", at=AT + 5)
    late = make_visit({"wa_id": "16505551234", "user_id": BSUID}, "Former")

    contacts = await visit(webhook, settle, newer, late)

    shown = {one.profile_name: (one.wa_id, one.bsuid) for one in contacts}
    assert shown == {"Former": (None, BSUID), "New": ("16505551234", "US.2")}


async def test_recycled_number_at_same_moment_is_two_contacts(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    senders = [{"wa_id": "16505551234", "user_id": one} for one in (BSUID, "US.2")]
    bodies = [make_visit(sender, at=AT + at) for at in range(3) for sender in senders]

    await asyncio.gather(*(webhook.post(body) for body in bodies))
    await settle()

    contacts = await Contact.find().to_list()
    assert {one.bsuid for one in contacts} == {BSUID, "US.2"}
    counts = [await Message.find({"contact_id": one.id}).count() for one in contacts]
    assert counts == [3, 3]


async def test_newest_profile_wins_in_any_order(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    names = [("Ann", 0), ("Bob", 1), ("Ann", 2), ("Zoe", 2), ("Cy", 1)]
    for number, order in enumerate(itertools.permutations(names, 5)):
        if number % 17:
            continue
        sender = {"wa_id": f"1650555{number:04}"}
        for name, at in order:
            await webhook.post(make_visit(sender, name, at=AT + at))
    await settle()

    contacts = await Contact.find().to_list()
    assert {contact.profile_name for contact in contacts} == {"Zoe"}
    assert len(contacts) == 8


async def test_number_change_moves_where_messages_go(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    system = {"type": "user_changed_number", "wa_id": "12195555358", "body": "changed"}
    moved = make_message("system", system, at=AT + 1)
    change = make_change(NUMBER, messages=[moved], contacts=[])
    visits = [
        make_visit({"wa_id": "16505551234"}),
        make_body(NUMBER, change),
        make_visit({"wa_id": "12195555358"}, at=AT + 2),
    ]

    [contact] = await visit(webhook, settle, *visits)

    assert (contact.wa_id, contact.phone_number) == ("12195555358", "+12195555358")
    assert await Message.count() == 3


async def test_system_message_first_makes_contact_from_its_sender(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    system = {"type": "customer_identity_changed", "body": "changed"}
    change = make_change(NUMBER, messages=[make_message("system", system)], contacts=[])

    [contact] = await visit(webhook, settle, make_body(NUMBER, change))

    assert (contact.wa_id, contact.profile_name) == ("16505551234", None)
    [conversation] = await Conversation.find().to_list()
    assert conversation.last_inbound_at is None


async def test_person_at_two_accounts_has_one_user(
    webhook: WebhookClient, account: Account, other_account: Account, settle: Settle
) -> None:
    other = WebhookClient(webhook.http, OTHER_NUMBER)
    await asyncio.gather(webhook.post_messages(make_message()), other.post_messages(make_message()))
    await settle()

    contacts = await Contact.find().to_list()
    [user] = await User.find().to_list()
    assert {one.account_id for one in contacts} == {account.id, other_account.id}
    assert {one.user_id for one in contacts} == {user.id}
    assert set(user.account_ids) == {account.id, other_account.id}


async def test_contact_unlinked_by_staff_stays_unlinked(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    [contact] = await visit(webhook, settle, make_visit({"wa_id": "16505551234"}))
    await contact.set({"user_id": None, "unlinked_at": contact.created_at})

    [contact] = await visit(webhook, settle, make_visit({"wa_id": "16505551234"}, at=AT + 1))

    assert contact.user_id is None


@pytest.mark.parametrize("sender", ["", "someone", "1" * 21, None])
async def test_without_readable_sender_item_is_parked(
    webhook: WebhookClient, account: Account, settle: Settle, sender: Any
) -> None:
    change = make_change(NUMBER, messages=[make_message() | {"from": sender}], contacts=[])
    contacts = await visit(webhook, settle, make_body(NUMBER, change))

    assert contacts == []
    assert await Message.count() == 0


async def test_identities_are_of_known_kinds(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    body = make_visit({"wa_id": "+16505551234", "user_id": BSUID, "parent_user_id": PARENT})
    [contact] = await visit(webhook, settle, body)

    assert {(one.kind, one.value) for one in contact.identities} == {
        (IdentityKind.WA_ID, "16505551234"),
        (IdentityKind.BSUID, BSUID),
        (IdentityKind.PARENT_BSUID, PARENT),
    }


async def test_changed_number_stays_one_contact(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    """Also within a body, whose senders are processed concurrently."""
    messages = []
    for number in range(20):
        old, new = f"16505550{number:03}", f"16505551{number:03}"
        change = {"body": "moved", "wa_id": new, "type": "user_changed_number"}
        messages += [
            make_message(sender=old, at=1_750_000_000),
            make_message(sender=new, at=1_750_000_002),
            make_message("system", change, sender=old, at=1_750_000_001),
        ]
    await webhook.post_messages(*messages)
    await settle()

    contacts = await Contact.find().to_list()
    assert len(contacts) == 20
    assert {str(contact.wa_id)[:8] for contact in contacts} == {"16505551"}
    assert await Message.count() == 60
