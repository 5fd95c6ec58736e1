"""Sends whose messages get three statuses each, while further messages are sent."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

from bson import ObjectId

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.loading import describe, require_good, send_all, wait_for_effects
from bench.load.requests import check_mutation, make_global_id, make_graphql_request
from bench.load.webhook_bodies import STATUSES, make_status, make_webhook
from bench.servers.logged_meta import run_logged_meta
from bench.world import World
from models import MessageStatus
from sandbox.server import FakeCloudServer

WARM_UP = 50
POLL_SECONDS = 0.02


def open_meta(world: World) -> AbstractAsyncContextManager[FakeCloudServer]:
    return run_logged_meta(world)


async def measure_sends(run: Run) -> Figures:
    """Measures until each message is READ: Meta reports each status in a webhook of its own."""
    figures: Figures = {}
    count = min(len(run.world.customers) - WARM_UP, int(run.pick(quick=150, full=300)))
    requests = [
        make_graphql_request(run.world.api_key, "send", {"input": _make_input(run, person)})
        for person in run.world.customers[: count + WARM_UP]
    ]
    reports = asyncio.create_task(_report_statuses(run))
    try:
        require_good(await send_all(run, requests[count:], check=check_mutation))
        await _wait_until_read(run, WARM_UP)
        async with run.measured(figures):
            started = time.perf_counter()
            result = await send_all(run, requests[:count], check=check_mutation)
            require_good(result)
            ended = await _wait_until_read(run, len(requests))
    finally:
        reports.cancel()
        await asyncio.gather(reports, return_exceptions=True)
    return figures | describe(result, figures) | {"sent_rate": count / (ended - started)}


def _make_input(run: Run, person: Any) -> dict[str, Any]:
    conversation_id = make_global_id("Conversation", person.conversation_id)
    return {"to": {"conversationId": conversation_id}, "content": {"text": {"body": _name(run)}}}


def _name(run: Run) -> str:
    return f"Your order {run.number} is on its way."


async def _report_statuses(run: Run) -> None:
    """Posts the statuses of each message soon after the fake of Meta has accepted it."""
    if run.meta is None:
        raise CaseFailedError("the fake of Meta is missing")
    log, reported = run.meta.meta.requests, 0
    while True:
        sends = log.list_sends()[reported:]
        reported += len(sends)
        for status in STATUSES:
            if sends:
                webhooks = [make_webhook([_make_status(send, status)]) for send in sends]
                require_good(await send_all(run, webhooks))
        await asyncio.sleep(POLL_SECONDS)


def _make_status(send: Any, status: str) -> dict[str, Any]:
    message_id = ObjectId(send.body["biz_opaque_callback_data"])
    return make_status(send.body["to"], send.message_id, message_id, status)


async def _wait_until_read(run: Run, count: int) -> float:
    read = {"text": _name(run), "status_rank": {"$gte": MessageStatus.READ.rank}}

    async def find_missing() -> str | None:
        found = await run.database["messages"].count_documents(read)
        return None if found >= count else f"{found} of {count} messages are read"

    return await wait_for_effects(find_missing)


CASES = [
    Case(
        "send_statuses",
        "sendMessage, each into another conversation, until it has its three statuses",
        measure_sends,
        main="sent_rate",
        shown=("rate", "p50_ms", "p99_ms"),
        open_meta=open_meta,
        only_wagraph=True,
        **CHANGED_WORLD,
    ),
]
