"""Index of customers in stored JSON, for documents that version 0.1 stored."""

from collections.abc import Mapping
from typing import Any

from beanie import Document
from pymongo import UpdateOne

from models import AccountEvent, EventState, ParkedItem, WebhookEvent
from models.database.base import collection, utc_now
from models.webhooks.webhook_event import BODY_KEPT
from whatsapp.common.people import list_text_people

# Each document may have megabytes.
INDEXED_AT_ONCE = 20
_TEXTS: dict[type[Document], str] = {WebhookEvent: "body", ParkedItem: "item", AccountEvent: "raw"}


async def index_people() -> None:
    """Adds the digests of customers to all documents without them."""
    for document_class, name in _TEXTS.items():
        while await _index_some(document_class, name):
            pass


async def _index_some(document_class: type[Document], name: str) -> bool:
    projection = {name: 1, "state": 1}
    cursor = collection(document_class).find({"people": None}, projection).limit(INDEXED_AT_ONCE)
    updates = [
        UpdateOne({"_id": fields["_id"], "people": None}, {"$set": await _index(fields, name)})
        async for fields in cursor
    ]
    if updates:
        await collection(document_class).bulk_write(updates, ordered=False)
    return len(updates) == INDEXED_AT_ONCE


async def _index(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    people = await list_text_people(fields.get(name) or "")
    changes: dict[str, Any] = {"people": people}
    if name == "body" and fields["state"] == EventState.PROCESSED.value:
        changes["body_until"] = utc_now() + BODY_KEPT
    return changes
