"""Webhooks in Meta's form: inbound messages and statuses."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from bson import ObjectId

from bench.documents import Person
from bench.load.requests import make_webhook_request
from bench.world import APP_SECRET, BUSINESS_ACCOUNT_ID, DISPLAY_NUMBER, PHONE_NUMBER_IDS

Item = dict[str, Any]
STATUSES = ("sent", "delivered", "read")


def make_message(person: Person, wamid: str, text: str) -> Item:
    """Returns a message with the customer's name under `contact`, which moves to `contacts`."""
    message = {
        "from": person.wa_id,
        "id": wamid,
        "timestamp": str(int(time.time())),
        "text": {"body": text},
        "type": "text",
    }
    contact = {"profile": {"name": person.name}, "wa_id": person.wa_id}
    return {"kind": "messages", "item": message, "contact": contact}


def make_status(person_wa_id: str, wamid: str, message_id: ObjectId, status: str) -> Item:
    item = {
        "id": wamid,
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": person_wa_id,
        "biz_opaque_callback_data": str(message_id),
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "service"},
    }
    return {"kind": "statuses", "item": item}


def make_webhook(items: Sequence[Item], *, phone_number_id: str = PHONE_NUMBER_IDS[0]) -> bytes:
    """Returns a signed request with all items in the same change."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": DISPLAY_NUMBER,
            "phone_number_id": phone_number_id,
        },
    }
    contacts = {one["contact"]["wa_id"]: one["contact"] for one in items if "contact" in one}
    if contacts:
        value["contacts"] = list(contacts.values())
    for kind in ("messages", "statuses"):
        found = [one["item"] for one in items if one["kind"] == kind]
        if found:
            value[kind] = found
    change = {"value": value, "field": "messages"}
    entry = {"id": BUSINESS_ACCOUNT_ID, "changes": [change]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return make_webhook_request(body, APP_SECRET)


def make_messages(people: Sequence[Person], prefix: str, count: int) -> Iterator[Item]:
    """Returns messages of customers in turn; wamids and texts begin with the prefix."""
    for number in range(count):
        key = f"{prefix}{number:07}"
        yield make_message(people[number % len(people)], f"wamid.{key}", f"{key} is my order")
