"""Contacts in the order of their last activity."""

from typing import Any

import pytest

from models import Account, Contact, Conversation, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson
from tests.fixtures.explained import Finds
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.graph.types.test_contact_filters import CONTACTS, add_contacts, make_contact

MODULE = "graph.types.inbox.contact_activity"
# In the order of their messages.
NAMES = ["Ada", "Bob", "Cid", "Ada", "Dan", "Eve", "Bob"]
BY_ACTIVITY = ["Bob", "Eve", "Dan", "Ada", "Cid"]
TAGGED = ["Bob", "Dan", "Ada"]
FOREIGN = 2_000  # with 100,000 it examines the same


@pytest.fixture
async def contacts(account: Account) -> None:
    for name in NAMES:
        await write_message(account, f"1555000{ord(name[0]):04}", "hello", name=name)
    for name in BY_ACTIVITY:
        marks = {"name": name, "tags": ["vip"] if name in TAGGED else []}
        await collection(Contact).update_one({"profile_name": name}, {"$set": marks})
    await add_contacts(make_contact(account, "Silent", tags=["vip"]))


async def walk(client: GraphQLClient, *, backward: bool, **variables: Any) -> list[str]:
    """Reads all pages of two contacts; returns their names in the order of the list."""
    names: list[str] = []
    size, cursor = ("last", "before") if backward else ("first", "after")
    page: dict[str, Any] = {size: 2}
    has_more = True
    while has_more:
        found = (await client(CONTACTS, orderBy="LAST_ACTIVITY", **variables, **page))["list"]
        read = [node["name"] for node in found["nodes"]]
        names = read + names if backward else names + read
        info = found["pageInfo"]
        page[cursor] = info["startCursor" if backward else "endCursor"]
        has_more = info["hasPreviousPage" if backward else "hasNextPage"]
    assert found["count"]["value"] == len(names)
    return names


@pytest.mark.parametrize("many", [0, 100, 2])
async def test_pages_of_active_contacts(
    admin: GraphQLClient,
    account: Account,
    contacts: None,
    many: int,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    if many:
        monkeypatch.setattr(f"{MODULE}.MAX_NAMED", 1)
        monkeypatch.setattr(f"{MODULE}.SCANNED_AT_ONCE", 2)
        # With 2, pages end before they are full, and an empty page has a cursor, too.
        monkeypatch.setattr(f"{MODULE}.MAX_SCANNED", many)
    tagged = {"filter": {"tags": {"all": ["vip"]}}}

    for backward in (False, True):
        with subtests.test(backward=backward):
            assert await walk(admin, backward=backward) == BY_ACTIVITY
            assert await walk(admin, backward=backward, **tagged) == TAGGED
            assert await walk(admin, backward=backward, filter={"blocked": True}) == []
            assert await walk(admin, backward=backward, search="dan", **tagged) == ["Dan"]


async def test_activity_in_other_accounts_costs_nothing(
    finds: Finds,
    make_client: Any,
    account: Account,
    other_account: Account,
    contacts: None,
) -> None:
    foreign = [
        to_bson(
            Conversation(
                workspace_id=DEFAULT_WORKSPACE_ID,
                id=new_id(),
                account_id=other_account.id,
                contact_id=new_id(),
            )
        )
        for _ in range(FOREIGN)
    ]
    await collection(Conversation).insert_many(foreign)
    limited = await make_client(Role.VIEWER, [account])

    for given in ({}, {"filter": {"tags": {"all": ["vip"]}}}):
        finds.clear()
        data = await limited(CONTACTS, orderBy="LAST_ACTIVITY", **given)
        names = [node["name"] for node in data["list"]["nodes"]]
        assert names == (TAGGED if given else BY_ACTIVITY)
        work = await finds.explain("conversations", "account_id")
        assert work["totalKeysExamined"] <= 2 * len(BY_ACTIVITY)
        assert work["totalDocsExamined"] <= len(BY_ACTIVITY)
