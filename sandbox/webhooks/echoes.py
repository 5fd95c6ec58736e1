"""Messages that the business writes in the WhatsApp Business app of the same number."""

import time
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.webhooks.content import ContentReader, InboundMistakeError
from sandbox.webhooks.inbound import InboundDesk
from sandbox.webhooks.phone_view import show_on_phone
from sandbox.webhooks.statuses import AcceptedMessage, StatusRunner
from sandbox.webhooks.webhook_bodies import Json, Update
from sandbox.webhooks.webhook_sender import Delivery, WebhookSender
from sandbox.world.customers import CustomerBook
from sandbox.world.identifiers import make_wamid, read_phone
from sandbox.world.media import MediaStore

# A reaction, an edit or a deletion changes another message and has no statuses.
CHANGES = ("reaction", "edit", "revoke")


class EchoDesk:
    """Shows such messages on the customer's phone and reports them by webhook, up to `read`."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        inbound: InboundDesk,
        sender: WebhookSender,
        customers: CustomerBook,
        media: MediaStore,
    ) -> None:
        self._inbound = inbound
        self._sender = sender
        self._customers = customers
        self._content = ContentReader(settings, media)
        self._statuses = StatusRunner(settings, sender, customers)

    async def send(self, described: Json, *, base_url: str) -> tuple[str, Delivery]:
        """Returns the message's id and the webhook. Raises InboundMistakeError.

        Takes {"to", "type", <type>, "timestamp", "context", "phone_number_id"}.
        """
        number = await self._inbound.find_number(described.get("phone_number_id"))
        phone = read_phone(str(described.get("to")))
        if phone is None:
            raise InboundMistakeError('"to" must be the phone number of the customer.')
        message_type = str(described.get("type", "text"))
        content = self._content.read(described, message_type, number=number, base_url=base_url)
        conversation = self._customers.open(number, phone=phone)
        message: Json = {
            "from": "".join(filter(str.isdigit, number.display_phone_number)),
            "to": phone,
            "id": make_wamid(phone, outbound=True),
            "timestamp": str(_read_seconds(described.get("timestamp"))),
            "type": message_type,
            message_type: content,
        }
        message |= {"context": described["context"]} if "context" in described else {}
        show_on_phone(self._customers, conversation, message, author="business")
        update = Update(number, "message_echoes", message, (), conversation.customer.key)
        delivery = self._sender.submit([update])
        if message_type not in CHANGES:
            accepted = AcceptedMessage(message["id"], number, conversation, False, None)
            reported = self._statuses.report_seen(
                accepted, at=float(message["timestamp"]), after=delivery
            )
            self._sender.start_task(reported)
        return str(message["id"]), delivery


def _read_seconds(timestamp: Any) -> int:
    try:
        return int(time.time() if timestamp is None else timestamp)
    except (TypeError, ValueError):
        raise InboundMistakeError('"timestamp" must be seconds since 1970.') from None
