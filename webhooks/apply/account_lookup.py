"""Finds the accounts of an item, and checks that its signer may write to them."""

from datetime import timedelta
from typing import Any

from models import Account
from models.database.base import collection, from_bson
from webhooks.apply.tasks import Task
from webhooks.payload.items import NUMBER_FIELDS, Item, ItemKind

# Processes load a new secret a few seconds late.
GRACE = timedelta(seconds=10)


class AccountLookup:
    """Finds the accounts of items, and caches them. Deleted accounts are not found.

    Use an instance per batch, so that changes of accounts are seen soon.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Account]] = {}

    async def find(self, item: Item) -> list[Account]:
        """Returns the account of the item's number, or else all of its business account."""
        if item.phone_number_id is not None:
            return await self._find("phone_number_id", item.phone_number_id)
        # Changes of templates, alerts and the like name no number.
        is_of_business = item.kind is ItemKind.CHANGE and item.field_name not in NUMBER_FIELDS
        if is_of_business and item.business_account_id is not None:
            return await self._find("business_account_id", item.business_account_id)
        return []

    async def _find(self, name: str, value: str) -> list[Account]:
        if (name, value) not in self._found:
            query: dict[str, Any] = {name: value, "deleted_at": None}
            documents = await collection(Account).find(query).sort("_id").to_list()
            self._found[name, value] = [from_bson(Account, document) for document in documents]
        return self._found[name, value]


def is_signer_allowed(task: Task, account: Account, default_digest: str | None) -> bool:
    """Returns True if the task was signed with the account's secret.

    That is the server's default secret if the account has none. A former secret counts for bodies
    that came before it was replaced.
    """
    return _is_signed_with(account.app_secret_digest, task, default_digest) or any(
        task.received_at <= former.replaced_at + GRACE
        and _is_signed_with(former.digest, task, default_digest)
        for former in account.former_app_secrets
    )


def _is_signed_with(digest: str | None, task: Task, default_digest: str | None) -> bool:
    if digest is None:  # the default secret, including the one at the time the body came
        return task.by_default_secret or task.secret_digest == default_digest
    return task.secret_digest == digest
