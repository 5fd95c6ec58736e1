"""Applies the items of webhooks that passed all checks, many at once."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from beanie import PydanticObjectId

from models import Message
from models.database.outages import is_transient
from webhooks.apply.fields import apply_change
from webhooks.apply.storage import Correspondents, store_messages
from webhooks.apply.tasks import Task, noting_problems, run_by_sender, run_in_order
from webhooks.payload.messages import Inbound
from whatsapp.conversations.conversations import retry_when_gone
from whatsapp.messages.amendments import Amendment, record_amendment
from whatsapp.messages.status_batches import record_plain_statuses
from whatsapp.messages.statuses import record_status

# What is written at once. Larger writes would save little more, and whatever comes in waits while
# they are put together.
MESSAGES_AT_ONCE = 100
STATUSES_AT_ONCE = 250


async def apply_statuses(tasks: Sequence[Task]) -> None:
    """Records what became of messages that were sent."""
    for account_id, own in _group_statuses(tasks).items():
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
        if is_transient(error):
            raise
        # One of them is at fault: by themselves the others are recorded.
        left = range(len(updates))

    async def record(task: Task) -> None:
        if task.status is not None:
            await record_status(account_id, task.status)

    await run_by_sender([tasks[position] for position in left], record)


async def apply_changes(tasks: Sequence[Task]) -> None:
    """Does what the other fields ask for: templates, accounts, and the like."""
    await run_by_sender(tasks, _apply_change)


async def apply_moves(tasks: Sequence[Task]) -> None:
    """Changes of user ids: where one goes on from another, only their order gives one contact."""
    await run_in_order(tasks, _apply_change)


async def _apply_change(task: Task) -> None:
    await apply_change(task.accounts, task.item)


async def find_senders(tasks: Sequence[Task]) -> Correspondents | None:
    """What is known about who wrote these messages; None where they are too many to be written at
    once, or where one of them is at fault. Writes nothing.

    Raises:
        PyMongoError: MongoDB is away.
    """
    if len(tasks) > MESSAGES_AT_ONCE:
        return None
    senders = Correspondents()
    try:
        for account_id, inbounds in _group_by_account(tasks).items():
            await senders.find(account_id, inbounds)
    except Exception as error:
        if is_transient(error):
            raise
        return None
    return senders


async def apply_messages(tasks: Sequence[Task], senders: Correspondents | None) -> None:
    """Stores messages, and records what others say about earlier ones. `senders` is what was found
    of all of them a moment ago, if that is known.
    """
    # Oldest first: what a later message shows of its sender is shown last.
    ordered = sorted(tasks, key=_get_timestamp)
    for start in range(0, len(ordered), MESSAGES_AT_ONCE):
        some = ordered[start : start + MESSAGES_AT_ONCE]
        try:
            await _place_and_store(some, senders)
        except Exception as error:
            if is_transient(error):
                raise
            # One of them is at fault: by themselves the others are stored.
            for task in some:
                if task.problem is None:
                    with noting_problems(task):
                        await retry_when_gone(partial(_place_and_store, [task]))


def _get_timestamp(task: Task) -> datetime:
    return task.inbound.shape.timestamp if task.inbound else datetime.max.replace(tzinfo=UTC)


def _moves(task: Task) -> bool:
    return task.inbound is not None and bool(task.inbound.new_identities)


async def _place_and_store(tasks: Sequence[Task], known: Correspondents | None = None) -> None:
    senders = known or Correspondents()
    for account_id, inbounds in _group_by_account(tasks).items():
        if known is None:
            await senders.find(account_id, inbounds)
        await senders.create_contacts(account_id, inbounds)

    async def place(task: Task) -> None:
        if task.account is not None and task.inbound is not None:
            task.placed = await senders.place(task.account.id, task.inbound)

    # Who moves to another number goes first: what comes from there would make somebody new.
    await run_in_order([task for task in tasks if _moves(task)], place)
    await run_by_sender([task for task in tasks if not _moves(task)], place)
    placed = [task for task in tasks if task.problem is None]
    await store_messages([task.placed for task in placed if isinstance(task.placed, Message)])
    # After the messages: then those of the same body need not wait.
    await run_by_sender([task for task in placed if isinstance(task.placed, Amendment)], _amend)


async def _amend(task: Task) -> None:
    if task.account is not None and isinstance(task.placed, Amendment):
        await record_amendment(task.account.id, task.placed)


def _group_by_account(tasks: Iterable[Task]) -> dict[PydanticObjectId, list[Inbound]]:
    groups: dict[PydanticObjectId, list[Inbound]] = {}
    for task in tasks:
        if task.account is not None and task.inbound is not None:
            groups.setdefault(task.account.id, []).append(task.inbound)
    return groups
