"""Mutations of contacts and users."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from beanie import Document

from models import Account, Contact, Conversation, Message, PendingUpdate, Role, User
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, id_of, write_message

UPDATE = """mutation ($input: UpdateContactInput!) { updateContact(input: $input) {
  contact { name tags attributes marketingOptOut } userErrors { code field } } }"""
SET = """mutation ($input: SetAttributesInput!) { done: setAttributes(input: $input) {
  contact { attributes } userErrors { code field } } }"""
REMOVE = """mutation ($input: RemoveAttributesInput!) { done: removeAttributes(input: $input) {
  contact { attributes } userErrors { code field } } }"""
LINK = """mutation ($contact: ID!, $user: ID!) {
  linkContact(input: {contactId: $contact, userId: $user}) {
    contact { user { id name } } userErrors { code field } } }"""
UNLINK = """mutation ($contact: ID!) { unlinkContact(input: {contactId: $contact}) {
  contact { user { id } } userErrors { code } } }"""
DELETE = """mutation ($contact: ID!) { deleteContact(input: {contactId: $contact}) {
  deletedContactId userErrors { code } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Hello", name="Ada")


async def make_user(client: GraphQLClient, **values: Any) -> str:
    query = "mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }"
    created: str = (await client(query, input=values))["createUser"]["user"]["id"]
    return created


async def test_absent_fields_stay_and_null_clears(agent: GraphQLClient, said: Message) -> None:
    contact = contact_id(said)
    values = {"name": "Ada L.", "tags": ["vip"], "attributes": {"a": [1, None, {"b": "c.d"}]}}

    await agent(UPDATE, input={"contactId": contact, **values, "marketingOptOut": True})
    same = await agent(UPDATE, input={"contactId": contact})
    cleared = await agent(UPDATE, input={"contactId": contact, "name": None})

    assert same["updateContact"]["contact"] == values | {"marketingOptOut": True}
    assert cleared["updateContact"]["contact"]["name"] is None
    assert cleared["updateContact"]["contact"]["tags"] == ["vip"]


async def test_attributes_set_together_are_all_kept(agent: GraphQLClient, said: Message) -> None:
    contact = {"contactId": contact_id(said)}
    await agent(UPDATE, input=contact | {"attributes": {"old": 1, "kept": {"a.b": True}}})
    names = [f"a.{number}" for number in range(6)]

    await asyncio.gather(
        *(agent(SET, input=contact | {"attributes": {name: name}}) for name in names),
        agent(REMOVE, input=contact | {"names": ["old", "unknown"]}),
    )

    done = (await agent(SET, input=contact | {"attributes": {"kept": {"a.b": 1}}}))["done"]
    assert done["userErrors"] == []
    assert done["contact"]["attributes"] == {"kept": {"a.b": 1}} | {name: name for name in names}


async def test_malformed_attributes_change_nothing(agent: GraphQLClient, said: Message) -> None:
    contact = {"contactId": contact_id(said)}
    await agent(SET, input=contact | {"attributes": {"large": "x" * 9_000}})
    before = await Contact.find_one()
    malformed: list[Any] = [[], {"$set": 1}, {"more": "x" * 9_000}]
    for attributes in malformed:
        done = (await agent(SET, input=contact | {"attributes": attributes}))["done"]

        assert done["userErrors"] == [{"code": "INVALID_INPUT", "field": ["attributes"]}]
    assert await Contact.find_one() == before


async def test_attribute_of_large_contact_is_removed(
    agent: GraphQLClient, admin: GraphQLClient, account: Account, said: Message
) -> None:
    """Merged contacts may have more attributes together than one can be given."""
    other = await write_message(account, "15550002222", "Hello")
    for number, message in enumerate([said, other]):
        values = {f"large{number}": "x" * 9_000, f"huge{number}": "x" * 7_000}
        await agent(SET, input={"contactId": contact_id(message), "attributes": values})
    into = {"contactId": contact_id(other), "intoContactId": contact_id(said)}
    await admin(
        "mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) {"
        " userErrors { code } } }",
        input=into,
    )
    contact = {"contactId": contact_id(said)}

    removed = (await agent(REMOVE, input=contact | {"names": ["huge0"]}))["done"]
    refused = (await agent(SET, input=contact | {"attributes": {"small": 1}}))["done"]

    assert removed["userErrors"] == []
    assert removed["contact"]["attributes"].keys() == {"large0", "large1", "huge1"}
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["attributes"]}]


MALFORMED_VALUES = [
    ("name", "x" * 201),
    ("name", "a\u0000b"),
    ("tags", None),
    ("tags", [" "]),
    ("tags", [str(number) for number in range(51)]),
    ("attributes", None),
    ("attributes", []),
    ("attributes", {"$set": 1}),
    ("attributes", {"a\u0000": 1}),
    ("attributes", {"a": "x" * 17_000}),
    ("attributes", {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}}),
    ("marketingOptOut", None),
]


