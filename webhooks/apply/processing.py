"""Applies stored webhook bodies; items that fail are parked without affecting the rest."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from beanie import PydanticObjectId

from models import Account, ParkedItem, ParkedReason
from models.database.outages import is_transient
from webhooks.apply.account_lookup import AccountLookup, is_signer_allowed
from webhooks.apply.app_workspaces import AppWorkspaces
from webhooks.apply.dead_letters import (
    Outcome,
    leave_out_erased,
    park_body,
    park_items,
    remove_parked,
    resolve,
)
from webhooks.apply.fields import apply_change
from webhooks.apply.messages import apply_messages
from webhooks.apply.replays import request_replays
from webhooks.apply.statuses import apply_statuses
from webhooks.apply.tasks import (
    Slices,
    Task,
    catching_problems,
    log_bug,
    run_by_sender,
    run_in_order,
)
from webhooks.payload.items import (
    USER_IDS_FIELD,
    Item,
    ItemKind,
    ItemRejected,
    list_items,
    list_parked_items,
)
from webhooks.payload.messages import read_message
from webhooks.payload.parsing import InvalidBody, parse_json
from webhooks.payload.statuses import read_status
from webhooks.store.events import StoredEvent

logger = logging.getLogger(__name__)

# Larger bodies are read in a thread, since that may take longer than a slice of the event loop.
MAX_BYTES_ON_LOOP = 64 * 1024


ItemCounts = Counter[tuple[str, str]]
"""Numbers of items by kind, and `applied` or `parked`."""


@dataclass(frozen=True)
class Processed:
    """The outcome of processed events."""

    counts: ItemCounts
    erased_ids: Sequence[str]
    """Events with dropped items, since their customers were erased after them."""
    workspaces: Mapping[str, Collection[PydanticObjectId | None]]
    """The workspaces that each event has items of; None for items of unknown numbers."""


class Processor:
    """Applies the items of webhooks to the accounts that their signer may write for."""

    def __init__(self, *, default_secret_digest: str | None) -> None:
        self._default_digest = default_secret_digest

    async def process(self, events: Sequence[StoredEvent]) -> Processed:
        """Applies, parks or drops every item of the events.

        Raises:
            PyMongoError: MongoDB is unavailable; processing again completes the work.
        """
        erased_ids: set[str] = set()
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
            for item in await _read_items(event, erased_ids)
        ]
        await self._apply(tasks)
        await _park_failed(tasks)
        counts = Counter(
            (task.item.kind.value, "applied" if task.problem is None else "parked")
            for task in tasks
            if not task.is_erased
        )
        erased_ids.update(task.event_id for task in tasks if task.is_erased)
        return Processed(counts, list(erased_ids), _list_workspaces(events, tasks))

    async def replay(self, parked: Sequence[ParkedItem]) -> None:
        """Applies parked items again, under the same rules.

        If a whole body was parked, its items that fail again are parked separately.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        try:
            await self._replay(parked)
        except Exception as error:
            if is_transient(error):
                raise
            if len(parked) > 1:
                # An invalid item must not affect the rest: replay each alone.
                for item in parked:
                    await self.replay([item])
            else:
                problem = log_bug(error, parked[0].event_id, parked[0].pointer)
                await resolve([Outcome(parked[0], problem, None)])

    async def _replay(self, parked: Sequence[ParkedItem]) -> None:
        slices = Slices()
        read: list[tuple[ParkedItem, list[Task]]] = []
        for item in parked:
            read.append((item, await _read_again(item)))
            await slices.pause()
        await self._apply([task for _, tasks in read for task in tasks])
        parts = [task for item, tasks in read if not item.pointer for task in tasks]
        await _park_failed([task for task in parts if task.item.pointer])
        erased = [item.id for item, tasks in read if any(task.is_erased for task in tasks)]
        await resolve(
            _conclude(item, tasks) for item, tasks in read if tasks and item.id not in erased
        )
        await remove_parked(erased)
        # The account may have been enabled since it was read. Items that fail for the same reason
        # are left, or they would be replayed without end.
        changed = [task for item, tasks in read for task in tasks if _has_changed(item, task)]
        await request_replays(changed)

    async def _apply(self, tasks: Sequence[Task]) -> None:
        """Applies the tasks, and sets the problem of failed tasks."""
        slices, accounts, workspaces = Slices(), AccountLookup(), AppWorkspaces()
        for task in tasks:
            with catching_problems(task):
                await self._check(task, accounts, workspaces)
            await slices.pause()
        await _read_all([task for task in tasks if task.problem is None], slices)
        valid = [task for task in tasks if task.problem is None]
        if statuses := [task for task in valid if task.status is not None]:
            await apply_statuses(statuses)
        changes = [task for task in valid if task.item.kind is ItemKind.CHANGE]
        # Changes of user ids come first, in order, since one may depend on an earlier one: messages
        # from a new id would create another contact.
        moves = [task for task in changes if task.item.field_name == USER_IDS_FIELD]
        await run_in_order(moves, apply_change)
        await apply_messages([task for task in valid if task.inbound is not None])
        others = [task for task in changes if task.item.field_name != USER_IDS_FIELD]
        await run_by_sender(others, apply_change)

    async def _check(self, task: Task, lookup: AccountLookup, workspaces: AppWorkspaces) -> None:
        """Sets the accounts of the task; raises ItemRejected if it must not be applied to any."""
        accounts = [
            account
            for account in await lookup.find(task.item)
            if task.workspace_id in (None, account.workspace_id)
        ]
        task.accounts = [
            account
            for account in accounts
            if is_signer_allowed(
                task,
                account,
                self._default_digest,
                uses_default=lookup.uses_default_secret(account),
            )
        ]
        task.account = next(iter(task.accounts), None)
        if accounts and not task.accounts:
            await self._reject_signer(task, accounts, workspaces)
        if task.item.problem is not None:
            raise task.item.problem
        if task.account is None:
            raise ItemRejected(ParkedReason.UNKNOWN_ACCOUNT)
        # Changes of a whole business account apply to disabled numbers too.
        if task.item.phone_number_id is not None and not task.account.enabled:
            raise ItemRejected(ParkedReason.ACCOUNT_DISABLED)

    async def _reject_signer(
        self, task: Task, accounts: Sequence[Account], workspaces: AppWorkspaces
    ) -> None:
        """Raises ItemRejected; the accounts of other workspaces are as good as unknown."""
        by_default = task.by_default_secret or task.secret_digest == self._default_digest
        signed = await workspaces.list_signed(task.secret_digest, by_default_secret=by_default)
        own = [account for account in accounts if account.workspace_id in signed]
        task.is_foreign = not own
        if own:
            task.account = own[0]
            raise ItemRejected(ParkedReason.WRONG_SECRET)
        raise task.item.problem or ItemRejected(ParkedReason.UNKNOWN_ACCOUNT)


