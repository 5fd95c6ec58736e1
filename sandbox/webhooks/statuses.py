"""Statuses of accepted messages (sent, delivered, read, failed), reported by webhooks."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import make_status_error
from sandbox.webhooks.webhook_bodies import Json, Update
from sandbox.webhooks.webhook_sender import Delivery, WebhookSender
from sandbox.world.customers import Conversation, CustomerBook
from sandbox.world.faults import FaultRule
from sandbox.world.numbers import FakeNumber

CONVERSATION_GONE_IN = 24.0  # Graph API version without the `conversation` object
CATEGORIES = {"MARKETING": "marketing", "UTILITY": "utility", "AUTHENTICATION": "authentication"}


@dataclass(slots=True)
class AcceptedMessage:
    """An accepted message with the data of its statuses."""

    id: str
    number: FakeNumber
    conversation: Conversation
    to_user_id: bool  # sent to a business-scoped user id instead of a phone
    callback_data: str | None
    category: str = "service"
    graph_version: float = 25.0
    failure: tuple[int, str | None] | None = None  # code and details, known at once
    is_voice: bool = False


@dataclass(frozen=True, slots=True)
class StatusFaults:
    """The fault rules for statuses at the time the message was accepted."""

    before_answer: FaultRule | None = None
    shuffle: FaultRule | None = None
    fail: FaultRule | None = None
    silent: FaultRule | None = None


class StatusRunner:
    """Plays the customer's phone: reports the statuses of accepted messages."""

    def __init__(
        self, settings: SandboxSettings, sender: WebhookSender, customers: CustomerBook
    ) -> None:
        self.settings = settings
        self._sender = sender
        self._customers = customers

    async def run(self, message: AcceptedMessage, faults: StatusFaults) -> None:
        """Sends the statuses in order: each waits for the webhook of the previous status."""
        if faults.silent is not None:
            return
        names = self._plan(message, faults)
        if faults.shuffle is not None:
            await self._send_shuffled(message, names, statuses=faults.shuffle.statuses)
            return
        for name in names:
            await asyncio.sleep(self._delay_before(name))
            delivery = self._send(message, name, at=time.time(), faults=faults)
            if not self._is_batched(delivery):
                await delivery.finished.wait()

    async def report_seen(self, message: AcceptedMessage, *, at: float, after: Delivery) -> None:
        """Reports `delivered` and `read` with the time `at` once the message itself has arrived."""
        await after.finished.wait()
        for name in ("delivered", "read"):
            delivery = self._send(message, name, at=at, faults=StatusFaults())
            await delivery.finished.wait()

    def _plan(self, message: AcceptedMessage, faults: StatusFaults) -> list[str]:
        if message.failure is not None:
            return ["failed"]
        if faults.fail is not None:
            return [*(faults.fail.statuses or ()), "failed"]
        names = ["sent", "delivered"]
        if message.conversation.customer.read_receipts:
            names.append("read")
        if faults.before_answer is not None and faults.before_answer.statuses is not None:
            names = list(faults.before_answer.statuses)
        return names

    async def _send_shuffled(
        self, message: AcceptedMessage, names: list[str], *, statuses: list[Any] | None
    ) -> None:
        start = time.time()
        times = {name: start + index for index, name in enumerate(names)}
        order = list(statuses) if statuses else random.sample(names, len(names))
        for name in order:
            at = times.get(name, start)
            delivery = self._send(message, name, at=at, faults=StatusFaults())
            if not self._is_batched(delivery):
                await delivery.finished.wait()

    def _send(
        self, message: AcceptedMessage, name: str, *, at: float, faults: StatusFaults
    ) -> Delivery:
        error = _find_error(message, faults.fail) if name == "failed" else None
        item = self._build_status(message, name, at=at, error=error)
        contacts = [] if name == "failed" else [_build_contact(message, name)]
        self._customers.set_status(
            message.conversation, message.id, name, error=error["title"] if error else None
        )
        update = Update(
            message.number, "statuses", item, contacts, message.conversation.customer.key
        )
        return self._sender.submit([update])

    def _build_status(
        self, message: AcceptedMessage, name: str, *, at: float, error: Json | None
    ) -> Json:
        customer = message.conversation.customer
        item: Json = {"id": message.id, "status": name, "timestamp": str(int(at))}
        if customer.phone is not None and not message.to_user_id:
            item["recipient_id"] = customer.phone
        if customer.user_id is not None and (message.to_user_id or name != "failed"):
            item["recipient_user_id"] = customer.user_id
        if name == "failed":
            item["errors"] = [error]
            return item
        if name in ("sent", "delivered"):
            item |= self._build_billing(message, at=at, with_expiry=name == "sent")
        if message.callback_data is not None:
            item["biz_opaque_callback_data"] = message.callback_data
        return item

    def _build_billing(self, message: AcceptedMessage, *, at: float, with_expiry: bool) -> Json:
        is_free = message.category == "service"
        billing: Json = {
            "pricing": {
                "billable": not is_free,
                "pricing_model": "PMP",
                "type": "free_customer_service" if is_free else "regular",
                "category": message.category,
            }
        }
        shown = self.settings.conversation_in_statuses
        if shown if shown is not None else message.graph_version < CONVERSATION_GONE_IN:
            origin = {"type": message.category}
            conversation: Json = {"id": f"{message.id[-32:].lower()}", "origin": origin}
            if with_expiry:
                conversation["expiration_timestamp"] = str(int(at + self.settings.window_length))
            billing["conversation"] = conversation
        return billing

    def _delay_before(self, name: str) -> float:
        if name == "delivered":
            return self.settings.delivered_delay
        return self.settings.read_delay if name in ("read", "played") else self.settings.sent_delay

    def _is_batched(self, delivery: Delivery) -> bool:
        # A batch waits for later updates; waiting for it here would keep it incomplete.
        return not delivery.body


def _find_error(message: AcceptedMessage, rule: FaultRule | None) -> Json:
    if message.failure is not None:
        code, details = message.failure
        return make_status_error(code, details=details)
    code = rule.code if rule is not None and rule.code is not None else 131026
    return make_status_error(code, details=rule.details if rule is not None else None)


def _build_contact(message: AcceptedMessage, name: str) -> Json:
    """Returns the item of `contacts` beside a status; it has the username only once delivered."""
    customer = message.conversation.customer
    profile: Json = {"name": customer.name}
    if customer.username is not None and name in ("delivered", "read", "played"):
        profile["username"] = customer.username
    contact: Json = {"profile": profile}
    if customer.phone is not None and not message.to_user_id:
        contact["wa_id"] = customer.phone
    if customer.user_id is not None:
        contact["user_id"] = customer.user_id
    return contact
