"""Finds the accounts that an item of a webhook is about, and checks its signer."""

from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId

from models import Account, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection, from_bson
from webhooks.apply.tasks import Task
from webhooks.payload.items import NUMBER_FIELDS, Item, ItemKind
from whatsapp.common.account_workspaces import remember_workspaces

# Processes load a new secret a few seconds late.
GRACE = timedelta(seconds=10)


class AccountLookup:
    """Finds the accounts of items, and caches them. Deleted accounts are not found.

    Use an instance per batch, so that changes of accounts are seen soon.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Account]] = {}
        self._is_bound: dict[PydanticObjectId, bool] = {DEFAULT_WORKSPACE_ID: True}
        """Workspaces of found accounts: True if the server's app secret speaks for them."""

    def uses_default_secret(self, account: Account) -> bool:
        """Returns True if the server's app secret speaks for accounts without one of their own."""
        return self._is_bound[account.workspace_id]

    async def find(self, item: Item) -> list[Account]:
        """Returns the account of the item's number, or else all of its business account."""
        if item.phone_number_id is not None:
            return await self._find("phone_number_id", item.phone_number_id)
        # Changes of templates, alerts and other business fields name no number.
        is_of_business = item.kind is ItemKind.CHANGE and item.field_name not in NUMBER_FIELDS
        if is_of_business and item.business_account_id is not None:
            return await self._find("business_account_id", item.business_account_id)
        return []

    async def _find(self, name: str, value: str) -> list[Account]:
        if (name, value) not in self._found:
            query: dict[str, Any] = {name: value, "deleted_at": None}
            documents = await collection(Account).find(query).sort("_id").to_list()
            accounts = [from_bson(Account, document) for document in documents]
            remember_workspaces(accounts)
            await self._read_bound({account.workspace_id for account in accounts})
            self._found[name, value] = accounts
        return self._found[name, value]

    async def _read_bound(self, workspace_ids: set[PydanticObjectId]) -> None:
        unknown = workspace_ids - self._is_bound.keys()
        if unknown:
            bound = {"_id": {"$in": list(unknown)}, "uses_default_app_secret": True}
            found = await collection(Workspace).find(bound, {"_id": 1}).to_list()
            self._is_bound |= dict.fromkeys(unknown, False)
            self._is_bound |= {workspace["_id"]: True for workspace in found}


def is_signer_allowed(
    task: Task, account: Account, default_digest: str | None, *, uses_default: bool
) -> bool:
    """Returns True if the task was signed with the account's secret.

    That is the server's default secret if the account has none and `uses_default`. A former secret
    counts for bodies that came before it was replaced.
    """
    digests = [account.app_secret_digest]
    digests += [
        former.digest
        for former in account.former_app_secrets
        if task.received_at <= former.replaced_at + GRACE
    ]
    return any(
        _is_signed_with(digest, task, default_digest)
        for digest in digests
        if digest is not None or uses_default
    )


def _is_signed_with(digest: str | None, task: Task, default_digest: str | None) -> bool:
    if digest is None:  # the default secret, including the one at the time the body came
        return task.by_default_secret or task.secret_digest == default_digest
    return task.secret_digest == digest
