"""Reads: an inbox page, a page of a conversation, a small object."""

import itertools
import random
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from bson import ObjectId

from bench.case import Case, Figures, Run
from bench.cases.loading import CONNECTIONS, describe, require_good
from bench.documents import Person
from bench.load.http_load import Check, run_closed_loop
from bench.load.requests import (
    choose_check,
    make_cursor,
    make_global_id,
    make_graphql_request,
    make_request,
)
from bench.world import World

PAGE_SIZE = 50
PLACES, NEWEST_PAGES = 60, 2
"""Per list: the number of pages at random places, and of newest pages."""

MakeRequests = Callable[[World, bool], list[bytes]]


def make_inbox(world: World, has_graphql: bool) -> list[bytes]:
    """Returns requests for the newest page and older pages, over all accounts and over each.

    Pages are full and begin anywhere, as in a moving list, so concurrent requests differ.
    """
    requests = []
    for account in (None, *world.accounts):
        places = [one for one in world.activity if account in (None, one[1].account_id)]
        last = len(places) - PAGE_SIZE - 1
        starts = random.Random(2).sample(range(max(last, 0)), min(PLACES, max(last, 0)))
        cursors = [make_cursor(places[at][0], places[at][1].conversation_id) for at in starts]
        if last >= 0:
            requests += [
                _make_page(world, account, after, has_graphql)
                for after in [None] * NEWEST_PAGES + cursors
            ]
    random.Random(3).shuffle(requests)
    return requests


def _make_page(
    world: World, account: ObjectId | None, after: str | None, has_graphql: bool
) -> bytes:
    if not has_graphql:
        given = {"account": account and str(account), "after": after}
        query = urlencode({name: value for name, value in given.items() if value})
        return _make_get(world, f"/inbox?{query}")
    account_id = account and make_global_id("Account", account)
    return make_graphql_request(world.api_key, "inbox", {"accountId": account_id, "after": after})


def make_messages(world: World, has_graphql: bool) -> list[bytes]:
    return _make_of_conversations(world, "messages", world.busy, has_graphql)


def make_small(world: World, has_graphql: bool) -> list[bytes]:
    return _make_of_conversations(world, "small", world.customers, has_graphql)


def _make_of_conversations(
    world: World, operation: str, people: list[Person], has_graphql: bool
) -> list[bytes]:
    ids = [person.conversation_id for person in people]
    random.Random(1).shuffle(ids)
    if not has_graphql:
        return [_make_get(world, f"/{operation}/{one}") for one in ids]
    return [
        make_graphql_request(world.api_key, operation, {"id": make_global_id("Conversation", one)})
        for one in ids
    ]


def _make_get(world: World, path: str) -> bytes:
    return make_request("GET", path, Authorization=f"Bearer {world.api_key}")


async def measure_requests(
    run: Run, requests: list[bytes], check: Check, *, connections: int = CONNECTIONS
) -> Figures:
    """Measures throughput and latency of a closed loop after a warm-up."""
    figures: Figures = {}
    cycle = itertools.cycle(requests)
    port = run.server.port
    warm_up = run.pick(quick=3.0, full=5.0)
    await run_closed_loop(port, cycle, connections=connections, check=check, seconds=warm_up)
    async with run.measured(figures):
        seconds = run.pick(quick=3.0, full=6.0)
        result = await run_closed_loop(
            port, cycle, connections=connections, check=check, seconds=seconds
        )
    require_good(result)
    return figures | describe(result, figures)


def _make_measure(make: MakeRequests) -> Callable[[Run], Awaitable[Figures]]:
    async def measure(run: Run) -> Figures:
        has_graphql = run.server.contender.has_graphql
        requests = make(run.world, has_graphql)
        return await measure_requests(run, requests, choose_check(has_graphql))

    return measure


READS: dict[str, MakeRequests] = {
    "inbox": make_inbox,
    "messages": make_messages,
    "small": make_small,
}
_TITLES = {
    "inbox": "inbox: a page of 50 conversations",
    "messages": "a page of 50 messages with their content",
    "small": "one conversation, four fields",
}
CASES = [
    Case(name, _TITLES[name], _make_measure(make), needs_graphql=False, shown=("p50_ms", "p99_ms"))
    for name, make in READS.items()
]
