"""Queries and data of a caller do not affect plans and caches of other callers."""

from pathlib import Path
from typing import Any

import pytest

from graph.execution.known_queries import KnownQueries
from graph.execution.plan import MAX_BAILOUTS
from graph.limits.fair_cache import FairCache
from models import Account, Contact, Role
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

INBOX = (Path(__file__).parents[3] / "bench" / "operations" / "inbox.graphql").read_text()
SINCE = """query Inbox($since: DateTime) {
  conversations(first: 5, filter: { activeSince: $since }) { edges { node { id } } }
}"""
MakeClient = Any


async def test_bailouts_of_account_keep_plan_for_others(
    account: Account,
    other_account: Account,
    make_client: MakeClient,
    known_queries: KnownQueries,
) -> None:
    await write_message(account, "15550001111", "Hello")
    await write_message(other_account, "15550002222", "Hello")
    ours = await make_client(Role.VIEWER, accounts=[account])
    theirs = await make_client(Role.VIEWER, accounts=[other_account])
    await collection(Contact).update_one(
        {"account_id": other_account.id}, {"$set": {"phone_number": {}}}
    )
    for _ in range(2):
        await ours(INBOX)

    for _ in range(3 * MAX_BAILOUTS):
        assert "errors" in await theirs.post(INBOX)
    planned, bailed_out = known_queries.planned, known_queries.bailed_out
    await theirs.post(INBOX)
    for _ in range(3):
        await ours(INBOX)

    assert known_queries.planned == planned + 3
    assert known_queries.bailed_out == bailed_out, "a paused plan is not tried"


@pytest.mark.parametrize(
    "since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "yesterday", 5]
)
async def test_malformed_dates_leave_plan_to_others(
    admin: GraphQLClient, make_client: MakeClient, known_queries: KnownQueries, since: object
) -> None:
    viewer = await make_client(Role.VIEWER)
    for _ in range(2):
        await admin(SINCE)
    for _ in range(2 * MAX_BAILOUTS):
        await viewer.post(SINCE, since=since)

    planned = known_queries.planned
    await admin(SINCE)
    assert known_queries.planned == planned + 1


async def test_one_callers_documents_evict_no_other_plans(
    admin: GraphQLClient, make_client: MakeClient, known_queries: KnownQueries
) -> None:
    viewer = await make_client(Role.VIEWER)
    for _ in range(2):
        await admin("{ viewer { name } }")
    for number in range(300):
        await viewer(f"{{ n{number}: viewer {{ role }} }}")
    for number in range(300):
        await GraphQLClient(admin.http, None).post(f"{{ n{number}: __typename }}")

    planned = known_queries.planned
    await admin("{ viewer { name } }")
    assert known_queries.planned == planned + 1


def test_fair_cache_evicts_from_largest_share() -> None:
    evicted: list[str] = []
    cache: FairCache[str, str] = FairCache(4, on_evict=evicted.append)
    cache.add("a", "a", "ours")
    for name in "vwxyz":
        cache.add(name, name, "theirs")
    assert evicted == ["v", "w"]
    assert cache.get("a", "ours") == "a"
    assert cache.size == 4

    # A shared entry belongs to the caller with the smaller share.
    assert cache.get("x", "ours") == "x"
    for name in "stu":
        cache.add(name, name, "theirs")
    assert cache.get("x", "theirs") == "x"


@pytest.mark.parametrize("shown", ["id", "__typename id", "id name", "id health { state }"])
async def test_part_of_account_keeps_plan(
    account: Account, admin: GraphQLClient, known_queries: KnownQueries, shown: str
) -> None:
    await write_message(account, "15550001111", "Hello")
    query = f"{{ conversations {{ edges {{ node {{ account {{ {shown} }} }} }} }} }}"
    for _ in range(3):
        await admin(query)

    assert (known_queries.planned, known_queries.bailed_out) == (2, 0)
