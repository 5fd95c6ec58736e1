"""Applies checked items of webhooks in batches."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from beanie import PydanticObjectId

from models import Message
from models.database.outages import is_transient
from webhooks.apply.fields import apply_change
from webhooks.apply.storage import SenderCache, store_messages
from webhooks.apply.tasks import Task, catching_problems, run_by_sender, run_in_order
from webhooks.payload.messages import Inbound
from whatsapp.conversations.conversations import retry_when_gone
from whatsapp.messages.amendments import Amendment, record_amendment
from whatsapp.messages.status_batches import record_plain_statuses
from whatsapp.messages.statuses import record_status

# Larger writes would save little more, and block the event loop while they are encoded.
MESSAGES_AT_ONCE = 100
STATUSES_AT_ONCE = 250


async def apply_statuses(tasks: Sequence[Task]) -> None:
    """Records status updates of sent messages."""
    for account_id, group in _group_statuses(tasks).items():
        for start in range(0, len(group), STATUSES_AT_ONCE):
            await _record_statuses(account_id, group[start : start + STATUSES_AT_ONCE])


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
        # An invalid update must not affect the rest: record each alone.
        left = range(len(updates))

    async def record(task: Task) -> None:
        if task.status is not None:
            await record_status(account_id, task.status)

    await run_by_sender([tasks[position] for position in left], record)


async def apply_changes(tasks: Sequence[Task]) -> None:
    """Applies changes of templates, accounts and the like."""
    await run_by_sender(tasks, _apply_change)


async def apply_moves(tasks: Sequence[Task]) -> None:
    """Applies changes of user ids in order, since a change may depend on an earlier one."""
    await run_in_order(tasks, _apply_change)


async def _apply_change(task: Task) -> None:
    await apply_change(task.accounts, task.item)


async def apply_messages(tasks: Sequence[Task]) -> None:
    """Stores messages, and applies reactions, edits and deletions to earlier messages."""
    # Oldest first, so that the newest message sets the sender's profile.
    ordered = sorted(tasks, key=_get_timestamp)
    for start in range(0, len(ordered), MESSAGES_AT_ONCE):
        batch = ordered[start : start + MESSAGES_AT_ONCE]
        try:
            await _place_and_store(batch)
        except Exception as error:
            if is_transient(error):
                raise
            # An invalid message must not affect the rest: store each alone.
            for task in batch:
                if task.problem is None:
                    with catching_problems(task):
                        await retry_when_gone(partial(_place_and_store, [task]))


def _get_timestamp(task: Task) -> datetime:
    return task.inbound.message.timestamp if task.inbound else datetime.max.replace(tzinfo=UTC)


def _changes_identity(task: Task) -> bool:
    return task.inbound is not None and bool(task.inbound.new_identities)


async def _place_and_store(tasks: Sequence[Task]) -> None:
    senders = SenderCache()
    for account_id, inbounds in _group_by_account(tasks).items():
        await senders.load(account_id, inbounds)
        await senders.create_contacts(account_id, inbounds)

    async def place(task: Task) -> None:
        if task.account is not None and task.inbound is not None:
            task.placed = await senders.place(task.account.id, task.inbound)

    # Changes of number come first: messages from a new number would create another contact.
    await run_in_order([task for task in tasks if _changes_identity(task)], place)
    await run_by_sender([task for task in tasks if not _changes_identity(task)], place)
    placed = [task for task in tasks if task.problem is None]
    await store_messages([task.placed for task in placed if isinstance(task.placed, Message)])
    # After the messages, which may be the targets.
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
