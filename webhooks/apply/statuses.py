"""Records status updates of sent messages, in batches."""

from collections.abc import Sequence

from beanie import PydanticObjectId

from models.database.outages import is_transient
from webhooks.apply.tasks import Task, group_by_account, run_by_sender
from whatsapp.messages.status_batches import record_plain_statuses
from whatsapp.messages.statuses import record_status

# Larger writes would save little more, and block the event loop while they are encoded.
STATUSES_AT_ONCE = 250


async def apply_statuses(tasks: Sequence[Task]) -> None:
    """Records status updates of sent messages."""
    for account_id, group in group_by_account(tasks).items():
        for start in range(0, len(group), STATUSES_AT_ONCE):
            await _record_statuses(account_id, group[start : start + STATUSES_AT_ONCE])


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
