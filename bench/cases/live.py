"""Live events: from a message in MongoDB to all subscribers."""

import asyncio
import re
import time
from typing import Any

from bson import ObjectId

from bench.case import (
    CHANGED_WORLD,
    Case,
    CaseFailedError,
    Figures,
    NotSupportedError,
    Run,
)
from bench.cases.ingest import make_message_webhooks, make_prefix, warm_up
from bench.cases.loading import offer, require_good
from bench.documents import INBOUND
from bench.load.http_load import find_percentile
from bench.load.requests import read_operation
from bench.load.websocket_load import Counter, Subscriber, close_all, open_all
from bench.world import insert_fast
from models.database.base import utc_now

ADDED = read_operation("added")
SUBSCRIBERS = 500
END_TO_END_RATE = 500
"""Webhooks per second at scale 1; halved for a server that falls behind, as the figures show."""
TOO_LATE_SECONDS = 1.0
DELIVERY_SECONDS = 120.0
# Servers may send `connection_ack` before the subscription is active.
SETTLE_SECONDS = 1.0


async def insert_messages(run: Run, count: int, prefix: str) -> None:
    """Inserts into MongoDB directly, so that the source is not the bottleneck."""
    people, now = run.world.customers, utc_now()
    documents = [
        INBOUND
        | {
            "_id": ObjectId(),
            **person.keys,
            "content": {"body": f"{prefix}{number} is my order"},
            "text": f"{prefix}{number} is my order",
            "wamid": f"wamid.{prefix}{number:07}",
            "timestamp": now.replace(microsecond=0),
            "unread": True,
            "status_times": {"received": now.replace(microsecond=0)},
            "created_at": now,
        }
        for number in range(count)
        for person in [people[number % len(people)]]
    ]
    await insert_fast(run.database, "messages", documents)


def _make_subscriber(
    run: Run, query: str = ADDED, *, after: str | None = None, **options: Any
) -> Subscriber:
    return Subscriber(run.world.api_key, query, {"after": after}, **options)


async def measure_equal(run: Run) -> Figures:
    """All subscriptions are equal."""
    queries = [ADDED] * SUBSCRIBERS
    return await _measure_fan_out(run, queries, events=int(run.pick(quick=100, full=200)))


async def measure_different(run: Run) -> Figures:
    """No two operations are equal: each has a unique alias."""
    queries = [
        re.sub(r"(message \{\s+)id", rf"\1u{number}: id", ADDED, count=1)
        for number in range(SUBSCRIBERS)
    ]
    return await _measure_fan_out(run, queries, events=int(run.pick(quick=5, full=20)))


async def _measure_fan_out(run: Run, queries: list[str], *, events: int) -> Figures:
    figures: Figures = {}
    counter = Counter()
    subscribers = await open_all(
        run.server.port, [_make_subscriber(run, one, received=counter.add) for one in queries]
    )
    await _warm_up(run, subscribers, counter)
    counter.expect(events * len(queries))
    async with run.measured(figures):
        started = time.perf_counter()
        await insert_messages(run, events, make_prefix(run))
        await _require_all(counter, subscribers)
    seconds = counter.last_at - started
    _require_equal_counts(subscribers)
    close_all(subscribers)
    return figures | {
        "rate": counter.expected / seconds,
        "last_delivery_ms": seconds * 1000,
        "server_cpu_us_each": float(figures["server_cpu_s"]) * 1e6 / counter.expected,
    }


async def _warm_up(run: Run, subscribers: list[Subscriber], counter: Counter) -> None:
    """Sends two events to all. Raises if a subscriber misses them."""
    counter.expect(2 * len(subscribers))
    await asyncio.sleep(SETTLE_SECONDS)
    await insert_messages(run, 2, make_prefix(run, "W"))
    await _require_all(counter, subscribers, seconds=30)


async def _require_all(
    counter: Counter, subscribers: list[Subscriber], *, seconds: float = DELIVERY_SECONDS
) -> None:
    if not await counter.wait(seconds):
        problem = next((one.problem for one in subscribers if one.problem), None)
        raise CaseFailedError(f"{counter.count} of {counter.expected} events; {problem}")


def _require_equal_counts(subscribers: list[Subscriber]) -> None:
    if len({one.events for one in subscribers}) != 1 or any(one.problem for one in subscribers):
        counts = sorted(one.events for one in subscribers)
        raise CaseFailedError(f"between {counts[0]} and {counts[-1]} events each")


async def measure_end_to_end(run: Run) -> Figures:
    """Latency from a webhook to its message at a subscriber, at a sustained rate."""
    figures: Figures = {}
    await warm_up(run)
    rate, lost_steps = END_TO_END_RATE * run.scale, 0
    async with run.measured(figures):
        latencies = await _watch_webhooks(run, rate, lost_steps)
        while find_percentile(latencies, 50) > TOO_LATE_SECONDS and lost_steps < 3:
            rate, lost_steps = rate / 2, lost_steps + 1
            latencies = await _watch_webhooks(run, rate, lost_steps)
    return figures | {
        "p50_ms": find_percentile(latencies, 50) * 1000,
        "p99_ms": find_percentile(latencies, 99) * 1000,
        "offered_rate": rate,
    }


