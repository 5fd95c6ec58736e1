"""Applies a stored webhook body item by item: one bad item never harms its neighbours."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models import Account, ParkedItem, ParkedReason
from webhooks.addressees import Accounts
from webhooks.applying import (
    apply_changes,
    apply_messages,
    apply_moves,
    apply_statuses,
    find_senders,
)
from webhooks.events import StoredEvent
from webhooks.items import (
    USER_IDS_FIELD,
    Item,
    ItemKind,
    Unfit,
    list_items,
    list_parked_items,
)
from webhooks.messages import read_message
from webhooks.parking import park_body, park_item, resolve
from webhooks.parsing import InvalidBody, parse_json
from webhooks.storage import Correspondents
from webhooks.tasks import Task, explain_bug, noting_problems

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What can be known of some items before anything is written."""

    tasks: Sequence[Task]
    senders: Correspondents | None
    """Where all of them are messages."""


class Processor:
    """Applies what one secret signed to the accounts that this secret may speak for."""

    def __init__(self, *, default_secret_digest: str | None) -> None:
        self._default_secret_digest = default_secret_digest

    async def prepare(self, events: Sequence[StoredEvent]) -> Prepared:
        """Reads what is known about the items of all these events. Writes nothing, but parks bodies
        that have no items.

        Raises:
            PyMongoError: MongoDB is away.
        """
        tasks = [
            Task(item, event.id, event.secret_digest)
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
        await _apply(await self._prepare(tasks, accounts))
        is_body = not parked.pointer
        await _park_failed([task for task in tasks if is_body and task.item.pointer])
        own = [task for task in tasks if not (is_body and task.item.pointer)]
        problems = [task.problem for task in own if task.problem is not None]
        account = None if is_body else tasks[0].account
        await resolve(parked, problems[0] if problems else None, account)

    async def _prepare(self, tasks: Sequence[Task], accounts: Accounts) -> Prepared:
        for task in tasks:
            with noting_problems(task):
                self._check(task, await accounts.find(task.item))
        fit = [task for task in tasks if task.problem is None]
        # What else there is may change who is known.
        only_messages = all(task.inbound is not None for task in fit)
        return Prepared(tasks, await find_senders(fit) if only_messages else None)

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


async def _apply(prepared: Prepared) -> None:
    fit = [task for task in prepared.tasks if task.problem is None]
    await apply_statuses([task for task in fit if task.item.kind is ItemKind.STATUS])
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
