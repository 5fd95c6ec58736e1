"""Sends: a mutation stores messages, and a dispatcher sends them to Meta."""

import time
from typing import Any

from bench.case import (
    CHANGED_WORLD,
    Case,
    CaseFailedError,
    Figures,
    NotSupportedError,
    Run,
)
from bench.cases.loading import describe, require_good, send_all, wait_for_effects
from bench.load.requests import check_mutation, make_global_id, make_graphql_request
from models import MessageStatus

WARM_UP = 50
"""Number of warm-up sends."""


WAGRAPH, DISPATCHING = ("wagraph",), ("wagraph", "yoga", "yoga-jit")


async def measure_stored(run: Run) -> Figures:
    """Sends to different conversations; only wagraph has a dispatcher, which sends meanwhile."""
    return await _measure(run, has_dispatcher=run.server.contender.name in WAGRAPH)


async def measure_send(run: Run) -> Figures:
    """Sends to different conversations, until Meta has all messages and the answers are stored."""
    if run.server.contender.name not in DISPATCHING:
        raise NotSupportedError("no dispatcher")
    return await _measure(run, has_dispatcher=True)


async def _measure(run: Run, *, has_dispatcher: bool) -> Figures:
    figures: Figures = {}
    people = run.world.customers
    count = min(len(people), int(run.pick(quick=150, full=300)))
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
        for person in people[: count + WARM_UP]
    ]
    queued = _name_queued(run)
    await _warm_up(run, requests[count:], has_dispatcher=has_dispatcher)
    async with run.measured(figures):
        started = time.perf_counter()
        result = await send_all(run, requests[:count], check=check_mutation)
        require_good(result)
        stored = await run.database["messages"].count_documents(queued)
        if stored != len(requests):
            raise CaseFailedError(f"{stored} of {len(requests)} messages are stored")
        wanted = len(requests)
        sent_at = await _wait_until_sent(run, queued, wanted) if has_dispatcher else None
    sent_rate = count / (sent_at - started) if sent_at else "–"
    return figures | describe(result, figures) | {"sent_rate": sent_rate}


async def _warm_up(run: Run, requests: list[bytes], *, has_dispatcher: bool) -> None:
    """Sends to other customers first, because the server's first sends are slow."""
    result = await send_all(run, requests, check=check_mutation)
    if result.failed and not result.count and "sendmessage" in str(result.failure).lower():
        raise NotSupportedError(result.failure)
    require_good(result)
    if has_dispatcher:
        await _wait_until_sent(run, _name_queued(run), len(requests))


def _name_queued(run: Run) -> dict[str, Any]:
    return {"direction": "OUTBOUND", "text": f"Your order {run.number} is on its way."}


async def _wait_until_sent(run: Run, queued: dict[str, Any], count: int) -> float:
    accepted = queued | {"status_rank": {"$gte": MessageStatus.ACCEPTED.rank}}

    async def find_missing() -> str | None:
        found = await run.database["messages"].count_documents(accepted)
        return None if found >= count else f"{found} of {count} messages sent to Meta"

    return await wait_for_effects(find_missing)


CASES = [
    Case(
        "send",
        "sendMessage, each into another conversation, until Meta has it",
        measure_send,
        main="sent_rate",
        shown=("rate", "p50_ms", "p99_ms"),
        settings={"PEER_DISPATCH": "1"},
        only_main=True,
        **CHANGED_WORLD,
    ),
    Case(
        "send_stored",
        "sendMessage, answers; wagraph sends meanwhile, the others only store",
        measure_stored,
        shown=("p50_ms", "p99_ms", "sent_rate"),
        note="wagraph's figures include its dispatcher, which really sends to a fake Graph API; "
        "the other servers only store the message",
        **CHANGED_WORLD,
    ),
]
