"""Tasks: items of webhooks with their intermediate results, and the handling of their failures."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from beanie import PydanticObjectId

from models import Account, Message, ParkedReason
from models.database.base import utc_now
from models.database.outages import is_transient
from telemetry.log_lines import describe_bug
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.messages import Inbound
from whatsapp.common.erased_people import ErasedPerson
from whatsapp.messages.amendments import Amendment
from whatsapp.messages.statuses import StatusUpdate

logger = logging.getLogger(__name__)

# Maximum number of senders that are processed concurrently.
SENDERS_AT_ONCE = 8
SLICE_SECONDS = 0.02


@dataclass
class Task:
    """An item that is being applied; `problem` is set if it was rejected."""

    item: Item
    event_id: str
    secret_digest: str
    by_default_secret: bool = False
    """True if the secret was the server's default secret when the body arrived."""
    received_at: datetime = field(default_factory=utc_now)
    workspace_id: PydanticObjectId | None = None
    """The only workspace that may have it; set if it was parked for an account."""
    is_large: bool = False
    """True if the item is so large that it is read in a thread."""
    account: Account | None = None
    accounts: Sequence[Account] = ()
    """All accounts that the item applies to: several if it is about a whole business account."""
    inbound: Inbound | None = None
    placed: Message | Amendment | None = None
    status: StatusUpdate | None = None
    problem: ItemRejected | None = None
    is_foreign: bool = False
    """True if its signer does not speak for the workspace of its account."""
    is_erased: bool = False
    """True if it was dropped, because its customer was erased after it."""


class Slices:
    """Divides long work on the event loop into slices, so that other tasks get their turn."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()

    async def pause(self) -> None:
        """Lets other tasks run if the current slice is over."""
        if time.monotonic() - self._started_at >= SLICE_SECONDS:
            await asyncio.sleep(0)
            self._started_at = time.monotonic()


@contextmanager
def catching_problems(task: Task) -> Iterator[None]:
    """Stores a failure in the task, so that it does not affect other items; outages are raised."""
    try:
        yield
    except ItemRejected as problem:
        task.problem = problem
    except ErasedPerson:
        task.is_erased = True
    except Exception as error:
        if is_transient(error):
            raise
        # A bug, or a value that MongoDB refuses.
        task.problem = log_bug(error, task.event_id, task.item.pointer)


def group_by_account(tasks: Iterable[Task]) -> dict[PydanticObjectId, list[Task]]:
    """Returns the tasks by the id of their account."""
    groups: dict[PydanticObjectId, list[Task]] = {}
    for task in tasks:
        if task.account is not None:
            groups.setdefault(task.account.id, []).append(task)
    return groups


async def run_by_sender(tasks: Sequence[Task], work: Callable[[Task], Awaitable[None]]) -> None:
    """Runs `work` on each sender's tasks in order, and on several senders concurrently."""
    senders: dict[str, list[Task]] = {}
    for task in tasks:
        senders.setdefault(task.item.sender_key, []).append(task)
    semaphore = asyncio.Semaphore(SENDERS_AT_ONCE)

    async def run(tasks_of_sender: Sequence[Task]) -> None:
        async with semaphore:
            await run_in_order(tasks_of_sender, work)

    outcomes = await asyncio.gather(*map(run, senders.values()), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def run_in_order(tasks: Sequence[Task], work: Callable[[Task], Awaitable[None]]) -> None:
    for task in tasks:
        with catching_problems(task):
            await work(task)


def log_bug(error: Exception, event_id: str, place: str) -> ItemRejected:
    """Logs an unexpected error and returns the problem to park the item with."""
    logger.error("Failed at %s of event %s: %s", place, event_id, describe_bug(error))
    return ItemRejected(ParkedReason.INTERNAL_ERROR, type(error).__name__)
