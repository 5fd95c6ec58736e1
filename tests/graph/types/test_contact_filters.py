"""Filters and orders of contacts and users, each from an index of the caller's accounts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Contact, Role, User
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from tests.fixtures.explained import Finds
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.migrations import migrate_again
from tests.fixtures.said import contact_id, id_of, write_message
from whatsapp.contacts.search_keys import derive_contact_fields, derive_user_fields, index_stale

CONTACTS = """query ($filter: ContactFilter, $search: String, $orderBy: ContactOrder, $first: Int,
  $after: String, $last: Int, $before: String, $accountId: ID) {
  list: contacts(filter: $filter, search: $search, orderBy: $orderBy, first: $first, after: $after,
    last: $last, before: $before, accountId: $accountId) {
    count { value } nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }"""
USERS = """query ($filter: UserFilter, $search: String, $orderBy: UserOrder, $first: Int) {
  list: users(filter: $filter, search: $search, orderBy: $orderBy, first: $first) {
    count { value } nodes { name } } }"""
CHANGE = """mutation ($id: ID!, $attributes: JSON) { updateContact(
  input: {contactId: $id, attributes: $attributes}) { userErrors { code } } }"""
OWN = 20
FOREIGN = 2_000  # with 100,000 it examines the same


async def find(client: GraphQLClient, query: str = CONTACTS, **variables: Any) -> list[str]:
    given = {"orderBy": "NAME"} | variables
    found = (await client(query, **given))["list"]
    names = [node["name"] for node in found["nodes"]]
    assert "first" in given or found["count"]["value"] == len(names)
    return names


def make_contact(account: Account, name: str, **fields: Any) -> dict[str, Any]:
    identity = {"kind": "wa_id", "value": f"1{new_id().binary.hex()}"}
    contact = Contact(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=new_id(),
        account_id=account.id,
        identities=[identity],
        name=name,
    )
    stored = to_bson(contact) | fields
    return stored | derive_contact_fields(stored)


async def add_contacts(*contacts: dict[str, Any]) -> None:
    await collection(Contact).insert_many(contacts)


async def test_contacts_are_filtered_by_every_condition(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    long = "x" * 300
    now = utc_now()
    await add_contacts(
        make_contact(account, "a", tags=["vip", "new"], attributes={"plan": "gold", "age": 7.0}),
        make_contact(account, "b", tags=["vip"], attributes={"plan": ["gold", "old"], "on": True}),
        make_contact(account, "c", tags=["new"], attributes={"plan": {"gold": 1}, "age": "7"}),
        make_contact(account, "d", blocked=True, attributes={"note": long, "on": None, "n": 1}),
        make_contact(account, "e", marketing_opt_out=True, created_at=now - timedelta(days=9)),
    )
    await write_message(account, "15550001111", "hello")
    await collection(Contact).update_one({"name": None}, {"$set": {"name": "f"}})
    before, after = (now - timedelta(days=days) for days in (10, 8))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"tags": {"all": ["vip", "new"]}}, "a"),
        ({"tags": {"any": ["vip", "new"]}}, "abc"),
        ({"tags": {"all": "vip", "any": ["new", "other"]}}, "a"),
        ({"tags": {"all": [], "any": []}}, "abcdef"),
        ({"attributes": {"plan": "gold"}}, "ab"),
        ({"attributes": {"plan": "gold", "age": 7}}, "a"),
        ({"attributes": {"age": "7"}}, "c"),
        ({"attributes": {"on": True}}, "b"),
        ({"attributes": {"on": None, "note": long}}, "d"),
        ({"attributes": {"n": True}}, ""),
        ({"attributes": {}}, "abcdef"),
        ({"blocked": True}, "d"),
        ({"blocked": False}, "abcef"),
        ({"marketingOptOut": True}, "e"),
        ({"hasConversation": True}, "f"),
        ({"hasConversation": False}, "abcde"),
        ({"createdSince": before.isoformat(), "createdUntil": after.isoformat()}, "e"),
        ({"hasUser": True, "tags": {"any": ["vip"]}}, ""),
    ]

    for given, names in cases:
        with subtests.test(filter=given):
            assert sorted(await find(admin, filter=given)) == [*names]
    refused = [{"attributes": "gold"}, {"attributes": {"plan": {}}}, {"userId": id_of(account)}]
    for wrong in [*refused, {"attributes": dict.fromkeys(map(str, range(17)), 1)}]:
        assert await admin.find_error_code(CONTACTS, filter=wrong) == "BAD_USER_INPUT"


async def test_filter_follows_change_of_attributes(admin: GraphQLClient, account: Account) -> None:
    message = await write_message(account, "15550001111", "hello")
    gold: dict[str, Any] = {"filter": {"attributes": {"plan": "gold"}}}

    for plan, number in (("gold", 1), ("silver", 0), ("gold", 1)):
        await admin(CHANGE, id=contact_id(message), attributes={"plan": plan})
        assert len(await find(admin, **gold)) == number

    create = """mutation ($a: JSON) { createUser(input: {name: "Ada", attributes: $a}) {
      userErrors { code } } }"""
    await admin(create, a={"plan": "gold"})
    assert await find(admin, USERS, **gold) == ["Ada"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_migration_prepares_filters(
    admin: GraphQLClient, account: Account, wanted: bool
) -> None:
    await write_message(account, "15550001111", "hello")
    await add_contacts(make_contact(account, "Silent", attributes={"plan": "gold"}))
    derived = {"attribute_keys": "", "has_conversation": "", "sort_name": ""}
    await collection(Contact).update_many({}, {"$unset": derived})

    await migrate_again(collection(Contact).database)
    await index_stale()

    expected = [None] if wanted else ["Silent"]
    assert await find(admin, filter={"hasConversation": wanted}) == expected
    assert await find(admin, filter={"attributes": {"plan": "gold"}}) == ["Silent"]


COSTS: list[tuple[str, dict[str, Any]]] = [
    ("tags", {"filter": {"tags": {"all": ["vip"]}}}),
    ("tags", {"filter": {"tags": {"any": ["vip", "old"]}}, "orderBy": "NEWEST"}),
    ("attribute_keys", {"filter": {"attributes": {"plan": "gold"}}, "orderBy": "NEWEST"}),
    ("attribute_keys", {"filter": {"attributes": {"plan": "gold"}}}),
    ("blocked", {"filter": {"blocked": True}}),
    ("marketing_opt_out", {"filter": {"marketingOptOut": True}}),
    ("has_conversation", {"filter": {"hasConversation": False}}),
    ("created_at", {"filter": {"createdSince": "2020-01-01T00:00:00Z"}}),
    ("search_keys", {"search": "custom"}),
    ("account_id", {}),
]


async def test_contacts_of_other_accounts_cost_nothing(
    finds: Finds,
    make_client: Any,
    admin: GraphQLClient,
    account: Account,
    other_account: Account,
    subtests: pytest.Subtests,
) -> None:
    marks = {"tags": ["vip"], "attributes": {"plan": "gold"}}
    states = {"blocked": True, "marketing_opt_out": True, "has_conversation": False}
    for owner, number in ((account, OWN), (other_account, FOREIGN)):
        await add_contacts(
            *(make_contact(owner, f"Customer{at}", **marks, **states) for at in range(number))
        )
    limited = await make_client(Role.VIEWER, [account])

    for client, more in ((limited, {}), (admin, {"accountId": id_of(account)})):
        for field, variables in COSTS:
            with subtests.test(more=[*more], **variables):
                finds.clear()
                assert len(await find(client, **variables, **more)) == OWN
                work = await finds.explain("contacts", field)
                assert work["totalKeysExamined"] <= OWN + 2
                assert work["totalDocsExamined"] <= OWN


async def test_users_of_other_accounts_cost_nothing(
    finds: Finds,
    make_client: Any,
    account: Account,
    other_account: Account,
    subtests: pytest.Subtests,
) -> None:
    for owner, number in ((account, OWN), (other_account, FOREIGN)):
        await collection(User).insert_many(make_users(owner, range(number)))
    limited = await make_client(Role.VIEWER, [account])
    gold: dict[str, Any] = {"filter": {"attributes": {"plan": "gold"}}}

    for variables in ({}, {"orderBy": "NEWEST"}, gold, {"search": "custom"}):
        with subtests.test(**variables):
            finds.clear()
            names = await find(limited, USERS, **variables)
            assert sorted(names) == sorted(f"Customer{at}" for at in range(OWN))
            work = await finds.explain("users", "account_ids")
            assert work["totalKeysExamined"] <= OWN + 2
            assert work["totalDocsExamined"] <= OWN


async def test_users_of_several_accounts_need_no_extra_reads(
    finds: Finds, make_client: Any, account: Account, other_account: Account
) -> None:
    for owner in (account, other_account):
        await collection(User).insert_many(make_users(owner, range(100)))
    # Newer ones, which the index of all users has first.
    hidden = account.model_copy(update={"id": new_id()})
    await collection(User).insert_many(make_users(hidden, range(FOREIGN)))
    limited = await make_client(Role.VIEWER, [account, other_account])

    for order in ("NEWEST", "NAME"):
        finds.clear()
        assert len(await find(limited, USERS, orderBy=order, first=5)) == 5
        work = await finds.explain("users", "account_ids")
        # The page, one more, and the next user of each account; a sort would read all.
        assert work["totalKeysExamined"] <= 9


def make_users(account: Account, numbers: Sequence[int]) -> list[dict[str, Any]]:
    users = [
        to_bson(
            User(
                workspace_id=DEFAULT_WORKSPACE_ID,
                id=new_id(),
                name=f"Customer{number}",
                account_ids=[account.id],
                attributes={"plan": "gold"},
            )
        )
        for number in numbers
    ]
    return [user | derive_user_fields(user) for user in users]


async def test_users_are_sorted_by_name(admin: GraphQLClient, account: Account) -> None:
    for number, name in enumerate(("bob", "Émile", "Ada", None)):
        await write_message(account, f"1555000{number:04}", "hello", name=name)

    assert await find(admin, USERS) == [None, "Ada", "bob", "Émile"]
    assert await find(admin, USERS, orderBy="NEWEST") == [None, "Ada", "Émile", "bob"]
