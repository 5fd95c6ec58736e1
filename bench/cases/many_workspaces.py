"""One server for 1,000 workspaces with three accounts each: start, idle cost, and pages of one."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bson import ObjectId

from bench.case import CHANGED_WORLD, Case, Figures, Run
from bench.cases.loading import describe, require_good
from bench.cases.reads import make_inbox, make_messages
from bench.documents import Fields, History, make_contact, make_id, make_people, make_user
from bench.load.http_load import run_closed_loop
from bench.load.requests import check_graphql
from bench.world import World, insert_fast
from models import Account, HealthState, Workspace
from models.database.base import WORKSPACE_FIELD, collection, new_id, to_bson, utc_now

WORKSPACES = 1_000
ACCOUNTS = 3
CUSTOMERS = 10
"""Of each account."""
IDLE_SECONDS = 20.0
REQUESTS = 400


@asynccontextmanager
async def add_workspaces(_world: World) -> AsyncIterator[None]:
    """Adds all workspaces but the one that is measured, before the server starts."""
    generator = random.Random(2)  # other ids than those of the world
    for first in range(1, WORKSPACES, 100):
        documents: dict[str, list[Fields]] = {}
        for number in range(first, min(first + 100, WORKSPACES)):
            for name, rows in _make_workspace(number, generator).items():
                documents.setdefault(name, []).extend(rows)
        for name, rows in documents.items():
            await insert_fast(collection(Workspace).database, name, rows)
    yield


def _make_workspace(number: int, generator: random.Random) -> dict[str, list[Fields]]:
    workspace = Workspace(id=new_id(), name=f"Tenant {number}", name_key=f"tenant {number}")
    accounts = [_make_account(workspace, number * ACCOUNTS + index) for index in range(ACCOUNTS)]
    rows: dict[str, list[Fields]] = {"contacts": [], "users": [], "conversations": []}
    rows["messages"], now = [], utc_now()
    ids = [ObjectId(account.id) for account in accounts]
    for person in make_people(CUSTOMERS * ACCOUNTS, ids, generator=generator):
        history = History(person, 1, now=now, seed=number * 1_000_000)
        rows["messages"] += history.messages
        rows["conversations"].append(history.make_conversation())
        rows["contacts"].append(make_contact(person, now))
        rows["users"].append(make_user(person, now))
    for row in itertools.chain.from_iterable(rows.values()):
        row[WORKSPACE_FIELD] = workspace.id
    rows["accounts"] = [to_bson(account) for account in accounts]
    return rows | {"workspaces": [to_bson(workspace)]}


def _make_account(workspace: Workspace, number: int) -> Account:
    account = Account(
        id=new_id(),
        workspace_id=workspace.id,
        name=f"Shop {number}",
        phone_number_id=f"3{number:011}",
        business_account_id=f"4{number // ACCOUNTS:011}",
        access_token="",
        verify_token="",
        verify_token_digest=str(make_id(random.Random(number))),
    )
    account.health.state = HealthState.OK
    account.template_sync.due_at = utc_now() + timedelta(days=1)
    return account


async def measure_tenant(run: Run) -> Figures:
    """Measures the server at rest, then pages of the workspace with all the messages, in turn."""
    idle: Figures = {}
    async with run.measured(idle):
        await asyncio.sleep(IDLE_SECONDS)
    figures: Figures = {
        "start_s": run.server.ready_seconds,
        "idle_server_percent": float(idle["server_cpu_s"]) / IDLE_SECONDS * 100,
        "idle_mongod_percent": float(idle["mongod_cpu_s"]) / IDLE_SECONDS * 100,
    }
    for name, make in (("inbox", make_inbox), ("messages", make_messages)):
        requests = itertools.cycle(make(run.world, True))
        pages = await _read_pages(run, requests)
        figures |= {f"{name}_{key}": pages[key] for key in ("p50_ms", "p99_ms")}
    return figures | {"peak_rss_mb": idle["peak_rss_mb"]}


async def _read_pages(run: Run, requests: Iterator[bytes]) -> Figures:
    figures: Figures = {}
    for count in (REQUESTS // 4, REQUESTS):  # the first warms up
        async with run.measured(figures):
            result = await run_closed_loop(
                run.server.port,
                itertools.islice(requests, count),
                connections=1,
                check=check_graphql,
            )
        require_good(result)
    return describe(result, figures)


_SHARED: dict[str, Any] = {
    "main": "inbox_p50_ms",
    "unit": " ms",
    "less_is_better": True,
    "shown": (
        "inbox_p99_ms",
        "messages_p50_ms",
        "messages_p99_ms",
        "start_s",
        "idle_server_percent",
        "idle_mongod_percent",
        "peak_rss_mb",
    ),
    "only_wagraph": True,
    **CHANGED_WORLD,
}
CASES = [
    Case("one_workspace", "a page of the inbox, of the only workspace", measure_tenant, **_SHARED),
    Case(
        "many_workspaces",
        "a page of the inbox, of one of 1,000 workspaces with three accounts each",
        measure_tenant,
        open_meta=add_workspaces,
        **_SHARED,
    ),
]
