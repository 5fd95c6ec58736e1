"""What a conversation's stored messages mean for their owner, and the settling of what others left.

A process may end between any two of its commands. The next owner finds what it left: messages in
SENDING under an older fence have an unknown outcome; those under its own fence that it is not
working on were claimed by a command whose answer was lost, so that no request was begun.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from beanie import PydanticObjectId

from models import Message, MessageStatus, OutboxState
from models.database.base import utc_now
from telemetry.metrics.sends import OUTCOMES
from whatsapp.conversations.conversations import ConversationGone, update_summary
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.dispatch.queues.queue_reads import Fields

# Time after which a conversation is read again in which a message is being sent.
BUSY_SECONDS = 1.0


@dataclass
class Findings:
    """The meaning of a conversation's rows for its owner."""

    waiting: list[QueuedMessage] = field(default_factory=list)
    blocked_seconds: float = 0.0
    """Time to the end of the hold or pause of the first message."""
    is_cut: bool = False
    """True if later messages are not in `waiting`: they come after a hold or a pause."""
    ended: list[PydanticObjectId] = field(default_factory=list)
    """Messages that no longer hold anything back."""
    requeued: list[PydanticObjectId] = field(default_factory=list)
    unknown: list[Fields] = field(default_factory=list)

    @property
    def must_be_read_again(self) -> bool:
        return bool(self.requeued or self.unknown)


def examine(rows: Sequence[Fields], account: AccountQueue) -> Findings:
    """Returns what to do with the active messages of a conversation, given in order."""
    findings, now = Findings(), utc_now()
    for row in rows:
        state = row["outbox_state"]
        if state == OutboxState.SENDING.value:
            _examine_claimed(row, account, findings)
            if findings.is_cut:
                break
        elif _is_over(row, now):
            findings.ended.append(row["_id"])
        elif (pause := _pause_seconds(row, now)) or state == OutboxState.HOLDING.value:
            if not findings.waiting:
                findings.blocked_seconds = pause
            findings.is_cut = True
            break
        else:
            findings.waiting.append(QueuedMessage.from_fields(row))
    return findings


def _examine_claimed(row: Fields, account: AccountQueue, findings: Findings) -> None:
    if is_abandoned(row, account):
        findings.unknown.append(row)
    elif is_forgotten(row, account):
        findings.requeued.append(row["_id"])
    else:
        # It is being sent, by this process or by a newer owner.
        findings.blocked_seconds, findings.is_cut = BUSY_SECONDS, True


def is_abandoned(row: Fields, account: AccountQueue) -> bool:
    """Returns True if an earlier owner claimed the message."""
    return row.get("fence") is None or row["fence"] < account.fence


def is_forgotten(row: Fields, account: AccountQueue) -> bool:
    """Returns True if this owner claimed the message, but does not know it."""
    return row.get("fence") == account.fence and row["claim_token"] not in account.tokens


async def settle(findings: Findings, account: AccountQueue, *, hold_seconds: float) -> None:
    """Writes the outcome of `examine`: each update is conditional, so that it may be repeated."""
    await outbox_transitions.end_waits(findings.ended)
    await outbox_transitions.requeue_claimed(
        findings.requeued, fence=account.fence, tokens=account.tokens
    )
    hold_until = utc_now() + timedelta(seconds=hold_seconds)
    await _store_summaries([row["_id"] for row in findings.unknown])
    for row in findings.unknown:
        await outbox_transitions.record_unknown(
            row["_id"], fence=row.get("fence"), hold_until=hold_until
        )
        OUTCOMES["unknown"].inc()


async def _store_summaries(message_ids: Sequence[PydanticObjectId]) -> None:
    """Stores the summaries that the earlier owner may not have stored before it ended."""
    if not message_ids:
        return
    messages = await Message.find({"_id": {"$in": message_ids}}).to_list()
    outcomes = await asyncio.gather(*map(update_summary, messages), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConversationGone):
            raise outcome


def _is_over(row: Fields, now: datetime) -> bool:
    """Returns True if Meta has the message, or if its hold has ended."""
    if row["outbox_state"] == OutboxState.HOLDING.value:
        has_status = row["status_rank"] >= MessageStatus.SENT.rank
        return has_status or row["hold_until"] is None or row["hold_until"] <= now
    return row.get("wamid") is not None or row["status_rank"] >= MessageStatus.SENT.rank


def _pause_seconds(row: Fields, now: datetime) -> float:
    until = row.get("hold_until")
    return 0.0 if until is None else max((until - now).total_seconds(), 0.0)
