"""The plans that are compiled, and the plans that are kept."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from graph.execution.known_queries import KnownQueries
from graph.limits.bounds import Limits
from models import Account, Role
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

INBOX = "{ conversations(first: 3) { edges { node { id contact { name } } } } }"
PAGE = "query ($after: String) { conversations(first: 1, after: $after) { edges { cursor } } }"
MakeClient = Any


@pytest.fixture
def limits() -> Limits:
    """Documents may have more fields than a plan."""
    return replace(Limits.from_settings(), tokens=3000)


@pytest.fixture(autouse=True)
async def _messages(account: Account) -> None:
    for number in range(3):
        await write_message(account, f"1555000111{number}", "Hello")


def name_differently(number: int) -> str:
    """Operations that are not equal, each of four steps or more."""
    return INBOX.replace("node {", f"node {{ n{number}: id")


@pytest.mark.parametrize("capacity", [{"plan_steps": 30}], indirect=True, ids=["30 steps"])
async def test_least_recently_used_plans_are_evicted(
    admin: GraphQLClient, known_queries: KnownQueries
) -> None:
    for number in range(12):
        for _ in range(2):
            answer = await admin(name_differently(number))
            assert len(answer["conversations"]["edges"]) == 3

    assert known_queries.plan_cache.steps <= 30
    planned = known_queries.planned
    for number in range(12):
        await admin(name_differently(number))
    assert known_queries.planned == planned + 12


async def test_oversized_operation_gets_no_plan(
    admin: GraphQLClient, known_queries: KnownQueries
) -> None:
    parts = " ".join(f"... on {kind} {{ __typename }}" for kind in ("TextContent", "MediaContent"))
    fields = (
        "id type text status timestamp direction groupId forwarded errors { code title details }"
    )
    messages = f"messages(first: 1) {{ edges {{ node {{ {fields} content {{ {parts} }} }} }} }}"
    spread = " ".join(f"...F{number}" for number in range(28))
    fragments = " ".join(
        f"fragment F{number} on Conversation {{ m{number}: {messages} }}" for number in range(28)
    )
    query = f"{{ conversations(first: 1) {{ edges {{ node {{ {spread} }} }} }} }} {fragments}"

    first, second = await admin(query), await admin(query)

    assert first == second
    assert (known_queries.planned, known_queries.plan_cache.steps) == (0, 0)


async def test_anonymous_operation_gets_no_plan(
    client: httpx.AsyncClient, known_queries: KnownQueries
) -> None:
    nobody = GraphQLClient(client, None)
    for _ in range(3):
        answer = await nobody.post(INBOX)
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    assert known_queries.plan_cache.steps == 0


async def test_what_callers_do_wrong_gives_no_plan_up(
    admin: GraphQLClient,
    client: httpx.AsyncClient,
    make_client: MakeClient,
    known_queries: KnownQueries,
) -> None:
    nobody, viewer = GraphQLClient(client, None), await make_client(Role.VIEWER)
    keys = "{ apiKeys(first: 1) { edges { cursor } } }"
    for query in (PAGE, keys):
        await admin(query)
        await admin(query)
    for _ in range(8):
        await nobody.post(PAGE)
        assert "errors" in await admin.post(PAGE, after="made up")
        assert "errors" in await viewer.post(keys)

    planned = known_queries.planned
    for query in (PAGE, keys):
        await admin(query)
    assert known_queries.planned == planned + 2
