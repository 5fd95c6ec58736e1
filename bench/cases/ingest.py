"""Webhooks, counted once their effect is in MongoDB."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from bson import ObjectId

from bench.case import CHANGED_WORLD, Case, Figures, Run
from bench.cases.loading import offer, require_good, send_all, share_cpu, wait_for_effects
from bench.documents import OUTBOUND, make_status_times, make_wamid
from bench.load.webhook_bodies import STATUSES, Item, make_messages, make_status, make_webhook
from bench.world import insert_fast
from models import MessageStatus
from models.database.base import utc_now


def make_prefix(run: Run, kind: str = "B") -> str:
    """Prefix of the names in a run; the warm-up has a different kind."""
    return f"{kind}{run.number:04}x"


def make_message_webhooks(run: Run, prefix: str, count: int) -> list[bytes]:
    """Returns webhooks with a message each."""
    return [make_webhook([one]) for one in make_messages(run.world.customers, prefix, count)]


async def count_messages(run: Run, prefix: str) -> int:
    wamids = {"$gte": f"wamid.{prefix}", "$lt": f"wamid.{prefix}~"}
    query = {"account_id": run.world.main_account, "wamid": wamids}
    return await run.database["messages"].count_documents(query)


async def wait_until_processed(run: Run, count: Callable[[], Awaitable[int]], wanted: int) -> float:
    """Waits until all effects are stored and no event is left.

    Raises:
        CaseFailedError: effects are missing: lost, or the server does not keep up.
    """

    async def find_missing() -> str | None:
        found = await count()
        if found >= wanted:
            waiting = await run.database["webhook_events"].find_one({"state": "RECEIVED"})
            if waiting is None:
                return None
        return f"{found} of {wanted} effects"

    return await wait_for_effects(find_missing)


async def warm_up(run: Run) -> None:
    """Warms up compilers and pools, and waits until all webhooks are processed."""
    prefix, count = make_prefix(run, "W"), int(run.pick(quick=200, full=400))
    require_good(await send_all(run, make_message_webhooks(run, prefix, count)))
    if run.server.contender.processes_webhooks:
        await wait_until_processed(run, lambda: count_messages(run, prefix), count)


async def measure_webhook(run: Run) -> Figures:
    """Webhooks of a message each, at full speed."""
    return await _measure_closed(run, items_each=1, count=int(run.pick(quick=1000, full=2500)))


async def measure_batches(run: Run) -> Figures:
    """Webhooks of a hundred messages and statuses each."""
    return await _measure_closed(run, items_each=100, count=int(run.pick(quick=30, full=60)))


async def _measure_closed(run: Run, *, items_each: int, count: int) -> Figures:
    figures: Figures = {}
    prefix, people = make_prefix(run), run.world.customers
    if items_each == 1:
        items: list[Item] = list(make_messages(people, prefix, count))
        pool: list[dict[str, Any]] = []
    else:
        half = count * items_each // 2
        pool = await insert_accepted(run, -(-half // len(STATUSES)))
        statuses = list_statuses(pool)[:half]
        pairs = zip(make_messages(people, prefix, half), statuses, strict=True)
        items = [one for pair in pairs for one in pair]
    messages = sum(one["kind"] == "messages" for one in items)
    parts = range(0, len(items), items_each)
    requests = [make_webhook(items[at : at + items_each]) for at in parts]
    await warm_up(run)
    async with run.measured(figures):
        started = time.perf_counter()
        result = await send_all(run, requests)
        require_good(result)
        ended = await wait_until_processed(run, lambda: count_messages(run, prefix), messages)
    return figures | {
        "rate": len(items) / (ended - started),
        "acked_rate": result.rate * items_each,
        "ack_p50_ms": result.percentile_ms(50),
        "ack_p99_ms": result.percentile_ms(99),
        **share_cpu(figures, len(items)),
    }


async def measure_open_loop(run: Run) -> Figures:
    """Time to the 200 at a fixed rate, whether or not the server keeps up."""
    figures: Figures = {}
    rate, prefix = 1000 * run.scale, make_prefix(run)
    count = int(rate * run.pick(quick=4, full=8))
    await warm_up(run)
    requests = make_message_webhooks(run, prefix, count)
    async with run.measured(figures):
        result = await offer(run, requests, rate=rate)
        require_good(result)
        acked = time.perf_counter()
        ended = acked
        if run.server.contender.processes_webhooks:
            ended = await wait_until_processed(run, lambda: count_messages(run, prefix), count)
    return figures | {
        "ack_p99_ms": result.percentile_ms(99),
        "ack_p50_ms": result.percentile_ms(50),
        "offered_rate": rate,
        "acked_rate": result.rate,
        "kept_up": "yes" if ended - acked < 1 and result.rate > 0.9 * rate else "no",
        "late_s": ended - acked,
        **share_cpu(figures, count),
    }


async def insert_accepted(run: Run, count: int) -> list[dict[str, Any]]:
    """Inserts accepted messages without statuses."""
    people, now = run.world.customers, utc_now()
    documents = []
    for number in range(count):
        person, message_id = people[number % len(people)], ObjectId()
        documents.append(
            OUTBOUND
            | {
                "_id": message_id,
                **person.keys,
                "content": {"body": "Your parcel is on its way.", "preview_url": False},
                "text": "Your parcel is on its way.",
                "wamid": make_wamid(str(message_id), person.wa_id),
                "timestamp": now,
                "status_times": make_status_times(now, MessageStatus.ACCEPTED),
                "status_rank": MessageStatus.ACCEPTED.rank,
                "input_digest": str(message_id),
                "created_at": now,
            }
        )
    for at in range(0, count, 5000):
        await insert_fast(run.database, "messages", documents[at : at + 5000])
    return documents


def list_statuses(pool: list[dict[str, Any]]) -> list[Item]:
    """Lists statuses in time order: all sent, then all delivered, then all read."""
    return [
        make_status("16505000000", one["wamid"], one["_id"], status)
        for status in STATUSES
        for one in pool
    ]


CASES = [
    Case(
        "webhook",
        "webhook with one message, until processed",
        measure_webhook,
        needs_graphql=False,
        needs_processing=True,
        shown=("acked_rate", "ack_p50_ms", "ack_p99_ms"),
        **CHANGED_WORLD,
    ),
    Case(
        "webhook_1000",
        "webhooks at a steady rate: time to the 200, p99",
        measure_open_loop,
        main="ack_p99_ms",
        unit="ms",
        less_is_better=True,
        needs_graphql=False,
        rounds=1,
        only_main=True,
        shown=("ack_p50_ms", "offered_rate", "kept_up", "late_s"),
        **CHANGED_WORLD,
    ),
    Case(
        "webhook_100",
        "webhook with 100 items, items until processed",
        measure_batches,
        needs_graphql=False,
        needs_processing=True,
        rounds=1,
        shown=("acked_rate", "ack_p99_ms"),
        **CHANGED_WORLD,
    ),
]
