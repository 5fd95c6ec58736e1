"""Sustained share of Meta's top tier on a number: 1,000 messages and 3,000 statuses a second.

The share is doubled while the server keeps up and halved while it does not; then the middle is
tried once.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.ingest import (
    count_messages,
    insert_accepted,
    list_statuses,
    make_prefix,
    warm_up,
)
from bench.cases.loading import POLL_SECONDS, PROCESS_SECONDS, offer, share_cpu
from bench.load.http_load import LoadResult, find_percentile
from bench.load.webhook_bodies import STATUSES, Item, make_messages, make_webhook

MESSAGES_PER_SECOND = 1000
ITEMS_PER_MESSAGE = 1 + len(STATUSES)
STEPS = 6
SMALLEST = 0.01
SETTLED_SECONDS = 15.0
"""Missing effects count as lost after so long without a change."""
_SAMPLES = 200
_SAMPLE_POLL_SECONDS = 0.02


@dataclass
class _Step:
    """Measures a share of the rate for several seconds."""

    share: float
    total: int
    seconds: float
    """Seconds from the first item sent to the last effect."""
    kept_up: bool
    lost: int
    backlog: int
    """Items without an effect when the last item was sent."""
    lags: list[float]
    acks: LoadResult


@dataclass
class _Load:
    messages: list[Item]
    pool: list[dict[str, Any]]
    """The messages that get statuses."""
    prefix: str
    requests: list[bytes]
    samples: list[tuple[int, str]] = field(default_factory=list)
    """Request number and the wamid of a message in it."""


async def measure_top_tier(run: Run) -> Figures:
    figures: Figures = {}
    await warm_up(run)
    steps: list[_Step] = []
    async with run.measured(figures):
        share: float | None = min(run.scale, 1.0)
        while share is not None and len(steps) < STEPS:
            steps.append(await _try_share(run, share, number=len(steps)))
            show_step(steps[-1])
            share = choose_next(steps)
    kept = max((one for one in steps if one.kept_up), key=lambda one: one.share, default=None)
    if kept is None:
        raise CaseFailedError(f"not even {steps[-1].share:.1%} of the rate was kept up")
    most = max(steps, key=lambda one: one.share)
    items = sum(one.total for one in steps)
    return figures | {
        "rate": kept.share * MESSAGES_PER_SECOND * ITEMS_PER_MESSAGE,
        "kept_up": "yes" if kept.share >= 1 else "no",
        "share": f"{kept.share:.3g}",
        "lost": float(sum(one.lost for one in steps)),
        "backlog": float(kept.backlog),
        "lag_p50_ms": find_percentile(kept.lags, 50) * 1000,
        "lag_p99_ms": find_percentile(kept.lags, 99) * 1000,
        "lag_max_ms": max(kept.lags) * 1000,
        "ack_p99_ms": kept.acks.percentile_ms(99),
        "most_tried": f"{most.share:.3g}",
        "most_backlog": float(most.backlog),
        "most_rate": most.total / most.seconds,
        **share_cpu(figures, items),
    }


def show_step(step: _Step) -> None:
    kept = "kept up" if step.kept_up else "not kept up"
    lag = find_percentile(step.lags, 99)
    print(
        f"    {step.share:.3g} of the rate: {kept}, backlog {step.backlog}, lost {step.lost}, "
        f"lag p99 {lag * 1000:.0f} ms, {step.total / step.seconds:.0f} items/s",
        flush=True,
    )


def choose_next(steps: list[_Step]) -> float | None:
    """Doubles or halves until both sides are known, then returns their middle once."""
    kept = [one.share for one in steps if one.kept_up]
    missed = [one.share for one in steps if not one.kept_up]
    if not missed:
        return min(kept[-1] * 2, 1.0) if kept[-1] < 1 else None
    if not kept:
        return missed[-1] / 2 if missed[-1] / 2 >= SMALLEST else None
    best, worst = max(kept), min(missed)
    return (best + worst) / 2 if worst / best > 1.6 else None


async def _try_share(run: Run, share: float, *, number: int) -> _Step:
    seconds = run.pick(quick=6, full=10)
    load = await _make_load(run, int(MESSAGES_PER_SECOND * share * seconds), number)
    total = ITEMS_PER_MESSAGE * len(load.messages)
    rate = len(load.requests) / seconds
    started = time.perf_counter()
    sampling = asyncio.create_task(_sample_lags(run, load.samples, started, rate))
    sending = asyncio.create_task(offer(run, load.requests, rate=rate))
    await asyncio.sleep(seconds)
    done = await _count_done(run, load)
    acks = await sending
    missing, ended = await _wait_for_all(run, load, total)
    return _Step(
        share,
        total,
        ended - started,
        # A server that can't keep up may answer 503, and Meta would retry.
        kept_up=ended - started < seconds * 1.05 + 1 and not missing and not acks.failed,
        lost=missing,
        backlog=max(0, total - done),
        lags=await sampling,
        acks=acks,
    )


async def _make_load(run: Run, count: int, number: int) -> _Load:
    """Returns batches of 1 to 10 items of a kind, as Meta sends them, spread evenly over time."""
    prefix = f"{make_prefix(run)}{number}s"
    pool = await insert_accepted(run, count)
    messages = list(make_messages(run.world.customers, prefix, count))
    generator = random.Random(run.number)
    batches: list[tuple[float, list[Item]]] = []
    for items in (messages, list_statuses(pool)):
        at = 0
        while at < len(items):
            size = generator.randint(1, 10)
            batches.append((at / len(items), items[at : at + size]))
            at += size
    batches.sort(key=lambda one: one[0])
    load = _Load(messages, pool, prefix, [make_webhook(batch) for _, batch in batches])
    candidates = [
        (at, batch[-1]["item"]["id"])
        for at, (_, batch) in enumerate(batches)
        if batch[0]["kind"] == "messages"
    ]
    load.samples = candidates[:: max(1, len(candidates) // _SAMPLES)]
    return load


async def _count_done(run: Run, load: _Load) -> int:
    return await count_messages(run, load.prefix) + await _count_statuses(run, load.pool)


async def _wait_for_all(run: Run, load: _Load, total: int) -> tuple[int, float]:
    """Waits until nothing changes; returns the number of items without an effect and the time."""
    found, changed_at = -1, time.perf_counter()
    deadline = changed_at + PROCESS_SECONDS
    while time.perf_counter() < min(changed_at + SETTLED_SECONDS, deadline):
        done = await _count_done(run, load)
        if done != found:
            found, changed_at = done, time.perf_counter()
        if found >= total:
            break
        await asyncio.sleep(POLL_SECONDS * 2)
    return total - found, changed_at


async def _count_statuses(run: Run, pool: list[dict[str, Any]]) -> int:
    """Counts the statuses on the messages of the pool."""
    present = [
        {"$cond": [{"$ifNull": [f"$status_times.{name}", False]}, 1, 0]} for name in STATUSES
    ]
    ids = {"$gte": pool[0]["_id"], "$lte": pool[-1]["_id"]}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": ids, "direction": "OUTBOUND"}},
        {"$group": {"_id": None, "count": {"$sum": {"$add": present}}}},
    ]
    cursor = await run.database["messages"].aggregate(pipeline)
    found = await cursor.to_list()
    return int(found[0]["count"]) if found else 0


async def _sample_lags(
    run: Run, samples: list[tuple[int, str]], started: float, rate: float
) -> list[float]:
    """Samples seconds from a message's scheduled send until MongoDB has it."""
    return list(
        await asyncio.gather(
            *(_wait_for_message(run, wamid, started + number / rate) for number, wamid in samples)
        )
    )


async def _wait_for_message(run: Run, wamid: str, due: float) -> float:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    query = {"account_id": run.world.main_account, "wamid": wamid}
    pause = _SAMPLE_POLL_SECONDS
    while time.perf_counter() < due + PROCESS_SECONDS:
        if await run.database["messages"].find_one(query, {"_id": 1}):
            break
        await asyncio.sleep(pause)
        # Hundreds of waiting samples would be a load of their own.
        pause = max(pause, (time.perf_counter() - due) / 10)
    return time.perf_counter() - due


CASES = [
    Case(
        "top_tier",
        "messages and statuses of one number, 1 to 3: items kept up with",
        measure_top_tier,
        needs_graphql=False,
        needs_processing=True,
        shown=("kept_up", "share", "lost", "backlog", "lag_p50_ms", "lag_p99_ms", "lag_max_ms"),
        rounds=1,
        only_main=True,
        note="figures are of the highest rate that was kept up with, loss is of all rates tried",
        **CHANGED_WORLD,
    ),
]
