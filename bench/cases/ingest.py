"""Webhooks and sends: what comes in and goes out, counted when MongoDB has its effect."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from bench.case import Case, CaseFailedError, Figures, NotSupportedError, Run
from bench.cases.reads import require_good
from bench.documents import OUTBOUND, make_status_times, make_wamid
from bench.http_load import OpenLoop, find_percentile, run_closed_loop
from bench.requests import check_send, check_status, make_global_id, make_graphql_request
from bench.webhook_bodies import STATUSES, Item, make_messages, make_status, make_webhook
from bench.world import insert_fast
from models import MessageStatus
from models.base import utc_now

CONNECTIONS = 32
PROCESS_SECONDS = 120.0
_POLL_SECONDS = 0.05
_SAMPLE_EVERY = 100
_SAMPLE_POLL_SECONDS = 0.02


def make_prefix(run: Run) -> str:
    return f"B{run.number:04}x"


async def count_messages(run: Run, prefix: str) -> int:
    wamids = {"$gte": f"wamid.{prefix}", "$lt": f"wamid.{prefix}~"}
    query = {"account_id": run.world.main_account, "wamid": wamids}
    return await run.database["messages"].count_documents(query)


async def wait_until_processed(run: Run, count: Callable[[], Awaitable[int]], wanted: int) -> float:
    """When all effects are there and no event waits any more.

    Raises:
        CaseFailedError: some are missing: they are lost, or the server does not keep up at all.
    """
    deadline = time.perf_counter() + PROCESS_SECONDS
    found = 0
    while time.perf_counter() < deadline:
        found = await count()
        if found >= wanted:
            waiting = await run.database["webhook_events"].find_one({"state": "RECEIVED"})
            if waiting is None:
                return time.perf_counter()
        await asyncio.sleep(_POLL_SECONDS)
    raise CaseFailedError(f"{found} of {wanted} effects after {PROCESS_SECONDS:.0f} s")


async def measure_webhook(run: Run) -> Figures:
    """One message each, as fast as it goes."""
    return await _measure_closed(run, items_each=1, count=int(run.pick(quick=1500, full=6000)))


async def measure_batches(run: Run) -> Figures:
    """Messages and statuses, a hundred to a webhook."""
    return await _measure_closed(run, items_each=100, count=int(run.pick(quick=30, full=150)))


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
    async with run.measured(figures):
        started = time.perf_counter()
        result = await run_closed_loop(
            run.server.port, iter(requests), connections=CONNECTIONS, check=check_status
        )
        require_good(result)
        ended = await wait_until_processed(run, lambda: count_messages(run, prefix), messages)
    return figures | {
        "rate": len(items) / (ended - started),
        "acked_rate": result.rate * items_each,
        "ack_p50_ms": result.percentile_ms(50),
        "ack_p99_ms": result.percentile_ms(99),
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / len(items),
        "mongod_cpu_ms_each": float(figures["mongod_cpu_s"]) * 1000 / len(items),
    }


async def measure_open_loop(run: Run) -> Figures:
    """A thousand a second, whether or not the server keeps up: how long Meta waits for its 200."""
    figures: Figures = {}
    rate, prefix = 1000, make_prefix(run)
    count = int(rate * run.pick(quick=4, full=15))
    requests = [make_webhook([one]) for one in make_messages(run.world.customers, prefix, count)]
    async with run.measured(figures):
        loop = OpenLoop(run.server.port, connections=64, check=check_status)
        result = await loop.run(requests, rate=rate)
        require_good(result)
        acked = time.perf_counter()
        ended = await wait_until_processed(run, lambda: count_messages(run, prefix), count)
    return figures | {
        "ack_p99_ms": result.percentile_ms(99),
        "ack_p50_ms": result.percentile_ms(50),
        "acked_rate": result.rate,
        "late_s": ended - acked,
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / count,
    }


async def insert_accepted(run: Run, count: int) -> list[dict[str, Any]]:
    """Messages that Meta took and has not yet told anything about."""
    people, now = run.world.customers, utc_now()
    documents = []
    for number in range(count):
        person, message_id = people[number % len(people)], ObjectId()
        documents.append(
            OUTBOUND
            | {
                "_id": message_id,
                "account_id": person.account_id,
                "conversation_id": person.conversation_id,
                "contact_id": person.contact_id,
                "content": {"body": "Your parcel is on its way.", "preview_url": False},
                "text": "Your parcel is on its way.",
                "wamid": make_wamid(str(message_id), person.wa_id),
                "timestamp": now,
                "status_times": make_status_times(now, MessageStatus.ACCEPTED),
                "status_rank": MessageStatus.ACCEPTED.rank,
                "input_digest": str(message_id),
                "lane_number": 100_000 + number,
                "created_at": now,
            }
        )
    for at in range(0, count, 5000):
        await insert_fast(run.database, "messages", documents[at : at + 5000])
    return documents


def list_statuses(pool: list[dict[str, Any]]) -> list[Item]:
    """All sent, then all delivered, then all read: as time goes by for many messages."""
    return [
        make_status("16505000000", one["wamid"], one["_id"], status)
        for status in STATUSES
        for one in pool
    ]


@dataclass
class _Mixed:
    requests: list[bytes]
    item_counts: list[int]
    samples: list[tuple[int, str]]
    """Number of a request, and the wamid of a message in it."""


def _mix(messages: list[Item], statuses: list[Item], *, seed: int) -> _Mixed:
    """Batches of one to ten, of one kind each as Meta's are, spread evenly over the time."""
    generator = random.Random(seed)
    batches: list[tuple[float, list[Item]]] = []
    for items in (messages, statuses):
        at = 0
        while at < len(items):
            size = generator.randint(1, 10)
            batches.append((at / len(items), items[at : at + size]))
            at += size
    batches.sort(key=lambda one: one[0])
    samples = [
        (number, batch[-1]["item"]["id"])
        for number, (_, batch) in enumerate(batches)
        if batch[0]["kind"] == "messages" and number % _SAMPLE_EVERY < 4
    ][::2]
    requests = [make_webhook(batch) for _, batch in batches]
    return _Mixed(requests, [len(batch) for _, batch in batches], samples)