def _list_workspaces(
    events: Sequence[StoredEvent], tasks: Sequence[Task]
) -> dict[str, set[PydanticObjectId | None]]:
    found: dict[str, set[PydanticObjectId | None]] = {event.id: set() for event in events}
    for task in tasks:
        # Accounts for which the signer does not speak have no say in its body.
        found[task.event_id].update([account.workspace_id for account in task.accounts] or [None])
    return found


async def _read_all(tasks: Sequence[Task], slices: Slices) -> None:
    """Parses the items of the tasks."""
    large = [task for task in tasks if task.is_large]
    if large:
        await asyncio.to_thread(_read_each, large)
    for task in tasks:
        if not task.is_large:
            _read_each([task])
            await slices.pause()


def _read_each(tasks: Sequence[Task]) -> None:
    for task in tasks:
        with catching_problems(task):
            if task.item.kind is ItemKind.MESSAGE:
                task.inbound = read_message(task.item)
            elif task.item.kind is ItemKind.STATUS:
                task.status = read_status(task.item)


async def _read_items(event: StoredEvent, erased_ids: set[str]) -> Sequence[Item]:
    """Returns the items of an event; parks a body that can't be read.

    Adds its id to `erased_ids` if the parked body lacks erased customers.
    """
    if event.items is not None:
        return event.items
    try:
        return await _parse_items(event.body)
    except InvalidBody as error:
        problem = ItemRejected(ParkedReason.INVALID_BODY, str(error))
    except Exception as error:  # noqa: BLE001 - a body that reveals a bug is parked, not retried
        problem = log_bug(error, event.id, "the body")
    logger.warning("Parked event %s: %s", event.id, problem.reason)
    if await park_body(event, problem):
        erased_ids.add(event.id)
    return []


async def _parse_items(body: bytes) -> list[Item]:
    if len(body) > MAX_BYTES_ON_LOOP:
        return await asyncio.to_thread(lambda: list_items(parse_json(body)))
    return list_items(parse_json(body))


async def _read_again(parked: ParkedItem) -> list[Task]:
    """Returns the tasks of a parked item or body."""
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
            problem = ItemRejected(ParkedReason.INVALID_BODY, str(error))
            items = [Item(pointer="", kind=ItemKind.OTHER, value=None, problem=problem)]
    return [
        Task(
            item,
            parked.event_id,
            parked.secret_digest,
            by_default_secret=parked.by_default_secret,
            received_at=parked.received_at or parked.created_at,
            # A number may have been connected in another workspace since.
            workspace_id=parked.workspace_id if parked.account_id else None,
            is_large=is_large,
        )
        for item in items
    ]


def _has_changed(parked: ParkedItem, task: Task) -> bool:
    return task.problem is not None and task.problem.reason is not parked.reason


def _conclude(parked: ParkedItem, tasks: Sequence[Task]) -> Outcome:
    """Returns the outcome of a replay. A body is done once its failed items are parked."""
    is_body = not parked.pointer
    counted = [task for task in tasks if not (is_body and task.item.pointer)]
    problems = [task.problem for task in counted if task.problem is not None]
    account = None if is_body else tasks[0].account
    return Outcome(parked, problems[0] if problems else None, account)


async def _park_failed(tasks: Sequence[Task]) -> None:
    """Parks the failed tasks without the customers who were erased after them."""
    failed = [task for task in tasks if task.problem is not None]
    failed = await leave_out_erased(failed)
    if not failed:
        return
    counts = Counter((task.event_id, task.problem.reason) for task in failed if task.problem)
    for (event_id, reason), count in counts.items():
        logger.warning("Parked %d items of event %s: %s", count, event_id, reason)
    await park_items(failed)
    await request_replays(failed)
