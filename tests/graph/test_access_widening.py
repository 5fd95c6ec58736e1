"""No mutation widens a limited credential's view.

Generated from the schema: each mutation is tried with every id and number of a hidden account in
each input field. Later webhooks of the hidden account must stay invisible.
"""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_nullable_type,
    is_required_input_field,
)

from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Account, AccountEvent, Contact, Message, ParkedItem, Role, User
from models.database.base import collection
from sandbox.world.numbers import FakeNumber
from tests.fixtures.fields import make_entry
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.uploads import PICTURE
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from tests.graph import test_access_matrix as matrix
from tests.graph.live_kit import FeedReader, create_viewer

ids = matrix.ids
CANARY = "hidden"
UNCONNECTED = dataclasses.replace(NUMBER, phone_number_id="777000777", business_account_id="888")
MUTATIONS = matrix.SCHEMA.mutation_type
assert MUTATIONS is not None
# The caller's own input may appear in a conversation.
LEFT_ALONE = {"content"}
BASE: dict[str, Any] = {
    "content": {"text": {"body": "x"}},
    "phoneNumberId": "1",
    "businessAccountId": "2",
    "callbackUrl": "https://x.example/hook",
    "role": "VIEWER",
    "level": "PHONE_NUMBER",
    "verifyToken": "a-token-of-the-test",
}
SEEN = """{
  viewer { accounts { nodes { id name phoneNumberId } } }
  accounts(first: 5) { edges { node { id name phoneNumberId
    events(first: 9) { edges { node { event summary raw } } } } } }
  contacts(first: 20) { edges { node { id account { id } phoneNumber profileName name attributes
    user { id name phone email externalId attributes } } } }
  conversations(first: 20) { edges { node { id account { id } lastMessage { text }
    messages(first: 9) { edges { node { id text } } }
    timeline(first: 9) { edges { node { id timestamp conversation { id }
      ... on Note { body authorName } ... on ConversationChange { addedTags actorName } } } } } } }
  users(first: 20) { edges { node { id name phone email externalId attributes
    contacts(first: 5) { edges { node { profileName } } } } } }
  searchMessages(text: "words", first: 20) { edges { node { text } } }
  parkedItems(first: 20) { edges { node { id item phoneNumberId } } }
  agents(first: 20) { edges { node { name email accounts { edges { node { name } } } } } }
  apiKeys(first: 5) { edges { node { name accounts { nodes { name } } } } }
  auditLog(first: 50) { edges { node { actor { name } } } }
}"""
Hidden = dict[str, list[str]]
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def own(account: Account, ids: dict[str, str]) -> dict[str, str]:
    """Ids of the visible account's things, by the name of an input field."""
    message = await Message.find_one({"account_id": account.id})
    assert message is not None
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    user = await User.get(contact.user_id)
    return {
        "accountId": id_of(account),
        "contactId": ids["own_contact"],
        "conversationId": ids["own"],
        "messageId": id_of(message),
        "noteId": ids["own_note"],
        "quickReplyId": ids["own_quick_reply"],
        "userId": id_of(user),
    }


@pytest.fixture
async def hidden(ids: dict[str, str], other_account: Account, webhook: WebhookClient) -> Hidden:
    """Values of the hidden account and of an unconnected number that a caller may know."""
    secrets = {"email": "hidden@x.example", "external_id": "crm-1", "attributes": {"a": "hidden"}}
    await collection(User).update_many({"account_ids": other_account.id}, {"$set": secrets})
    await receive(webhook, UNCONNECTED, "hidden words for nobody")
    foreign = (OTHER_NUMBER, UNCONNECTED)
    numbers = [one.phone_number_id for one in foreign]
    businesses = [one.business_account_id for one in foreign]
    known = [one for name, one in ids.items() if name not in matrix.OWN_IDS]
    return {
        "ID": known,
        "String": [*numbers, *businesses, matrix.OTHERS, f"+{matrix.OTHERS}", "crm-1"],
    }


async def post(webhook: WebhookClient, body: dict[str, Any], number: FakeNumber) -> None:
    """Signs with the number's secret, which may be removed by now, and with a known secret."""
    secrets = {number.app_secret, OTHER_NUMBER.app_secret}

    async def is_accepted() -> bool:
        # MongoDB may be too slow for a moment: Meta then repeats the body too.
        answers = [await webhook.post(body, secret=secret) for secret in secrets]
        return 200 in {answer.status_code for answer in answers}

    await eventually(is_accepted)


async def receive(webhook: WebhookClient, number: FakeNumber, text: str) -> None:
    """A message of a customer known nowhere else, stored or parked."""
    message = make_message(sender=matrix.OTHERS, content={"body": text})
    change = make_change(number, messages=[message])
    await post(webhook, make_body(number, change), number)

    async def is_stored() -> bool:
        parked = await ParkedItem.find_one({"item": {"$regex": text}})
        return parked is not None or await Message.find_one({"text": text}) is not None

    await eventually(is_stored)