async def measure_top_tier(run: Run) -> Figures:
    """What Meta sends at most for one number: 1,000 messages and 3,000 statuses a second."""
    figures: Figures = {}
    seconds, prefix = run.pick(quick=10, full=60), make_prefix(run)
    count = int(1000 * seconds)
    pool = await insert_accepted(run, count)
    messages = list(make_messages(run.world.customers, prefix, count))
    mixed = _mix(messages, list_statuses(pool), seed=run.number)
    rate = len(mixed.requests) / seconds
    async with run.measured(figures):
        started = time.perf_counter()
        loop = OpenLoop(run.server.port, connections=64, check=check_status)
        sampling = asyncio.create_task(_sample_lags(run, mixed.samples, started, rate))
        sending = asyncio.create_task(loop.run(mixed.requests, rate=rate))
        await asyncio.sleep(seconds)
        done = await count_messages(run, prefix) + await _count_statuses(run, pool)
        result = await sending
        require_good(result)
        missing = await _wait_for_all(run, prefix, pool, count)
        ended = time.perf_counter()
        lags = await sampling
    total = 4 * count
    return figures | {
        "kept_up": "yes" if ended - started < seconds * 1.05 + 1 and not missing else "no",
        "rate": total / (ended - started),
        "lost": float(missing),
        "backlog": float(max(0, total - done)),
        "ack_p99_ms": result.percentile_ms(99),
        "lag_p50_ms": find_percentile(lags, 50) * 1000,
        "lag_p99_ms": find_percentile(lags, 99) * 1000,
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / total,
        "mongod_cpu_ms_each": float(figures["mongod_cpu_s"]) * 1000 / total,
    }


async def _wait_for_all(run: Run, prefix: str, pool: list[dict[str, Any]], count: int) -> int:
    """How many items have no effect once nothing has changed for ten seconds."""
    missing, changed_at = -1, time.perf_counter()
    while time.perf_counter() - changed_at < 10:
        found = await count_messages(run, prefix) + await _count_statuses(run, pool)
        if found != 4 * count - missing:
            changed_at = time.perf_counter()
        missing = 4 * count - found
        if not missing:
            break
        await asyncio.sleep(_POLL_SECONDS * 5)
    return missing


async def _count_statuses(run: Run, pool: list[dict[str, Any]]) -> int:
    """How many statuses are on the messages of the pool, whatever their order."""
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
    """From when a message was to be sent until MongoDB has it, of a few."""
    return list(
        await asyncio.gather(
            *(_wait_for_message(run, wamid, started + number / rate) for number, wamid in samples)
        )
    )


