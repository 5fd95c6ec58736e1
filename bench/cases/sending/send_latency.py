"""The time from a request to Meta's, while nothing else is going on."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from statistics import median, quantiles

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.loading import require_good, send_all, wait_for_effects
from bench.documents import Person
from bench.load.requests import check_mutation, make_global_id, make_graphql_request
from bench.servers.logged_meta import run_logged_meta
from bench.world import World
from sandbox.server import FakeCloudServer

SENDS = 100
WARM_UP = 10
PAUSE_SECONDS = 0.1


def open_meta(world: World) -> AbstractAsyncContextManager[FakeCloudServer]:
    return run_logged_meta(world)


async def measure_latency(run: Run) -> Figures:
    figures: Figures = {}
    people = run.world.customers[: SENDS + WARM_UP]
    async with run.measured(figures):
        delays = [await _send(run, person) for person in people][WARM_UP:]
    return figures | {
        "p50_ms": median(delays) * 1000,
        "p95_ms": quantiles(delays, n=20)[18] * 1000,
    }


async def _send(run: Run, person: Person) -> float:
    """Returns the seconds until the fake of Meta has the message."""
    if run.meta is None:
        raise CaseFailedError("the fake of Meta is missing")
    log = run.meta.meta.requests
    conversation_id = make_global_id("Conversation", person.conversation_id)
    content = {"text": {"body": f"Hello {person.name}"}}
    message = {"to": {"conversationId": conversation_id}, "content": content}
    request = make_graphql_request(run.world.api_key, "send", {"input": message})
    before = len(log.list_sends())

    async def find_missing() -> str | None:
        return None if len(log.list_sends()) > before else "the message"

    started = time.time()  # as the log does
    require_good(await send_all(run, [request], check=check_mutation))
    await wait_for_effects(find_missing)
    await asyncio.sleep(PAUSE_SECONDS)
    return log.list_sends()[-1].time - started


CASES = [
    Case(
        "send_latency",
        "sendMessage alone, until the request to Meta",
        measure_latency,
        main="p50_ms",
        unit=" ms",
        less_is_better=True,
        shown=("p95_ms",),
        open_meta=open_meta,
        only_wagraph=True,
        rounds=1,
        **CHANGED_WORLD,
    ),
]
