"""Changes of numbers and user ids keep the customer and merge no contacts."""

import logging
from typing import Any

import pytest

from models import Account, Contact, Message, User
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle

AT = 1_750_000_000
OLD, NEW = "16505551234", "12195555358"
BSUID, NEXT_BSUID = "US.1111", "US.2222"
PARENT, NEXT_PARENT = "US.ENT.1111", "US.ENT.2222"


def visit(at: int, *, wa_id: str | None = None, user_id: str | None = None) -> dict[str, Any]:
    ids = {"from": wa_id, "from_user_id": user_id}
    message = make_message(at=AT + at)
    del message["from"]
    message |= {key: value for key, value in ids.items() if value}
    contact: dict[str, Any] = {"profile": {"name": "Sheena", "username": "sheena.nelson"}}
    contact |= {key: one for key, one in {"wa_id": wa_id, "user_id": user_id}.items() if one}
    return make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[contact]))


def note(at: int, **system: str) -> dict[str, Any]:
    message = make_message("system", {"body": "changed", **system}, sender=OLD, at=AT + at)
    return make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[]))


async def post(webhook: WebhookClient, settle: Settle, *bodies: dict[str, Any]) -> list[Contact]:
    for body in bodies:
        assert (await webhook.post(body)).status_code == 200
        await settle()
    return await Contact.find().sort("_id").to_list()


@pytest.mark.parametrize(
    "system",
    [
        {"type": "user_changed_number", "wa_id": NEW},
        {"type": "customer_changed_number", "new_wa_id": NEW, "customer": OLD},
        {
            "type": "user_changed_number",
            "wa_id": NEW,
            "user_id": NEXT_BSUID,
            "previous_user_id": BSUID,
        },
    ],
)
async def test_new_number_moves_customer_and_their_user(
    webhook: WebhookClient, account: Account, settle: Settle, system: dict[str, str]
) -> None:
    [contact] = await post(
        webhook,
        settle,
        visit(0, wa_id=OLD, user_id=BSUID),
        note(5, **system),
        visit(9, wa_id=NEW),
        visit(3, wa_id=OLD),
    )

    assert (contact.wa_id, contact.phone_number) == (NEW, f"+{NEW}")
    assert contact.bsuid == system.get("user_id", BSUID)
    [user] = await User.find().to_list()
    assert (user.phone, contact.user_id) == (f"+{NEW}", user.id)
    assert await Message.count() == 4


async def test_new_user_id_moves_customer(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    system = {
        "type": "user_changed_user_id",
        "user_id": NEXT_BSUID,
        "previous_user_id": BSUID,
        "parent_user_id": NEXT_PARENT,
        "previous_parent_user_id": PARENT,
    }
    change = note(5, **system)
    del change["entry"][0]["changes"][0]["value"]["messages"][0]["from"]

    [contact] = await post(
        webhook, settle, visit(0, user_id=BSUID), change, visit(9, user_id=NEXT_BSUID)
    )

    assert contact.bsuid == NEXT_BSUID
    assert {one.value for one in contact.identities} == {BSUID, NEXT_BSUID, PARENT, NEXT_PARENT}


async def test_identity_change_joins_new_id_to_old(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    system = {"type": "user_changed_number", "wa_id": NEW}

    [contact] = await post(
        webhook, settle, visit(9, wa_id=NEW), note(5, **system), visit(1, wa_id=OLD)
    )

    assert contact.wa_id == NEW
    assert await Message.count() == 3


async def test_number_that_moves_leaves_its_former_holder(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    customer, holder = await post(
        webhook,
        settle,
        visit(0, wa_id=OLD),
        visit(1, wa_id=NEW, user_id=BSUID),
        note(5, type="user_changed_number", wa_id=NEW),
    )

    assert (customer.wa_id, customer.phone_number) == (NEW, f"+{NEW}")
    assert (holder.wa_id, holder.phone_number, holder.bsuid) == (None, None, BSUID)
    assert [one.value for one in holder.identities] == [BSUID]
    phones = {str(user.id): user.phone for user in await User.find().to_list()}
    assert phones == {str(customer.user_id): f"+{NEW}", str(holder.user_id): None}


@pytest.mark.parametrize(
    "theirs", [visit(1, wa_id=NEW), visit(9, wa_id=NEW, user_id=BSUID)], ids=["alone", "since"]
)
async def test_used_number_stays_and_is_logged(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    theirs: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        customer, holder = await post(
            webhook,
            settle,
            visit(0, wa_id=OLD),
            theirs,
            note(5, type="user_changed_number", wa_id=NEW),
        )

    assert (customer.wa_id, holder.wa_id) == (OLD, NEW)
    assert "may be the same person" in caplog.text
    assert NEW not in caplog.text


@pytest.mark.parametrize(
    "search", ["sheena.nel", "Sheena", OLD, "+1 (219) 555-5358", "us.1111", BSUID]
)
async def test_search_finds_customer_by_any_identity(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient, search: str
) -> None:
    bodies = [visit(0, wa_id=OLD, user_id=BSUID), note(5, type="user_changed_number", wa_id=NEW)]
    await post(webhook, settle, *bodies)

    found = await admin(
        "query ($text: String!) { contacts(search: $text) { edges { node { waId } } } }",
        text=search,
    )

    assert [edge["node"]["waId"] for edge in found["contacts"]["edges"]] == [NEW]
