"""The delay of a message while other accounts have thousands of messages waiting."""

import asyncio
import time
from datetime import timedelta
from statistics import median, quantiles
from typing import Any

from bson import ObjectId

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.loading import require_good, send_all, wait_for_effects
from bench.documents import OUTBOUND, Fields, History, Person, make_contact
from bench.load.requests import check_mutation, make_global_id, make_graphql_request
from bench.world import BUSINESS_ACCOUNT_ID, ENCRYPTION_KEYS, insert_fast
from models import Account, MessageStatus, OutboxState
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from whatsapp.accounts.accounts import create_account
from whatsapp.common.crypto import KeyRing

CAMPAIGNS = 8
CONVERSATIONS = 1000
"""Conversations of each campaign, each with one message."""
PROBES = 60
PAUSE_SECONDS = 0.05
_TEXT = "A campaign's message."


async def measure_fairness(run: Run) -> Figures:
    """Sends single messages of an account while the campaigns of eight others are sent."""
    figures: Figures = {}
    for number in range(CAMPAIGNS):
        await _queue_campaign(run, number)
    await wait_for_effects(lambda: _find_idle_campaigns(run))
    async with run.measured(figures):
        before, started = await _count_sent(run), time.perf_counter()
        for person in run.world.customers[:PROBES]:
            result = await send_all(run, [_make_probe(run, person)], check=check_mutation)
            require_good(result)
            await asyncio.sleep(PAUSE_SECONDS)
        sent = await _count_sent(run) - before
        seconds = time.perf_counter() - started
    if await _count_sent(run) == CAMPAIGNS * CONVERSATIONS:
        raise CaseFailedError("the campaigns had ended before the last message was sent")
    await wait_for_effects(lambda: _find_unsent_probes(run))
    delays = await _read_delays(run)
    return figures | {
        "p50_ms": median(delays) * 1000,
        "p99_ms": quantiles(delays, n=100)[98] * 1000,
        "max_ms": max(delays) * 1000,
        "campaign_rate": sent / seconds,
    }


async def _queue_campaign(run: Run, number: int) -> None:
    """Stores the messages as other processes would, whose announcements this server misses."""
    account, _ = await create_account(
        KeyRing.from_text(ENCRYPTION_KEYS),
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=f"Campaign {number}",
        phone_number_id=f"20000000000{number}",
        business_account_id=BUSINESS_ACCOUNT_ID,
        access_token="bench-campaign-token",
    )
    later = utc_now() + timedelta(days=1)
    await collection(Account).update_one(
        {"_id": account.id}, {"$set": {"template_sync.due_at": later, "check_due_at": None}}
    )
    documents: dict[str, list[Fields]] = {"contacts": [], "conversations": [], "messages": []}
    for index in range(CONVERSATIONS):
        person = Person(
            number=index,
            account_id=account.id,
            contact_id=new_id(),
            conversation_id=new_id(),
            user_id=new_id(),
            wa_id=f"1{number}50{7_000_000 + index}",
            name=f"Customer {index}",
        )
        now = utc_now()
        conversation = History(person, 1, now=now, seed=1).make_conversation()
        documents["contacts"].append(make_contact(person, now))
        documents["conversations"].append(conversation | {"last_inbound_at": now})
        documents["messages"].append(_make_message(person))
    for name, rows in documents.items():
        await insert_fast(run.database, name, rows)


def _make_message(person: Person) -> Fields:
    now = utc_now()
    return OUTBOUND | {
        "_id": ObjectId(),
        "account_id": person.account_id,
        "conversation_id": person.conversation_id,
        "contact_id": person.contact_id,
        "content": {"body": _TEXT},
        "text": _TEXT,
        "timestamp": now,
        "created_at": now,
        "status_rank": MessageStatus.QUEUED.rank,
        "status_times": {MessageStatus.QUEUED.key: now},
        "outbox_state": OutboxState.READY.value,
        "attempts": 0,
        "fence": None,
    }


def _make_probe(run: Run, person: Person) -> bytes:
    conversation_id = make_global_id("Conversation", person.conversation_id)
    body = _name_probe(run)
    message = {"to": {"conversationId": conversation_id}, "content": {"text": {"body": body}}}
    return make_graphql_request(run.world.api_key, "send", {"input": message})


def _name_probe(run: Run) -> str:
    return f"An answer of run {run.number}."


async def _count_sent(run: Run) -> int:
    sent = {"text": _TEXT, "status_rank": {"$gte": MessageStatus.ACCEPTED.rank}}
    return await run.database["messages"].count_documents(sent)


async def _find_idle_campaigns(run: Run) -> str | None:
    sent = {"text": _TEXT, "status_rank": {"$gte": MessageStatus.ACCEPTED.rank}}
    active = await run.database["messages"].distinct("account_id", sent)
    return None if len(active) == CAMPAIGNS else f"{len(active)} of {CAMPAIGNS} campaigns send"


async def _find_unsent_probes(run: Run) -> str | None:
    delays = await _read_delays(run)
    return None if len(delays) == PROBES else f"{len(delays)} of {PROBES} messages sent"


async def _read_delays(run: Run) -> list[float]:
    """Returns the seconds from each request's message to Meta's answer."""
    probes: dict[str, Any] = {"text": _name_probe(run), "status_times.accepted": {"$exists": True}}
    found = run.database["messages"].find(probes, {"created_at": 1, "status_times.accepted": 1})
    return [
        (message["status_times"]["accepted"] - message["created_at"]).total_seconds()
        async for message in found
    ]


CASES = [
    Case(
        "send_fairness",
        "a message while eight other accounts have 1,000 conversations waiting, until accepted",
        measure_fairness,
        main="p99_ms",
        unit=" ms",
        less_is_better=True,
        shown=("p50_ms", "max_ms", "campaign_rate"),
        only_wagraph=True,
        rounds=1,
        **CHANGED_WORLD,
    ),
]
