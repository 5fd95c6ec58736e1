"""A round of claims of an account with 100,000 due messages."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from statistics import median
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.documents import OUTBOUND
from bench.world import insert_fast
from models import Message, MessagePriority, MessageStatus, OutboxState, Partition
from models.database.base import collection, new_id, utc_now
from whatsapp.dispatch.claims import Claim, Claims
from whatsapp.dispatch.members.membership import Lease
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.pace import Pace
from whatsapp.dispatch.queues.queue_reads import read_window

DUE = 100_000
CONVERSATIONS = 1_000
ROUNDS = 40
CLAIMED = 4
"""Messages that leave within 50 ms at 80 a second."""


async def measure_rounds(run: Run) -> Figures:
    """Reads the next conversations of the account, and claims the messages that leave now."""
    account_id = new_id()  # none that the server could own
    await _queue_messages(run, account_id)
    partition = Partition(id=account_id, owner=new_id(), fence=1)
    pace = Pace(rate=80, probe_seconds=30, partition=partition)
    queue = AccountQueue(partition, Lease(new_id(), ends_at=0.0), pace, max_sends=60)
    claims, after = Claims(), None
    reads, rounds = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        window = await read_window(account_id, [MessagePriority.NORMAL], after)
        reads.append(time.perf_counter() - started)
        started = time.perf_counter()
        heads = [rows.rows[0] for rows in window.conversations.values()][:CLAIMED]
        await _claim(claims, queue, heads)
        rounds.append(time.perf_counter() - started)
        after, _ = window.get_rest(MessagePriority.NORMAL)
    await collection(Message).delete_many({"account_id": account_id})
    return {"p50_ms": median(rounds) * 1000, "window_ms": median(reads) * 1000}


async def _claim(claims: Claims, queue: AccountQueue, heads: Iterable[Mapping[str, Any]]) -> None:
    """Claims these messages with one command."""
    wanted = [Claim(row["_id"], row["conversation_id"], queue) for row in heads]
    tokens = await asyncio.gather(*map(claims.submit, wanted))
    if None in tokens:
        raise CaseFailedError("a message was not claimed")


async def _queue_messages(run: Run, account_id: PydanticObjectId) -> None:
    now = utc_now()
    conversations = [(ObjectId(), ObjectId()) for _ in range(CONVERSATIONS)]
    for start in range(0, DUE, CONVERSATIONS):
        rows = [
            OUTBOUND
            | {
                "_id": ObjectId(),
                "account_id": account_id,
                "conversation_id": conversation_id,
                "contact_id": contact_id,
                "content": {"body": "Hello"},
                "text": "Hello",
                "timestamp": now + timedelta(milliseconds=start),
                "created_at": now,
                "status_rank": MessageStatus.QUEUED.rank,
                "status_times": {MessageStatus.QUEUED.key: now},
                "outbox_state": OutboxState.READY.value,
                "attempts": 0,
                "fence": None,
            }
            for conversation_id, contact_id in conversations
        ]
        await insert_fast(run.database, "messages", rows)


CASES = [
    Case(
        "claim_round",
        "claims of an account with 100,000 due messages, a group",
        measure_rounds,
        main="p50_ms",
        unit=" ms",
        less_is_better=True,
        shown=("window_ms",),
        only_wagraph=True,
        rounds=1,
        **CHANGED_WORLD,
    ),
]
