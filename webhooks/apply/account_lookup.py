"""For which accounts an item is: the one of its number, or all of its business account."""

from typing import Any

from models import Account
from models.database.base import collection, from_bson
from webhooks.payload.items import NUMBER_FIELDS, Item, ItemKind


class Accounts:
    """Looks up each once; short-lived, so that a change shows soon. Deleted ones are unknown."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Account]] = {}

    async def find(self, item: Item) -> list[Account]:
        """Those that the item names. Who may speak for them is not asked here."""
        if item.phone_number_id is not None:
            return await self._find("phone_number_id", item.phone_number_id)
        # What is said about templates, alerts and the like names no number.
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
