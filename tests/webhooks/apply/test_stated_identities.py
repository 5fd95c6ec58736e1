"""A webhook with two identities of a person: the contact gets both."""

from typing import Any

import pytest

from models import Account, Contact, Conversation, Message, MessageDirection, MessageStatus, User
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.webhooks import (
    WebhookClient,
    make_body,
    make_change,
    make_message,
    make_status,
    make_wamid,
)
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle

AT = 1_750_000_000
PHONE, BSUID, PARENT = "16505550201", "US.5550201", "US.ENT.5550201"
OTHER_PHONE, OTHER_BSUID = "16505550202", "US.5550202"
DUPLICATES = """query ($id: ID!) { contact(id: $id) {
  waId possibleDuplicates { id businessScopedUserId } } }"""


def write(*, at: int = 0, **given: str | None) -> dict[str, Any]:
    """Returns a text from the given `wa_id` and `user_id`."""
    ids = {name: value for name, value in given.items() if value is not None}
    message = make_message(at=AT + at)
    del message["from"]
    message |= {key: ids[one] for key, one in SENDER_KEYS.items() if one in ids}
    contact: dict[str, Any] = {"profile": {"name": "Ada"}, **ids}
    return make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[contact]))


SENDER_KEYS = {"from": "wa_id", "from_user_id": "user_id"}


def report(*statuses: dict[str, Any], contacts: list[dict[str, Any]]) -> dict[str, Any]:
    return make_body(NUMBER, make_change(NUMBER, statuses=list(statuses), contacts=contacts))


def change(field: str, value: dict[str, Any]) -> dict[str, Any]:
    frame = make_change(NUMBER)["value"]
    return make_body(NUMBER, {"field": field, "value": {**frame, **value}})


def echo(**more: Any) -> dict[str, Any]:
    return make_message(sender="15550783881", at=AT + 1) | more


def call(**more: Any) -> dict[str, Any]:
    event = {"event": "connect", "direction": "USER_INITIATED", "to": "15550783881"}
    return event | {"id": make_wamid(), "timestamp": str(AT + 1)} | more


STATEMENTS = {
    "status with contacts": report(
        make_status("sent", at=AT, id=make_wamid()) | {"recipient_id": PHONE},
        contacts=[{"wa_id": PHONE, "user_id": BSUID}],
    ),
    "status alone": report(
        make_status("sent", at=AT, id=make_wamid())
        | {"recipient_id": PHONE, "recipient_user_id": BSUID},
        contacts=[],
    ),
    "statuses of two": report(
        make_status("sent", at=AT, id=make_wamid()) | {"recipient_id": OTHER_PHONE},
        {
            "status": "sent",
            "timestamp": str(AT),
            "id": make_wamid(),
            "recipient_user_id": BSUID,
        },
        contacts=[
            {"wa_id": OTHER_PHONE, "user_id": OTHER_BSUID},
            {"wa_id": PHONE, "user_id": BSUID},
        ],
    ),
    "status of a group": report(
        make_status("sent", at=AT, id=make_wamid())
        | {
            "recipient_type": "group",
            "recipient_id": "group-1",
            "recipient_participant_id": PHONE,
            "recipient_participant_user_id": BSUID,
        },
        contacts=[],
    ),
    "echo": change("smb_message_echoes", {"message_echoes": [echo(to=PHONE, to_user_id=BSUID)]}),
    "echo with contacts": change(
        "smb_message_echoes",
        {"message_echoes": [echo(to=PHONE)], "contacts": [{"wa_id": PHONE, "user_id": BSUID}]},
    ),
    "echo of a reaction": change(
        "smb_message_echoes",
        {
            "message_echoes": [
                echo(
                    to=PHONE,
                    to_user_id=BSUID,
                    type="reaction",
                    reaction={"message_id": "wamid.X", "emoji": "x"},
                )
            ]
        },
    ),
    "reaction": make_body(
        NUMBER,
        make_change(
            NUMBER,
            messages=[
                make_message("reaction", {"message_id": "wamid.X", "emoji": "x"}, sender=PHONE)
            ],
            contacts=[{"wa_id": PHONE, "user_id": BSUID}],
        ),
    ),
    "call": change("calls", {"calls": [call(**{"from": PHONE, "from_user_id": BSUID})]}),
    "call with contacts": change(
        "calls",
        {"calls": [call(**{"from": PHONE})], "contacts": [{"wa_id": PHONE, "user_id": BSUID}]},
    ),
    "preference": change(
        "user_preferences",
        {
            "user_preferences": [
                {"wa_id": PHONE, "category": "marketing_messages", "value": "stop"}
            ],
            "contacts": [{"wa_id": PHONE, "user_id": BSUID}],
        },
    ),
    "new user id": change(
        "user_id_update",
        {
            "user_id_update": [{"user_id": {"current": BSUID}, "timestamp": str(AT)}],
            "contacts": [{"wa_id": PHONE, "user_id": BSUID}],
        },
    ),
    "contact request": make_body(
        NUMBER,
        make_change(
            NUMBER,
            messages=[
                {
                    "id": make_wamid(),
                    "from_user_id": BSUID,
                    "timestamp": str(AT + 1),
                    "type": "contacts",
                    "contacts": [
                        {
                            "name": {"formatted_name": "Ada"},
                            "phones": [{"phone": f"+{PHONE}", "wa_id": PHONE}],
                            "origin": "contact_request",
                        }
                    ],
                }
            ],
            contacts=[{"user_id": BSUID, "profile": {"name": "Ada"}}],
        ),
    ),
}


