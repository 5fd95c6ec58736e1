"""Finding contacts and users: by words and numbers, from an index that follows every change."""

from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.core.searching import match_keys
from models import Account, Contact, Identity, IdentityKind, User
from models.database.base import collection, match_workspace
from models.messages.words import list_words
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.migrations import migrate_again
from tests.fixtures.said import contact_id, write_message
from tests.fixtures.webhooks import WebhookClient
from whatsapp.contacts.contact_identities import learn_identities
from whatsapp.contacts.search_keys import index_stale

CONTACTS = "query ($s: String) { contacts(search: $s) { edges { node { profileName } } } }"
USERS = "query ($s: String) { users(search: $s) { edges { node { name } } } }"


async def find_contacts(client: GraphQLClient, search: str) -> list[str]:
    data = await client(CONTACTS, s=search)
    return sorted(edge["node"]["profileName"] for edge in data["contacts"]["edges"])


async def find_users(client: GraphQLClient, search: str) -> list[str]:
    data = await client(USERS, s=search)
    return sorted(edge["node"]["name"] for edge in data["users"]["edges"])


NAMES = {
    "15550001111": "Zoë Müller-Lüdenscheidt",
    "5511987654321": "José O’Brien",
    "15550003333": "山田太郎",
    "15550004444": "Иван Петров",
    "15550005555": "हिन्दी शर्मा",
    "15550006666": "İlker Straße",
}
FOUND = [
    ("zoe", ["15550001111"]),
    ("ZOË", ["15550001111"]),
    ("zoe\u0308", ["15550001111"]),
    ("müller", ["15550001111"]),
    ("lüden", ["15550001111"]),
    ("luden zo", ["15550001111"]),
    ("Müller-Lüdenscheidt", ["15550001111"]),
    ("zoe jose", []),
    ("jose", ["5511987654321"]),
    ("o'brien", ["5511987654321"]),
    ("OBrien", ["5511987654321"]),
    ("brien", ["5511987654321"]),
    ("山田", ["15550003333"]),
    ("太郎", ["15550003333"]),
    ("郎", ["15550003333"]),
    ("пет", ["15550004444"]),
    ("शर्मा", ["15550005555"]),
    ("हिन्दी", ["15550005555"]),
    ("ilker", ["15550006666"]),
    ("STRASSE", ["15550006666"]),
    ("traße", []),
    ("+55 (11) 98765-4321", ["5511987654321"]),
    ("8765", ["5511987654321"]),
    ("4321", ["5511987654321"]),
    # The other form of a Brazilian number is the same phone.
    ("551187654321", ["5511987654321"]),
    ("0004", ["15550004444"]),
    ("иван 15550004444", ["15550004444"]),
    ("nobody", []),
]


async def test_users_are_found_by_names_and_numbers(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    for phone, name in NAMES.items():
        await write_message(account, phone, "hello", name=name)

    for search, phones in FOUND:
        with subtests.test(search=search):
            expected = sorted(NAMES[phone] for phone in phones)
            assert await find_contacts(admin, search) == expected
            assert await find_users(admin, search) == expected
    assert len(await find_contacts(admin, " ")) == len(NAMES)


async def test_search_sees_every_change_at_once(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    message = await write_message(account, "15550001111", "hello", name="Ada")
    rename = """mutation ($id: ID!, $name: String) {
      updateContact(input: {contactId: $id, name: $name}) { contact { user { id } } } }"""
    change = """mutation ($id: ID!) { updateUser(input: {
      userId: $id, name: "Grace", email: "grace@navy.example", externalId: "CRM-0042"
    }) { user { id } userErrors { code } } }"""

    data = await admin(rename, id=contact_id(message), name="The big customer")
    assert await find_contacts(admin, "customer") == ["Ada"]
    await admin(rename, id=contact_id(message), name=None)
    assert await find_contacts(admin, "customer") == []

    await admin(change, id=data["updateContact"]["contact"]["user"]["id"])
    for search in ("grace", "navy", "crm-0042", "15550001111"):
        with subtests.test(search=search):
            assert await find_users(admin, search) == ["Grace"]
    assert await find_users(admin, "ada") == []


async def test_new_name_and_number_of_customer_are_found(
    admin: GraphQLClient, account: Account, webhook: WebhookClient
) -> None:
    await write_message(account, "15550001111", "hello", name="Ada")
    (contact,) = await Contact.find().to_list()

    await write_message(account, "15550001111", "hello", name="Countess Lovelace")
    identity = Identity(kind=IdentityKind.BSUID, value="US.13491208655302741918")
    await learn_identities(contact, [identity])

    assert await find_contacts(admin, "countess") == ["Countess Lovelace"]
    assert await find_contacts(admin, "ada") == []
    assert await find_contacts(admin, "US.1349") == ["Countess Lovelace"]


async def test_documents_without_keys_are_indexed_at_start(
    admin: GraphQLClient, account: Account
) -> None:
    await write_message(account, "15550001111", "hello", name="Ada")
    for document in (Contact, User):
        await collection(document).update_many(
            {}, {"$unset": {"search_keys": "", "stale_keys": ""}}
        )

    assert await find_contacts(admin, "ada") == []
    await migrate_again(collection(Contact).database)
    await index_stale()

    assert await find_contacts(admin, "ada") == ["Ada"]
    assert await find_users(admin, "ada") == ["Ada"]


async def test_stale_search_keys_are_repaired(admin: GraphQLClient, account: Account) -> None:
    await write_message(account, "15550001111", "hello", name="Ada")
    for document in (Contact, User):
        await collection(document).update_many({}, {"$set": {"name": "Grace", "stale_keys": True}})

    await index_stale()

    assert await find_contacts(admin, "grace") == ["Ada"]
    assert await find_users(admin, "grace") == ["Grace"]
    assert await collection(Contact).count_documents({"stale_keys": True}) == 0


async def test_keys_follow_from_other_fields_alone(admin: GraphQLClient, account: Account) -> None:
    await write_message(account, "15550001111", "hello", name="Ada")
    await write_message(account, "15550001111", "hello", name="Grace")
    before = [await collection(one).find().to_list() for one in (Contact, User)]

    for document in (Contact, User):
        await collection(document).update_many({}, {"$unset": {"search_keys": ""}})
    await migrate_again(collection(Contact).database)
    await index_stale()

    assert [await collection(one).find().to_list() for one in (Contact, User)] == before


@pytest.mark.parametrize("document", [Contact, User])
async def test_search_reads_index_and_no_more(
    admin: GraphQLClient,
    account: Account,
    database: AsyncDatabase[dict[str, Any]],
    document: type[Contact] | type[User],
) -> None:
    for number in range(300):
        await collection(document).insert_one(
            {"search_keys": [f"name{number:03}"], "identities": [{"value": str(number)}]}
            | {"account_id": account.id, "workspace_id": account.workspace_id}
        )
    of_account = (
        {"account_id": account.id} if document is Contact else match_workspace(account.workspace_id)
    )
    find = {"find": collection(document).name, "filter": match_keys("name12") | of_account}

    plan = await database.command({"explain": find, "verbosity": "executionStats"})

    assert plan["executionStats"]["nReturned"] == 10
    assert plan["executionStats"]["totalKeysExamined"] <= 12
    assert plan["executionStats"]["totalDocsExamined"] == 10


def test_words_are_plain() -> None:
    assert list_words("Ångström's  “Café”, n° 5!") == ["angstrom", "s", "cafe", "n", "5"]
    assert list_words("a\0b $where .* (x+)+$") == ["a", "b", "where", "x"]