async def _wait_for_message(run: Run, wamid: str, due: float) -> float:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    query = {"account_id": run.world.main_account, "wamid": wamid}
    while time.perf_counter() < due + PROCESS_SECONDS:
        if await run.database["messages"].find_one(query, {"_id": 1}):
            break
        await asyncio.sleep(_SAMPLE_POLL_SECONDS)
    return time.perf_counter() - due


async def measure_send(run: Run) -> Figures:
    """Into a different conversation each, and through the dispatcher to the fake Meta."""
    figures: Figures = {}
    people = run.world.customers
    count = min(len(people), int(run.pick(quick=350, full=1800)))
    requests = [
        make_graphql_request(
            run.world.api_key,
            "send",
            {
                "input": {
                    "to": {
                        "conversationId": make_global_id("Conversation", person.conversation_id)
                    },
                    "content": {"text": {"body": f"Your order {run.number} is on its way."}},
                }
            },
        )
        for person in people[:count]
    ]
    queued = {"direction": "OUTBOUND", "text": f"Your order {run.number} is on its way."}
    async with run.measured(figures):
        started = time.perf_counter()
        result = await run_closed_loop(
            run.server.port, iter(requests), connections=CONNECTIONS, check=check_send
        )
        if result.failed and "sendMessage" not in str(result.failure) and not result.count:
            raise NotSupportedError(result.failure)
        require_good(result)
        stored = await run.database["messages"].count_documents(queued)
        if stored != count:
            raise CaseFailedError(f"{stored} of {count} messages are stored")
        sent_at = await _wait_until_sent(run, queued, count) if _dispatches(run) else None
    return figures | {
        "rate": result.rate,
        "p50_ms": result.percentile_ms(50),
        "p99_ms": result.percentile_ms(99),
        "sent_rate": count / (sent_at - started) if sent_at else "–",
        "server_cpu_ms_each": float(figures["server_cpu_s"]) * 1000 / count,
    }


def _dispatches(run: Run) -> bool:
    return run.server.contender.name == "wagraph"


async def _wait_until_sent(run: Run, queued: dict[str, Any], count: int) -> float:
    accepted = queued | {"status_rank": {"$gte": MessageStatus.ACCEPTED.rank}}
    deadline = time.perf_counter() + PROCESS_SECONDS
    while time.perf_counter() < deadline:
        if await run.database["messages"].count_documents(accepted) >= count:
            return time.perf_counter()
        await asyncio.sleep(_POLL_SECONDS)
    raise CaseFailedError("not all messages were sent to Meta")


_CHANGED: dict[str, Any] = {"messages": 10_000, "changes_data": True}
CASES = [
    Case(
        "send",
        "sendMessage, each into another conversation",
        measure_send,
        shown=("p50_ms", "p99_ms", "sent_rate"),
        note="wagraph's figures include its dispatcher, which really sends to a fake Graph API; "
        "the other servers only store the message",
        **_CHANGED,
    ),
    Case(
        "webhook",
        "webhook with one message, until processed",
        measure_webhook,
        needs_graphql=False,
        shown=("acked_rate", "ack_p50_ms", "ack_p99_ms"),
        **_CHANGED,
    ),
    Case(
        "webhook_1000",
        "webhooks at 1,000/s: time to the 200, p99",
        measure_open_loop,
        main="ack_p99_ms",
        unit="ms",
        less_is_better=True,
        needs_graphql=False,
        shown=("ack_p50_ms", "acked_rate", "late_s"),
        **_CHANGED,
    ),
    Case(
        "webhook_100",
        "webhook with 100 items, items until processed",
        measure_batches,
        needs_graphql=False,
        shown=("acked_rate", "ack_p99_ms"),
        **_CHANGED,
    ),
    Case(
        "top_tier",
        "one number at Meta's top tier: 1,000 messages/s + 3,000 statuses/s",
        measure_top_tier,
        needs_graphql=False,
        shown=("kept_up", "lost", "backlog", "lag_p50_ms", "lag_p99_ms", "ack_p99_ms"),
        note="the rate is of all items from the first one sent until the last one's effect",
        **_CHANGED,
    ),
]