async def post(webhook: WebhookClient, settle: Settle, *bodies: dict[str, Any]) -> list[Contact]:
    for body in bodies:
        assert (await webhook.post(body)).status_code == 200
        await settle()
    return await Contact.find().sort("_id").to_list()


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("is_phone_known", [True, False], ids=["phone known", "id known"])
async def test_statement_joins_both_identities(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    statement: str,
    is_phone_known: bool,
) -> None:
    by_phone, by_id = ({"wa_id": PHONE}, {"user_id": BSUID})
    first, second = (by_phone, by_id) if is_phone_known else (by_id, by_phone)
    told = [write(at=0, **first), STATEMENTS[statement], write(at=9, **second)]

    [contact] = await post(webhook, settle, *told)

    assert (contact.wa_id, contact.phone_number) == (PHONE, f"+{PHONE}")
    assert (contact.bsuid, contact.duplicate_ids) == (BSUID, [])
    assert await Conversation.count() == 1
    [user] = await User.find().to_list()
    assert (user.phone, user.id) == (f"+{PHONE}", contact.user_id)


async def test_status_teaches_contact_of_its_message(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    sent = await write_message(
        account,
        PHONE,
        "Hello",
        direction=MessageDirection.OUTBOUND,
        status_rank=MessageStatus.SENT.rank,
        unread=False,
    )
    status = {"status": "delivered", "timestamp": str(AT), "id": sent.wamid}
    body = report(status | {"recipient_user_id": BSUID}, contacts=[])

    [contact] = await post(webhook, settle, body, write(at=9, user_id=BSUID))

    assert (contact.wa_id, contact.bsuid) == (PHONE, BSUID)


async def test_statement_about_unknown_customer_creates_no_contact(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    names = ["status with contacts", "status alone", "status of a group", "echo of a reaction"]

    assert await post(webhook, settle, *(STATEMENTS[name] for name in names)) == []


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_statement_about_two_contacts_offers_them(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, statement: str
) -> None:
    by_phone, by_id = await post(
        webhook, settle, write(wa_id=PHONE), write(user_id=BSUID), STATEMENTS[statement]
    )

    shown = (await agent(DUPLICATES, id=id_of(by_phone)))["contact"]

    other = {"id": id_of(by_id), "businessScopedUserId": BSUID}
    assert shown == {"waId": PHONE, "possibleDuplicates": [other]}
    assert by_id.duplicate_ids == [by_phone.id]
    assert (by_phone.bsuid, by_id.wa_id) == (None, None)


async def test_status_to_recycled_number_teaches_nothing(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    [contact] = await post(
        webhook,
        settle,
        write(wa_id=PHONE, user_id=OTHER_BSUID),
        STATEMENTS["status alone"],
        STATEMENTS["status with contacts"],
    )

    assert {one.value for one in contact.identities} == {PHONE, OTHER_BSUID}


async def test_contact_of_another_customer_teaches_nothing(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    """The only element of `contacts[]` belongs to the first of two customers."""
    first = make_message(sender=PHONE, at=AT)
    second = make_message(at=AT) | {"from_user_id": OTHER_BSUID}
    del second["from"]
    contacts = [{"wa_id": PHONE, "profile": {"name": "Ada"}}]
    body = make_body(NUMBER, make_change(NUMBER, messages=[first, second], contacts=contacts))

    found = await post(webhook, settle, body)

    assert sorted((one.wa_id, one.bsuid, one.profile_name) for one in found if one.wa_id) == [
        (PHONE, None, "Ada")
    ]
    assert [(one.bsuid, one.profile_name) for one in found if not one.wa_id] == [
        (OTHER_BSUID, None)
    ]


@pytest.mark.parametrize("origin", ["other", None])
async def test_shared_card_adds_no_identity(
    webhook: WebhookClient, account: Account, settle: Settle, origin: str | None
) -> None:
    phones = [{"phone": f"+{PHONE}", "wa_id": PHONE}]
    card = {"name": {"formatted_name": "Eve"}, "phones": phones, "origin": origin}
    message = make_message("contacts", [card], at=AT) | {"from_user_id": BSUID}
    del message["from"]

    [contact] = await post(
        webhook, settle, make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[]))
    )

    assert (contact.bsuid, contact.phone_number) == (BSUID, None)


@pytest.mark.parametrize("listed", ["+16505550201", "551187654321", "22501020304"])
async def test_profile_name_matches_number_variant(
    webhook: WebhookClient, account: Account, settle: Settle, listed: str
) -> None:
    """Also if the only listed number has an unknown form."""
    sender = {"551187654321": "5511987654321", "22501020304": "2250101020304"}.get(listed, PHONE)
    contacts = [{"wa_id": listed, "profile": {"name": "Ada"}}]
    messages = [make_message(sender=sender, at=AT)]

    [contact] = await post(
        webhook,
        settle,
        make_body(NUMBER, make_change(NUMBER, messages=messages, contacts=contacts)),
    )

    assert (contact.wa_id, contact.profile_name) == (sender, "Ada")
    assert "22501020304" not in {one.value for one in contact.identities}


async def test_profile_name_matches_variant_among_contacts(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    contacts = [
        {"wa_id": "551187654321", "profile": {"name": "Ada"}},
        {"wa_id": PHONE, "profile": {"name": "Grace"}},
    ]
    messages = [make_message(sender=one, at=AT) for one in ("5511987654321", PHONE)]
    body = make_body(NUMBER, make_change(NUMBER, messages=messages, contacts=contacts))

    found = await post(webhook, settle, body)

    assert {one.profile_name for one in found} == {"Ada", "Grace"}


async def test_echo_names_customer_and_never_business(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    customer = {"wa_id": PHONE, "profile": {"name": "Ada"}}
    business = {"wa_id": "15550783881", "profile": {"name": "Test shop"}}
    bodies = [
        change("smb_message_echoes", {"message_echoes": [echo(to=to)], "contacts": [contact]})
        for to, contact in ((PHONE, customer), (OTHER_PHONE, business))
    ]

    named, unnamed = await post(webhook, settle, *bodies)

    assert (named.wa_id, named.profile_name) == (PHONE, "Ada")
    assert (unnamed.wa_id, unnamed.profile_name) == (OTHER_PHONE, None)
    assert {one.value for one in unnamed.identities} == {OTHER_PHONE}
    assert await Message.count() == 2
