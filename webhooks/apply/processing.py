"""Applies a stored webhook body item by item: one bad item never harms its neighbours."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models import Account, ParkedItem, ParkedReason
from models.database.outages import is_transient
from webhooks.apply.account_lookup import Accounts
from webhooks.apply.applying import (
    apply_changes,
    apply_messages,
    apply_moves,
    apply_statuses,
    find_senders,
)
from webhooks.apply.dead_letters import Outcome, park_body, park_items, resolve
from webhooks.apply.replays import request_replays
from webhooks.apply.slices import Slices
from webhooks.apply.speakers import Speakers
from webhooks.apply.storage import Correspondents
from webhooks.apply.tasks import Task, explain_bug, noting_problems
from webhooks.payload.items import (
    USER_IDS_FIELD,
    Item,
    ItemKind,
    Unfit,
    list_items,
    list_parked_items,
)
from webhooks.payload.messages import read_message
from webhooks.payload.parsing import InvalidBody, parse_json
from webhooks.payload.statuses import read_status
from webhooks.store.events import StoredEvent

logger = logging.getLogger(__name__)

# Reading more than this may take longer than a slice of the loop: a thread does it.
MAX_BYTES_ON_LOOP = 64 * 1024


@dataclass(frozen=True)
class Prepared:
    """What can be known of some items before anything is written."""

    tasks: Sequence[Task]
    senders: Correspondents | None
    """Where all of them are messages."""


class Processor:
    """Applies what one secret signed to the accounts that this secret may speak for."""

    def __init__(self, *, default_secret_digest: str | None) -> None:
        self._speakers = Speakers(default_secret_digest)

    async def prepare(self, events: Sequence[StoredEvent]) -> Prepared:
        """Reads what is known about the items of all these events. Writes nothing, but parks bodies
        that have no items.

        Raises:
            PyMongoError: MongoDB is away.
        """
        tasks = [
            Task(
                item,
                event.id,
                event.secret_digest,
                by_default_secret=event.by_default_secret,
                received_at=event.received_at,
                is_large=len(event.body) > MAX_BYTES_ON_LOOP,
            )
            for event in events
            for item in await _read_items(event)
        ]
        return await self._prepare(tasks, Accounts())

    async def finish(self, prepared: Prepared) -> None:
        """Applies or parks every item, once for what was prepared.

        Raises:
            PyMongoError: MongoDB is away; preparing and finishing again completes the work.
        """
        await _apply(prepared)
        await _park_failed(prepared.tasks)

    async def replay(self, parked: Sequence[ParkedItem]) -> None:
        """Applies parked items again, under the same rules as at first.

        Of a whole body, what fails again is parked by itself.

        Raises:
            PyMongoError: MongoDB is away.
        """
        try:
            await self._replay(parked)
        except Exception as error:
            if is_transient(error):
                raise
            if len(parked) > 1:
                # One of them is at fault: by themselves the others are applied.
                for one in parked:
                    await self.replay([one])
            else:
                problem = explain_bug(error, parked[0].event_id, parked[0].pointer)
                await resolve([Outcome(parked[0], problem, None)])

    async def _replay(self, parked: Sequence[ParkedItem]) -> None:
        slices = Slices()
        read: list[tuple[ParkedItem, list[Task]]] = []
        for one in parked:
            read.append((one, await _read_again(one)))
            await slices.pause()
        await _apply(await self._prepare([task for _, tasks in read for task in tasks], Accounts()))
        parts = [task for one, tasks in read if not one.pointer for task in tasks]
        await _park_failed([task for task in parts if task.item.pointer])
        await resolve(_conclude(one, tasks) for one, tasks in read if tasks)
        # Of these the account may have been enabled between the look at it and this write. What
        # fails for the same reason again is left, or it would be replayed without end.
        changed = [task for one, tasks in read for task in tasks if _has_changed(one, task)]
        await request_replays(changed)

    async def _prepare(self, tasks: Sequence[Task], accounts: Accounts) -> Prepared:
        slices = Slices()
        for task in tasks:
            with noting_problems(task):
                self._check(task, await accounts.find(task.item))
            await slices.pause()
        await _read_all([task for task in tasks if task.problem is None], slices)
        fit = [task for task in tasks if task.problem is None]
        # What else there is may change who is known.
        only_messages = all(task.inbound is not None for task in fit)
        return Prepared(tasks, await find_senders(fit) if only_messages else None)

    def _check(self, task: Task, found: Sequence[Account]) -> None:
        """For whom the item is, and whether it may be applied to them."""
        task.accounts = [one for one in found if self._speakers.may_speak(task, one)]
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


async def _read_all(tasks: Sequence[Task], slices: Slices) -> None:
    """Reads the items of tasks into the shapes that are applied, without writing."""
    large = [task for task in tasks if task.is_large]
    if large:
        await asyncio.to_thread(_read_each, large)
    for task in tasks:
        if not task.is_large:
            _read_each([task])
            await slices.pause()


def _read_each(tasks: Sequence[Task]) -> None:
    for task in tasks:
        with noting_problems(task):
            if task.item.kind is ItemKind.MESSAGE:
                task.inbound = read_message(task.item)
            elif task.item.kind is ItemKind.STATUS:
                task.status = read_status(task.item)


async def _apply(prepared: Prepared) -> None:
    fit = [task for task in prepared.tasks if task.problem is None]
    await apply_statuses([task for task in fit if task.status is not None])
    changes = [task for task in fit if task.item.kind is ItemKind.CHANGE]
    # Who has another user id goes first: what comes from there would make somebody new.
    await apply_moves([task for task in changes if task.item.field_name == USER_IDS_FIELD])
    messages = [task for task in fit if task.inbound is not None]
    await apply_messages(messages, prepared.senders)
    await apply_changes([task for task in changes if task.item.field_name != USER_IDS_FIELD])


async def _read_items(event: StoredEvent) -> Sequence[Item]:
    """The items of an event; a body that has none is parked whole."""
    if event.items is not None:
        return event.items
    try:
        return await _parse_items(event.body)
    except InvalidBody as error:
        problem = Unfit(ParkedReason.INVALID_BODY, str(error))
    except Exception as error:  # noqa: BLE001 - a body on which we fail is neither lost nor looped
        problem = explain_bug(error, event.id, "the body")
    logger.warning("Parked event %s: %s", event.id, problem.reason)
    await park_body(event, problem)
    return []


async def _parse_items(body: bytes) -> list[Item]:
    if len(body) > MAX_BYTES_ON_LOOP:
        return await asyncio.to_thread(lambda: list_items(parse_json(body)))
    return list_items(parse_json(body))


async def _read_again(parked: ParkedItem) -> list[Task]:
    """What a parked item holds, as far as it can be applied: an item, or a whole body."""
    text = parked.entry or parked.item
    is_large = len(text) > MAX_BYTES_ON_LOOP
    if parked.entry is not None and is_large:
        items = await asyncio.to_thread(list_parked_items, parked.entry)
    elif parked.entry is not None:
        items = list_parked_items(parked.entry)
    elif parked.pointer:
        items = []
    else:
        try:
            items = await _parse_items(parked.item.encode())
        except InvalidBody as error:
            problem = Unfit(ParkedReason.INVALID_BODY, str(error))
            items = [Item(pointer="", kind=ItemKind.OTHER, value=None, problem=problem)]
    return [
        Task(
            item,
            parked.event_id,
            parked.secret_digest,
            by_default_secret=parked.by_default_secret,
            received_at=parked.received_at or parked.created_at,
            is_large=is_large,
        )
        for item in items
    ]


def _has_changed(parked: ParkedItem, task: Task) -> bool:
    return task.problem is not None and task.problem.reason is not parked.reason


def _conclude(parked: ParkedItem, tasks: Sequence[Task]) -> Outcome:
    """What of a whole body fails again is parked by itself: then the body is done."""
    is_body = not parked.pointer
    own = [task for task in tasks if not (is_body and task.item.pointer)]
    problems = [task.problem for task in own if task.problem is not None]
    account = None if is_body else tasks[0].account
    return Outcome(parked, problems[0] if problems else None, account)


async def _park_failed(tasks: Sequence[Task]) -> None:
    failed = [task for task in tasks if task.problem is not None]
    counts = Counter((task.event_id, task.problem.reason) for task in failed if task.problem)
    for (event_id, reason), count in counts.items():
        logger.warning("Parked %d items of event %s: %s", count, event_id, reason)
    await park_items(failed)
    await request_replays(failed)
