"""Applies a stored webhook body item by item: one bad item never harms its neighbours."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from beanie import PydanticObjectId

from models import Account, Message, ParkedItem, ParkedReason
from models.outages import is_passing
from webhooks.addressees import Accounts
from webhooks.events import StoredEvent
from webhooks.fields import apply_change
from webhooks.items import Item, ItemKind, Unfit, list_items, list_parked_items
from webhooks.messages import Inbound, read_message
from webhooks.parking import park_body, park_item, resolve
from webhooks.parsing import InvalidBody, parse_json
from webhooks.statuses import read_status
from webhooks.storage import Correspondents, store_messages
from whatsapp.amendments import Amendment, record_amendment
from whatsapp.conversations import retry_when_gone
from whatsapp.status_batches import record_plain_statuses
from whatsapp.statuses import StatusUpdate, record_status

logger = logging.getLogger(__name__)

# Senders that are worked on side by side, and what is written at once. Larger writes would save
# little more, and whatever comes in waits while they are put together.
SENDERS_AT_ONCE = 8
MESSAGES_AT_ONCE = 100
STATUSES_AT_ONCE = 250


@dataclass
class Task:
    """One item on its way to being applied; `problem` says why it wasn't."""

    item: Item
    event_id: str
    secret_digest: str
    account: Account | None = None
    accounts: Sequence[Account] = ()
    """All that it is for: more than one where Meta tells about a whole business account."""
    inbound: Inbound | None = None
    placed: Message | Amendment | None = None
    status: StatusUpdate | None = None
    problem: Unfit | None = None


class Processor:
    """Applies what one secret signed to the accounts that this secret may speak for."""

    def __init__(self, *, default_secret_digest: str | None) -> None:
        self._default_secret_digest = default_secret_digest

    async def process(self, events: Sequence[StoredEvent]) -> None:
        """Applies or parks every item of all these events.

        Raises:
            PyMongoError: MongoDB is away; the same call later completes the work.
        """
        tasks = [
            Task(item, event.id, event.secret_digest)
            for event in events
            for item in await _read_items(event)
        ]
        await self._apply_all(tasks, Accounts())
        await _park_failed(tasks)

    async def replay(self, parked: ParkedItem, *, accounts: Accounts) -> None:
        """Applies a parked item again, under the same rules as at first.

        Of a whole body, what fails again is parked by itself.

        Raises:
            PyMongoError: MongoDB is away.
        """
        items = _read_again(parked)
        tasks = [Task(item, parked.event_id, parked.secret_digest) for item in items]
        if not tasks:
            return
        await self._apply_all(tasks, accounts)
        is_body = not parked.pointer
        await _park_failed([task for task in tasks if is_body and task.item.pointer])
        own = [task for task in tasks if not (is_body and task.item.pointer)]
        problems = [task.problem for task in own if task.problem is not None]
        account = None if is_body else tasks[0].account
        await resolve(parked, problems[0] if problems else None, account)

    async def _apply_all(self, tasks: Sequence[Task], accounts: Accounts) -> None:
        for task in tasks:
            with _noting_problems(task):
                self._check(task, await accounts.find(task.item))
        fit = [task for task in tasks if task.problem is None]
        await _apply_statuses([task for task in fit if task.item.kind is ItemKind.STATUS])
        await _apply_messages([task for task in fit if task.inbound is not None])
        await _apply_changes([task for task in fit if task.item.kind is ItemKind.CHANGE])

    def _check(self, task: Task, found: Sequence[Account]) -> None:
        """Everything that can be said without writing."""
        task.accounts = [one for one in found if self._own_digest(one) == task.secret_digest]
        task.account = next(iter(task.accounts or found), None)
        if found and not task.accounts:
            raise Unfit(ParkedReason.WRONG_SECRET)
        if task.item.problem is not None:
            raise task.item.problem
        if task.account is None:
            raise Unfit(ParkedReason.UNKNOWN_ACCOUNT)
        # What is said about a whole business account is true of disabled numbers too.
        if task.item.phone_number_id is not None and not task.account.enabled:
            raise Unfit(ParkedReason.ACCOUNT_DISABLED)
        if task.item.kind is ItemKind.MESSAGE:
            task.inbound = read_message(task.item)

    def _own_digest(self, account: Account) -> str | None:
        return account.app_secret_digest or self._default_secret_digest


async def _read_items(event: StoredEvent) -> Sequence[Item]:
    """The items of an event; a body that has none is parked whole."""
    if event.items is not None:
        return event.items
    try:
        return list_items(parse_json(event.body))
    except InvalidBody as error:
        problem = Unfit(ParkedReason.INVALID_BODY, str(error))
    except Exception as error:  # noqa: BLE001 - a body on which we fail is neither lost nor looped
        problem = explain_bug(error, event.id, "the body")
    logger.warning("Parked event %s: %s", event.id, problem.reason)
    await park_body(event, problem)
    return []


def _read_again(parked: ParkedItem) -> list[Item]:
    """What a parked item holds, as far as it can be applied: an item, or a whole body."""
    if parked.entry is not None:
        return list_parked_items(parked.entry)
    if parked.pointer:
        return []
    try:
        return list_items(parse_json(parked.item.encode()))
    except InvalidBody as error:
        problem = Unfit(ParkedReason.INVALID_BODY, str(error))
        return [Item(pointer="", kind=ItemKind.OTHER, value=None, problem=problem)]


