"""Items on their way to being applied, and what becomes of those that fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from models import Account, Message, ParkedReason
from models.database.base import utc_now
from models.database.outages import is_transient
from webhooks.payload.items import Item, Unfit
from webhooks.payload.messages import Inbound
from whatsapp.logs import describe_bug
from whatsapp.messages.amendments import Amendment
from whatsapp.messages.statuses import StatusUpdate

logger = logging.getLogger(__name__)

# Senders that are worked on side by side.
SENDERS_AT_ONCE = 8


@dataclass
class Task:
    """One item on its way to being applied; `problem` says why it wasn't."""

    item: Item
    event_id: str
    secret_digest: str
    by_default_secret: bool = False
    """Whether that was the server's default secret when it came."""
    received_at: datetime = field(default_factory=utc_now)
    is_large: bool = False
    """Whether reading it may take long: then a thread does it."""
    account: Account | None = None
    accounts: Sequence[Account] = ()
    """All that it is for: more than one where Meta tells about a whole business account."""
    inbound: Inbound | None = None
    placed: Message | Amendment | None = None
    status: StatusUpdate | None = None
    problem: Unfit | None = None


@contextmanager
def noting_problems(task: Task) -> Iterator[None]:
    """One bad item never harms its neighbours: only an outage gets through."""
    try:
        yield
    except Unfit as problem:
        task.problem = problem
    except Exception as error:
        if is_transient(error):
            raise
        # A bug of ours, or a value that MongoDB refuses.
        task.problem = explain_bug(error, task.event_id, task.item.pointer)


async def run_by_sender(tasks: Sequence[Task], work: Callable[[Task], Awaitable[None]]) -> None:
    """One sender's items in order, some senders side by side."""
    senders: dict[str, list[Task]] = {}
    for task in tasks:
        senders.setdefault(task.item.sender_key, []).append(task)
    gate = asyncio.Semaphore(SENDERS_AT_ONCE)

    async def run(own: Sequence[Task]) -> None:
        async with gate:
            await run_in_order(own, work)

    outcomes = await asyncio.gather(*map(run, senders.values()), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def run_in_order(tasks: Sequence[Task], work: Callable[[Task], Awaitable[None]]) -> None:
    for task in tasks:
        with noting_problems(task):
            await work(task)


def explain_bug(error: Exception, event_id: str, place: str) -> Unfit:
    logger.error("Failed at %s of event %s: %s", place, event_id, describe_bug(error))
    return Unfit(ParkedReason.INTERNAL_ERROR, type(error).__name__)