async def alert(webhook: WebhookClient, number: FakeNumber) -> None:
    before = await AccountEvent.count()
    change = {"field": "account_alerts", "value": {"alert_type": "HIDDEN_ALERT"}}
    await post(webhook, make_entry(change, business=number.business_account_id), number)

    async def is_stored() -> bool:
        parked = await ParkedItem.find_one({"item": {"$regex": "HIDDEN_ALERT"}})
        return parked is not None or await AccountEvent.count() > before

    await eventually(is_stored)


async def see_all(client: GraphQLClient) -> dict[str, Any]:
    """Reads everything, again if a document was deleted in the middle of the read."""

    async def read() -> dict[str, Any] | None:
        answer = await client.post(SEEN)
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes <= {"SERVICE_UNAVAILABLE"}, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return None if codes else data

    found = await eventually(read)
    assert found is not None
    return found


def fill(fields: dict[str, GraphQLInputField], own: dict[str, str]) -> dict[str, Any]:
    """The least input that names the caller's own things."""
    return {
        name: find_base(name, field.type, own)
        for name, field in fields.items()
        if is_required_input_field(field) or name == "accountId"
    }


def find_base(name: str, kind: GraphQLInputType, own: dict[str, str]) -> Any:
    nullable = get_nullable_type(kind)
    if name in own or name in BASE:
        return own.get(name, BASE.get(name))
    if isinstance(nullable, GraphQLList):
        return [find_base(name.removesuffix("s"), nullable.of_type, own)]
    if isinstance(nullable, GraphQLEnumType):
        return next(iter(nullable.values))
    if isinstance(nullable, GraphQLInputObjectType):
        if nullable.is_one_of:
            return {"conversationId": own["conversationId"]}
        return fill(nullable.fields, own)
    plain: dict[str, Any] = {
        "Boolean": True,
        "DateTime": "2099-01-01T00:00:00Z",
        "JSON": {},
        "PhoneNumber": "+16505551234",
        "URL": "https://example.com/a.png",
    }
    return plain.get(getattr(nullable, "name", ""), "x")


def vary(
    fields: dict[str, GraphQLInputField], base: dict[str, Any], hidden: Hidden
) -> Iterator[dict[str, Any]]:
    """The base with each hidden value in each field that takes text, and null where that may be."""
    for name, field in fields.items():
        kind = get_nullable_type(field.type)
        if name in LEFT_ALONE:
            continue
        if isinstance(kind, GraphQLInputObjectType):
            inner = {} if kind.is_one_of else base.get(name, {})
            for changed in vary(kind.fields, inner, hidden):
                yield {**base, name: changed}
        elif isinstance(kind, GraphQLList):
            values = hidden.get(getattr(get_nullable_type(kind.of_type), "name", ""), [])
            yield from ({**base, name: [value]} for value in values)
        elif isinstance(kind, GraphQLScalarType):
            yield from ({**base, name: value} for value in hidden.get(kind.name, []))
        if not isinstance(field.type, GraphQLNonNull) and not isinstance(
            kind, GraphQLInputObjectType
        ):
            yield {**base, name: None}


async def try_mutation(client: GraphQLClient, name: str, values: dict[str, Any]) -> str:
    assert MUTATIONS is not None
    argument = MUTATIONS.fields[name].args["input"].type
    selection = f"{name}(input: $input) {{ userErrors {{ code message }} }}"
    document = f"mutation ($input: {argument}) {{ {selection} }}"
    if "file" in values:
        values = {**values, "file": None}
        answer = await client.post_files(document, {"input.file": PICTURE}, input=values)
        return answer.text
    return json.dumps(await client.post(document, input=values))


async def test_hidden_things_are_seen_by_unlimited_admin(
    admin: GraphQLClient, hidden: Hidden
) -> None:
    seen = json.dumps(await admin(SEEN)).lower()

    assert seen.count(CANARY) >= 10


@pytest.mark.parametrize("name", sorted(MUTATIONS.fields))
async def test_mutation_widens_nothing(
    name: str,
    make_client: MakeClient,
    account: Account,
    own: dict[str, str],
    hidden: Hidden,
    webhook: WebhookClient,
    live_feed: LiveFeed,
    live_groups: Groups,
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    reading = await FeedReader(live_groups, create_viewer(account.id)).open()
    assert CANARY not in json.dumps(await limited(SEEN)).lower()
    assert MUTATIONS is not None
    argument = get_nullable_type(MUTATIONS.fields[name].args["input"].type)
    assert isinstance(argument, GraphQLInputObjectType)
    base = fill(argument.fields, own)

    told = [await try_mutation(limited, name, base)]
    told += [
        await try_mutation(limited, name, values) for values in vary(argument.fields, base, hidden)
    ]
    for number in (OTHER_NUMBER, UNCONNECTED):
        await receive(webhook, number, f"hidden words of {number.phone_number_id}, later")
        await alert(webhook, number)

    assert [text for text in told if CANARY in text.lower()] == []
    assert [text for text in told if "INTERNAL_SERVER_ERROR" in text] == []
    seen = await see_all(limited)
    assert CANARY not in json.dumps(seen).lower()
    assert {one["node"]["id"] for one in seen["accounts"]["edges"]} <= {own["accountId"]}
    events = await reading.rest()
    assert {event.account_id for event in events} <= {account.id}
    documents = [event.document for event in events if event.has_document and event.is_readable]
    assert CANARY not in repr(documents).lower()