async def _watch_webhooks(run: Run, rate: float, step: int) -> list[float]:
    """Returns seconds from each scheduled send to the subscriber's event."""
    prefix, count = f"{make_prefix(run)}{step}s", int(rate * run.pick(quick=4, full=8))
    arrived: dict[str, float] = {}
    counter = Counter(count)

    def watch(data: dict[str, Any]) -> None:
        key = (data["messageAdded"]["message"]["text"] or "").split(" ")[0]
        if key.startswith(prefix):
            arrived[key] = time.perf_counter()
            counter.add(1)

    subscribers = await open_all(run.server.port, [_make_subscriber(run, watch=watch)])
    await asyncio.sleep(SETTLE_SECONDS)
    requests = make_message_webhooks(run, prefix, count)
    started = time.perf_counter()
    require_good(await offer(run, requests, rate=rate))
    await _require_all(counter, subscribers, seconds=60)
    subscribers[0].close()
    return [at - started - int(key[len(prefix) :]) / rate for key, at in arrived.items()]


async def measure_idle(run: Run) -> Figures:
    """Cost of an idle subscriber."""
    figures: Figures = {}
    count = int(run.pick(quick=1000, full=5000))
    async with run.measured(figures):
        before = run.server.read_usage().rss_kb
        started = time.perf_counter()
        counter = Counter()
        subscribers = await open_all(
            run.server.port,
            [_make_subscriber(run, received=counter.add) for _ in range(count)],
        )
        opened = time.perf_counter() - started
        await asyncio.sleep(SETTLE_SECONDS)
        after = run.server.read_usage().rss_kb
        await _warm_up(run, subscribers, counter)
    close_all(subscribers)
    return figures | {
        "kb_each": (after - before) / count,
        "rss_before_mb": before / 1024,
        "rss_after_mb": after / 1024,
        "opened_per_s": count / opened,
    }


async def measure_storm(run: Run) -> Figures:
    """All subscribers resume at once from a cursor before the missed events."""
    figures: Figures = {}
    events = int(run.pick(quick=50, full=100))
    after = await _find_cursor(run)
    await insert_messages(run, events, make_prefix(run))
    await asyncio.sleep(SETTLE_SECONDS)
    counter = Counter(events * SUBSCRIBERS)
    seen: list[str] = []
    subscribers = [
        _make_subscriber(run, after=after, received=counter.add) for _ in range(SUBSCRIBERS - 1)
    ]
    # The first subscriber checks events and order.
    subscribers.append(
        _make_subscriber(
            run,
            after=after,
            received=counter.add,
            watch=lambda data: seen.append(data["messageAdded"]["message"]["text"]),
        )
    )
    async with run.measured(figures):
        started = time.perf_counter()
        await open_all(run.server.port, subscribers, at_once=SUBSCRIBERS)
        await _require_all(counter, subscribers)
    await asyncio.sleep(SETTLE_SECONDS)
    wrong = sum(abs(one.events - events) for one in subscribers)
    texts = [f"{make_prefix(run)}{number} is my order" for number in range(events)]
    close_all(subscribers)
    if wrong or sorted(seen) != sorted(texts):
        raise CaseFailedError(f"{wrong} gaps or duplicates")
    return figures | {
        "seconds": counter.last_at - started,
        "rate": counter.expected / (counter.last_at - started),
        "gaps_or_duplicates": float(wrong),
        "in_order": "yes" if seen == texts else "no",
    }


async def _find_cursor(run: Run) -> str:
    """Returns the cursor of an event before the missed events."""
    if not run.server.contender.can_resume:
        raise NotSupportedError("no cursors")
    seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def watch(data: dict[str, Any]) -> None:
        if not seen.done():
            seen.set_result(data["messageAdded"]["cursor"])

    subscriber = _make_subscriber(run, watch=watch)
    await open_all(run.server.port, [subscriber])
    await asyncio.sleep(SETTLE_SECONDS)
    await insert_messages(run, 1, make_prefix(run, "W"))
    async with asyncio.timeout(30):
        cursor = await seen
    subscriber.close()
    return cursor


CASES = [
    Case(
        "end_to_end",
        "webhook to subscriber at a steady rate, p50",
        measure_end_to_end,
        main="p50_ms",
        unit="ms",
        less_is_better=True,
        rounds=1,
        only_main=True,
        shown=("p99_ms", "offered_rate"),
        **CHANGED_WORLD,
    ),
    Case(
        "fan_out",
        f"one event to {SUBSCRIBERS} equal subscriptions, deliveries",
        measure_equal,
        shown=("server_cpu_us_each",),
        **CHANGED_WORLD,
    ),
    Case(
        "fan_out_different",
        f"one event to {SUBSCRIBERS} different subscriptions, deliveries",
        measure_different,
        shown=("server_cpu_us_each",),
        **CHANGED_WORLD,
    ),
    Case(
        "idle",
        "memory of an idle subscriber",
        measure_idle,
        main="kb_each",
        unit="kB",
        less_is_better=True,
        rounds=1,
        only_main=True,
        shown=("rss_before_mb", "rss_after_mb", "opened_per_s"),
        **CHANGED_WORLD,
    ),
    Case(
        "resume_storm",
        f"{SUBSCRIBERS} subscribers come back and catch up",
        measure_storm,
        main="seconds",
        unit="s",
        less_is_better=True,
        rounds=1,
        only_main=True,
        shown=("rate", "gaps_or_duplicates", "in_order"),
        **CHANGED_WORLD,
    ),
]
