"""A limited key sees users of its accounts: by messages or links."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models import Account, Contact, Message, Role, User
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, write_message
from tests.fixtures.templates import HELLO, sync
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.graph.mutations.test_contact_mutations import LINK
from tests.graph.mutations.test_user_mutations import create, update

PHONE = "15550107788"
SEND = """mutation ($account: ID!, $to: PhoneNumber!, $template: TemplateInput!) {
  sendMessage(input: {accountId: $account, to: {phoneNumber: $to},
    content: {template: $template}}) {
    message { contact { id user { id email attributes } } } userErrors { code } } }"""
SEEN = """{ contacts { edges { node { id phoneNumber user { id name email attributes } } } }
  users { edges { node { id name phone email externalId attributes } } } }"""
USER = "query ($id: ID!) { user(id: $id) { id phone email } node(id: $id) { id } }"
MakeClient = Callable[..., Awaitable[GraphQLClient]]
SECRETS = {"email": "secret@ada.example", "attributes": {"note": "secret note"}}


@pytest.fixture
async def ours(make_client: MakeClient, account: Account) -> GraphQLClient:
    client = await make_client(Role.AGENT, [account])
    await sync(client, account)
    return client


@pytest.fixture
async def theirs(make_client: MakeClient, other_account: Account) -> GraphQLClient:
    return await make_client(Role.AGENT, [other_account])


async def send(client: GraphQLClient, account: Account) -> dict[str, Any]:
    """Sends a template to the phone; returns the contact as the sender sees it."""
    values = {"account": encode_id("Account", account.id), "to": PHONE, "template": HELLO}
    done = (await client(SEND, **values))["sendMessage"]
    assert done["userErrors"] == []
    contact: dict[str, Any] = done["message"]["contact"]
    return contact


async def test_sending_to_phone_links_no_user(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account
) -> None:
    made = (await create(theirs, phone=f"+{PHONE}", externalId="crm-1", **SECRETS))["user"]
    before = await User.find_all().to_list()

    contact = await send(ours, account)

    assert contact["user"] is None
    shown = json.dumps(await ours(SEEN))
    assert "secret" not in shown
    assert made["id"] not in shown
    assert await ours(USER, id=made["id"]) == {"user": None, "node": None}
    changed = await update(ours, userId=made["id"], name="Mine")
    assert [error["code"] for error in changed["userErrors"]] == ["NOT_FOUND"]
    linked = (await ours(LINK, contact=contact["id"], user=made["id"]))["linkContact"]
    assert [error["code"] for error in linked["userErrors"]] == ["NOT_FOUND"]
    assert await User.find_all().to_list() == before


async def test_sending_to_foreign_customer_links_no_user(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account, other_account: Account
) -> None:
    message = await write_message(other_account, PHONE, "Hi", name="Ada")
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    user = encode_id("User", contact.user_id)
    await update(theirs, userId=user, **SECRETS)

    assert (await send(ours, account))["user"] is None

    assert "secret" not in json.dumps(await ours(SEEN))
    assert (await ours(USER, id=user))["user"] is None


async def test_own_message_of_customer_links_them(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account, other_account: Account
) -> None:
    await write_message(other_account, PHONE, "Hi", name="Ada")
    contact = await send(ours, account)

    await write_message(account, PHONE, "Hello", name="Ada")

    users = [(await client(SEEN))["users"]["edges"] for client in (ours, theirs)]
    assert users[0] == users[1]
    assert len(users[0]) == 1
    contacts = (await ours(SEEN))["contacts"]["edges"]
    assert [edge["node"]["id"] for edge in contacts] == [contact["id"]]
    assert contacts[0]["node"]["user"]["id"] == users[0][0]["node"]["id"]


async def test_conflict_with_hidden_user_is_not_reported(
    ours: GraphQLClient,
    theirs: GraphQLClient,
    admin: GraphQLClient,
    other_account: Account,
    subtests: pytest.Subtests,
) -> None:
    await write_message(other_account, PHONE, "Hi", name="Ada")
    await create(theirs, phone="+15550107799", externalId="crm-1")
    fresh = (await create(ours, name="Fresh"))["user"]

    for phone, external_id in ((f"+{PHONE}", "crm-1"), ("+15550107799", "crm-2")):
        with subtests.test(phone=phone):
            made = await create(ours, phone=phone, externalId=external_id)
            assert made["userErrors"] == []
            assert (made["user"]["phone"], made["user"]["externalId"]) == (phone, external_id)
    # Visible users still cause a conflict.
    taken = {"phone": f"+{PHONE}", "externalId": "crm-1"}
    for name, value in taken.items():
        for refused in (
            await create(ours, **{name: value}),
            await update(ours, userId=fresh["id"], **{name: value}),
            await create(admin, **{name: value}),
        ):
            assert refused["userErrors"] == [{"code": "CONFLICT", "field": [name]}]


async def test_changing_to_unseen_value_is_not_refused(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account
) -> None:
    await create(theirs, phone=f"+{PHONE}", externalId="crm-1")
    message = await write_message(account, "15550101111", "Hi", name="Bob")
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    user = encode_id("User", contact.user_id)

    changed = await update(ours, userId=user, phone=f"+{PHONE}", externalId="crm-1")

    assert changed["userErrors"] == []
    assert changed["user"]["phone"] == f"+{PHONE}"


async def test_entered_phone_reveals_no_hidden_user(
    ours: GraphQLClient, theirs: GraphQLClient, other_account: Account
) -> None:
    made = (await create(ours, phone=f"+{PHONE}", name="Bait"))["user"]

    message = await write_message(other_account, PHONE, "Hi", name="Ada")
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    user = encode_id("User", contact.user_id)
    await update(theirs, userId=user, **SECRETS)

    assert user != made["id"]
    assert (await theirs(USER, id=made["id"]))["user"] is None
    assert "secret" not in json.dumps(await ours(SEEN))


async def test_created_user_is_found_by_customer(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account
) -> None:
    await create(theirs, phone=f"+{PHONE}", name="Unseen")
    made = (await create(ours, phone=f"+{PHONE}", name="Ada"))["user"]

    message = await write_message(account, PHONE, "Hi")
    contact = await Contact.get(message.contact_id)

    assert contact is not None
    assert encode_id("User", contact.user_id) == made["id"]


async def test_link_by_viewer_of_both_shares_user(
    ours: GraphQLClient, theirs: GraphQLClient, admin: GraphQLClient, account: Account
) -> None:
    made = (await create(theirs, name="Ada", **SECRETS))["user"]
    message = await write_message(account, PHONE, "Hi")
    assert (await ours(USER, id=made["id"]))["user"] is None

    linked = (await admin(LINK, contact=contact_id(message), user=made["id"]))["linkContact"]

    assert linked["userErrors"] == []
    assert (await ours(USER, id=made["id"]))["user"]["email"] == SECRETS["email"]


async def test_echo_and_business_call_link_no_user(
    ours: GraphQLClient, theirs: GraphQLClient, account: Account, webhook: WebhookClient
) -> None:
    await create(theirs, phone=f"+{PHONE}", **SECRETS)
    at = str(int(time.time()))
    echo: dict[str, Any] = {"to": PHONE, "id": "wamid.ECHO", "timestamp": at}
    echo |= {"from": NUMBER.phone_number_id, "type": "text", "text": {"body": "On the phone"}}
    call = {"id": "wacid.CALL", "from": "15550000000", "to": PHONE, "timestamp": at}
    call |= {"event": "connect", "direction": "BUSINESS_INITIATED"}
    told = [{"profile": {"name": "Ada"}, "wa_id": PHONE}]
    for field, values in (
        ("smb_message_echoes", {"message_echoes": [echo]}),
        ("calls", {"calls": [call]}),
    ):
        change = make_change(NUMBER, contacts=told)
        change = {"field": field, "value": change["value"] | values}
        await webhook.post(make_body(NUMBER, change))

    async def are_stored() -> bool:
        return await Message.find({"account_id": account.id}).count() == 2

    await eventually(are_stored)

    contacts = (await ours(SEEN))["contacts"]["edges"]
    assert [edge["node"]["user"] for edge in contacts] == [None]
    assert "secret" not in json.dumps(await ours(SEEN))


async def test_number_moved_to_hidden_user_reveals_nothing(
    theirs: GraphQLClient,
    make_client: MakeClient,
    account: Account,
    other_account: Account,
    webhook: WebhookClient,
) -> None:
    ours = await make_client(Role.AGENT, [account])
    await write_message(other_account, PHONE, "Hi", name="Ada")
    await write_message(account, "15550101111", "Hi", name="Bob")
    moved = {"type": "user_changed_number", "wa_id": PHONE, "body": "changed"}
    message = make_message("system", moved, sender="15550101111")
    await webhook.post(make_body(NUMBER, make_change(NUMBER, messages=[message], contacts=[])))

    async def list_phones() -> list[Any]:
        seen = [(await client(SEEN))["users"]["edges"] for client in (ours, theirs)]
        return [[(one["node"]["name"], one["node"]["phone"]) for one in edges] for edges in seen]

    async def has_moved() -> bool:
        return await list_phones() == [[("Bob", f"+{PHONE}")], [("Ada", f"+{PHONE}")]]

    await eventually(has_moved)