async def test_malformed_values_are_refused_by_name(
    agent: GraphQLClient,
    said: Message,
    subtests: pytest.Subtests,
) -> None:
    for field, value in MALFORMED_VALUES:
        with subtests.test(field=field, value=value):
            done = await agent(UPDATE, input={"contactId": contact_id(said), field: value})

            assert done["updateContact"]["userErrors"] == [
                {"code": "INVALID_INPUT", "field": [field]}
            ]


async def test_contact_is_linked_unlinked_and_stays_so(
    agent: GraphQLClient, said: Message, account: Account
) -> None:
    user = await make_user(agent, name="Ada Lovelace", phone="+1 555 000 7777")

    linked = await agent(LINK, contact=contact_id(said), user=user)
    await agent(UNLINK, contact=contact_id(said))
    again = await agent(UNLINK, contact=contact_id(said))
    await write_message(account, "15550001111", "More")
    contact = await Contact.get(said.contact_id)

    assert linked["linkContact"]["contact"]["user"] == {"id": user, "name": "Ada Lovelace"}
    assert again["unlinkContact"]["contact"]["user"] is None
    assert contact is not None
    assert contact.user_id is None


async def test_linking_to_unknown_user_is_refused(agent: GraphQLClient, said: Message) -> None:
    done = await agent(LINK, contact=contact_id(said), user=contact_id(said))

    assert done["linkContact"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["userId"]}]


async def test_erasure_leaves_nothing_of_customer(
    admin: GraphQLClient, said: Message, account: Account
) -> None:
    neighbour = await write_message(account, "15550002222", "Me too", name="Grace")
    await PendingUpdate(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="p",
        account_id=account.id,
        wamid=str(said.wamid),
        kind="status",
        change={},
    ).insert()

    done = await admin(DELETE, contact=contact_id(said))

    assert done["deleteContact"] == {"deletedContactId": contact_id(said), "userErrors": []}
    left: list[type[Document]] = [Message, Conversation, Contact, User, PendingUpdate]
    assert [await kind.count() for kind in left] == [1, 1, 1, 1, 0]
    assert await Contact.get(neighbour.contact_id) is not None


async def test_erasing_twice_is_not_found(admin: GraphQLClient, said: Message) -> None:
    await admin(DELETE, contact=contact_id(said))
    done = await admin(DELETE, contact=contact_id(said))

    assert done["deleteContact"]["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_erasure_takes_user_of_unlinked_contact_too(
    admin: GraphQLClient, said: Message
) -> None:
    await admin(UNLINK, contact=contact_id(said))

    await admin(DELETE, contact=contact_id(said))

    assert await User.count() == 0


async def test_erasure_keeps_user_of_other_account(
    admin: GraphQLClient, said: Message, other_account: Account
) -> None:
    elsewhere = await write_message(other_account, "15550001111", "Hello there", name="Ada")
    for message in (said, elsewhere):
        await admin(UNLINK, contact=contact_id(message))

    await admin(DELETE, contact=contact_id(said))
    kept = await User.count()
    await admin(DELETE, contact=contact_id(elsewhere))

    assert (kept, await User.count()) == (1, 0)


async def test_last_contact_deletion_hides_user(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    said: Message,
    account: Account,
    other_account: Account,
) -> None:
    elsewhere = await write_message(other_account, "15550001111", "Hello there", name="Ada")
    limited = await make_client(Role.ADMIN, [account])
    contact = await Contact.get(said.contact_id)
    assert contact is not None
    user = encode_id("User", contact.user_id)
    query = "query ($id: ID!) { user(id: $id) { name } }"

    before = await limited(query, id=user)
    await limited(UNLINK, contact=contact_id(said))

    assert before["user"] == {"name": "Ada"}
    assert (await limited(query, id=user))["user"] is None
    others = await make_client(Role.ADMIN, [other_account])
    assert (await others(query, id=user))["user"] == {"name": "Ada"}
    await others(UNLINK, contact=contact_id(elsewhere))
    relinked = await others(LINK, contact=contact_id(elsewhere), user=user)
    assert relinked["linkContact"]["userErrors"] == []


async def test_user_is_erased_with_last_contact(
    admin: GraphQLClient, said: Message, other_account: Account
) -> None:
    user = await make_user(admin, externalId="crm-1")
    other = await write_message(other_account, "15550001112", "Hello")
    for message in (said, other):
        await admin(LINK, contact=contact_id(message), user=user)
    query = "query ($id: ID!) { user(id: $id) { externalId } }"

    await admin(DELETE, contact=contact_id(said))
    assert (await admin(query, id=user))["user"] == {"externalId": "crm-1"}

    await admin(DELETE, contact=contact_id(other))
    assert (await admin(query, id=user))["user"] is None


async def test_person_shows_contacts_they_are(
    agent: GraphQLClient, said: Message, account: Account
) -> None:
    contact = await Contact.get(said.contact_id)
    assert contact is not None
    user = await User.get(contact.user_id)
    query = """query ($id: ID!) { user(id: $id) { name
      contacts { edges { node { waId conversation { unreadCount } } } } } }"""

    shown = (await agent(query, id=id_of(user)))["user"]

    assert shown["name"] == "Ada"
    assert [edge["node"] for edge in shown["contacts"]["edges"]] == [
        {"waId": "15550001111", "conversation": {"unreadCount": 1}}
    ]
