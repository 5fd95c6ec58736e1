"""Migrations: indexes whose successors read fewer documents."""

from models.migrations.migration import Database, Migration, Progress, drop_index


async def _drop_unscoped_activity(database: Database, _progress: Progress) -> None:
    # Their successors, which have other names, are built before the migrations that run online.
    for name in ("activity_by_status", "activity_by_assignee"):
        await drop_index(database["conversations"], name)


DROP_UNSCOPED_ACTIVITY = Migration(
    number=22,
    name="drop indexes that read conversations of other accounts",
    run=_drop_unscoped_activity,
)


async def _drop_users_of_accounts(database: Database, _progress: Progress) -> None:
    # Its successor has the ids, without which the list was sorted in memory.
    await drop_index(database["users"], "of_accounts")


DROP_USERS_OF_ACCOUNTS = Migration(
    number=23,
    name="drop the index of users that does not sort them",
    run=_drop_users_of_accounts,
)


async def _drop_replaced_indexes(database: Database, _progress: Progress) -> None:
    # That of merges was never used: its filter by type matches no query by value.
    await drop_index(database["contact_merges"], "conversation")
    # Its successor begins with account and priority.
    await drop_index(database["messages"], "queue")
    # Their successors have the account.
    await drop_index(database["conversations"], "receipts_due")
    await drop_index(database["media"], "due")
    # Its successor leaves bodies that are kept for longer.
    await drop_index(database["webhook_events"], "kept")


DROP_REPLACED_INDEXES = Migration(
    number=24,
    name="drop indexes of merges, queues, receipts, files and webhooks that are replaced",
    run=_drop_replaced_indexes,
)