async def _park_failed(tasks: Iterable[Task]) -> None:
    for task in tasks:
        if task.problem is None:
            continue
        pointer, reason = task.item.pointer, task.problem.reason
        logger.warning("Parked %s of event %s: %s", pointer, task.event_id, reason)
        await park_item(
            task.item,
            task.problem,
            event_id=task.event_id,
            secret_digest=task.secret_digest,
            account=task.account,
        )


@contextmanager
def _noting_problems(task: Task) -> Iterator[None]:
    """One bad item never harms its neighbours: only an outage gets through."""
    try:
        yield
    except Unfit as problem:
        task.problem = problem
    except Exception as error:
        if is_passing(error):
            raise
        # A bug of ours, or a value that MongoDB refuses.
        task.problem = explain_bug(error, task.event_id, task.item.pointer)


async def _apply_statuses(tasks: Sequence[Task]) -> None:
    for task in tasks:
        with _noting_problems(task):
            task.status = read_status(task.item)
    known = [task for task in tasks if task.status is not None]
    for account_id, own in _group_statuses(known).items():
        for start in range(0, len(own), STATUSES_AT_ONCE):
            await _record_statuses(account_id, own[start : start + STATUSES_AT_ONCE])


def _group_statuses(tasks: Iterable[Task]) -> dict[PydanticObjectId, list[Task]]:
    groups: dict[PydanticObjectId, list[Task]] = {}
    for task in tasks:
        if task.account is not None:
            groups.setdefault(task.account.id, []).append(task)
    return groups


async def _record_statuses(account_id: PydanticObjectId, tasks: Sequence[Task]) -> None:
    updates = [task.status for task in tasks if task.status is not None]
    try:
        left = await record_plain_statuses(account_id, updates)
    except Exception as error:
        if is_passing(error):
            raise
        # One of them is at fault: by themselves the others are recorded.
        left = range(len(updates))

    async def record(task: Task) -> None:
        if task.status is not None:
            await record_status(account_id, task.status)

    await _run_by_sender([tasks[position] for position in left], record)


async def _apply_changes(tasks: Sequence[Task]) -> None:
    async def apply(task: Task) -> None:
        await apply_change(task.accounts, task.item)

    await _run_by_sender(tasks, apply)


async def _apply_messages(tasks: Sequence[Task]) -> None:
    # Oldest first: what a later message shows of its sender is shown last.
    ordered = sorted(tasks, key=_get_timestamp)
    for start in range(0, len(ordered), MESSAGES_AT_ONCE):
        some = ordered[start : start + MESSAGES_AT_ONCE]
        try:
            await _place_and_store(some)
        except Exception as error:
            if is_passing(error):
                raise
            # One of them is at fault: by themselves the others are stored.
            for task in some:
                if task.problem is None:
                    with _noting_problems(task):
                        await retry_when_gone(partial(_place_and_store, [task]))


def _get_timestamp(task: Task) -> datetime:
    return task.inbound.shape.timestamp if task.inbound else datetime.max.replace(tzinfo=UTC)


def _moves(task: Task) -> bool:
    return task.inbound is not None and bool(task.inbound.new_identities)


async def _place_and_store(tasks: Sequence[Task]) -> None:
    senders = Correspondents()
    for account_id, inbounds in _group_by_account(tasks).items():
        await senders.load(account_id, inbounds)

    async def place(task: Task) -> None:
        if task.account is not None and task.inbound is not None:
            task.placed = await senders.place(task.account.id, task.inbound)

    # Who moves to another number goes first: what comes from there would make somebody new.
    await _run_by_sender([task for task in tasks if _moves(task)], place)
    await _run_by_sender([task for task in tasks if not _moves(task)], place)
    placed = [task for task in tasks if task.problem is None]
    await store_messages([task.placed for task in placed if isinstance(task.placed, Message)])
    # After the messages: then those of the same body need not wait.
    await _run_by_sender([task for task in placed if isinstance(task.placed, Amendment)], _amend)


async def _amend(task: Task) -> None:
    if task.account is not None and isinstance(task.placed, Amendment):
        await record_amendment(task.account.id, task.placed)


def _group_by_account(tasks: Iterable[Task]) -> dict[PydanticObjectId, list[Inbound]]:
    groups: dict[PydanticObjectId, list[Inbound]] = {}
    for task in tasks:
        if task.account is not None and task.inbound is not None:
            groups.setdefault(task.account.id, []).append(task.inbound)
    return groups


async def _run_by_sender(tasks: Sequence[Task], work: Callable[[Task], Awaitable[None]]) -> None:
    """One sender's items in order, some senders side by side."""
    senders: dict[str, list[Task]] = {}
    for task in tasks:
        senders.setdefault(task.item.sender_key, []).append(task)
    gate = asyncio.Semaphore(SENDERS_AT_ONCE)

    async def run(own: Sequence[Task]) -> None:
        async with gate:
            for task in own:
                with _noting_problems(task):
                    await work(task)

    outcomes = await asyncio.gather(*map(run, senders.values()), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def explain_bug(error: Exception, event_id: str, place: str) -> Unfit:
    logger.error("Failed at %s of event %s: %s", place, event_id, describe_bug(error))
    return Unfit(ParkedReason.INTERNAL_ERROR, type(error).__name__)


def describe_bug(error: BaseException) -> str:
    """What failed and where. The error's own text stays out: it may quote the message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}"
