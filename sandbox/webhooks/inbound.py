"""Inbound messages: builds Meta's messages from short descriptions and delivers them."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.webhooks.content import ContentReader, InboundMistakeError
from sandbox.webhooks.phone_view import show_on_phone
from sandbox.webhooks.webhook_bodies import Json, Update, build_batch, encode_like_meta
from sandbox.webhooks.webhook_sender import Delivery, WebhookSender
from sandbox.world.customers import Conversation, Customer, CustomerBook
from sandbox.world.identifiers import is_user_id, make_wamid, read_phone
from sandbox.world.media import MediaStore
from sandbox.world.numbers import FakeNumber, Numbers

CALL = "call"
MESSAGE_FIELDS = ("context", "referral", "errors", "identity", "group_id")
FIELDS = frozenset(
    {"from", "name", "type", "phone_number_id", "id", "timestamp", "user_id", "parent_user_id"}
    | {"username", "raw", "contact", "retry", *MESSAGE_FIELDS}
)


@dataclass(slots=True)
class CustomerMessage:
    """A customer message that is not delivered yet."""

    number: FakeNumber
    conversation: Conversation
    message: Json
    contacts: list[Json]

    @property
    def wamid(self) -> str:
        return str(self.message["id"])

    @property
    def update(self) -> Update:
        key = self.conversation.customer.key
        if self.message["type"] == CALL:
            return Update(self.number, "calls", self._build_call(), self.contacts, key)
        return Update(self.number, "messages", self.message, self.contacts, key)

    def _build_call(self) -> Json:
        """Returns Meta's form of a call: its fields beside the id, without a type."""
        common = {name: value for name, value in self.message.items() if name not in ("type", CALL)}
        number = "".join(filter(str.isdigit, self.number.display_phone_number))
        call: Json = {"to": number, "event": "connect", "direction": "USER_INITIATED"}
        details = self.message[CALL]
        return common | call | (details if isinstance(details, dict) else {})


class InboundDesk:
    """Builds and delivers customer messages for scripts and the phone page."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        numbers: Numbers,
        sender: WebhookSender,
        customers: CustomerBook,
        media: MediaStore,
    ) -> None:
        self.settings = settings
        self._numbers = numbers
        self._sender = sender
        self._customers = customers
        self._content = ContentReader(settings, media)

    async def find_number(self, phone_number_id: Any) -> FakeNumber:
        """Returns the number with this id, by default the first. Raises InboundMistakeError."""
        if phone_number_id is not None:
            number = await self._numbers.get_number(str(phone_number_id))
            if number is None:
                raise InboundMistakeError(f"There is no number with the id {phone_number_id}.")
            return number
        numbers = await self._numbers.list_numbers()
        if not numbers:
            raise InboundMistakeError("There is no business number yet: create an account first.")
        return numbers[0]

    async def build(self, described: Any, *, base_url: str) -> CustomerMessage:
        """Raises InboundMistakeError for an invalid description."""
        if not isinstance(described, dict):
            raise InboundMistakeError("A message is described by a JSON object.")
        number = await self.find_number(described.get("phone_number_id"))
        phone, user_id = _read_sender(described)
        message_type = described.get("type", "text")
        if not isinstance(message_type, str):
            raise InboundMistakeError('"type" must be a string such as "text" or "image".')
        _check_fields(described, message_type)
        content = self._content.read(described, message_type, number=number, base_url=base_url)
        conversation = self._customers.open(
            number,
            phone=phone,
            user_id=user_id,
            name=_read_string(described, "name"),
            username=_read_string(described, "username"),
        )
        message = _build_message(described, message_type, content, conversation.customer, phone)
        contacts = [_build_contact(described, conversation.customer, phone)]
        # Meta sends no contacts with a system message.
        return CustomerMessage(
            number, conversation, message, [] if message_type == "system" else contacts
        )

    async def add_customer(self, described: Json) -> Conversation:
        """Adds a customer without messages. Raises InboundMistakeError."""
        number = await self.find_number(described.get("phone_number_id"))
        phone, user_id = _read_sender(described)
        return self._customers.open(
            number,
            phone=phone,
            user_id=user_id,
            name=_read_string(described, "name"),
            username=_read_string(described, "username"),
        )

    def deliver(self, message: CustomerMessage, *, retry: bool = True) -> Delivery:
        if message.conversation.is_blocked:
            raise InboundMistakeError("The business has blocked this customer: it hears nothing.")
        self.show(message)
        if retry:
            return self._sender.submit([message.update])
        return self.deliver_together([message], entries=1, changes=1, retry=False)

    def deliver_together(
        self, messages: list[CustomerMessage], *, entries: int, changes: int, retry: bool = True
    ) -> Delivery:
        """Delivers several messages in the same webhook; their numbers must share an app secret."""
        secrets = {message.number.app_secret for message in messages}
        if len(secrets) > 1:
            raise InboundMistakeError("One webhook has one signature: these numbers have several.")
        body = build_batch(
            [message.update for message in messages], entries=entries, changes=changes
        )
        first = messages[0]
        return self._sender.submit_body(
            encode_like_meta(body), number=first.number, customer=first.update.customer, retry=retry
        )

    async def wait_for_answer(self, delivery: Delivery) -> Json:
        """Returns the server's answer so far; a webhook in a queue has no status yet."""
        try:
            await asyncio.wait_for(delivery.answered.wait(), self.settings.inbound_wait)
        except TimeoutError:
            return {"webhook_status": None, "webhook_error": "The webhook still waits in line."}
        return {"webhook_status": delivery.attempts[-1], "webhook_error": delivery.error}

    def show(self, message: CustomerMessage) -> None:
        """Shows the message on the customer's phone and opens the service window."""
        show_on_phone(self._customers, message.conversation, message.message, author="customer")


def _read_sender(described: Json) -> tuple[str | None, str | None]:
    phone, user_id = described.get("from"), described.get("user_id")
    if phone is None and user_id is None:
        raise InboundMistakeError(
            '"from" is missing: the phone number of the customer, or give "user_id".'
        )
    if user_id is not None and not is_user_id(str(user_id)):
        raise InboundMistakeError('"user_id" must look like US.13491208655302741918.')
    if phone is None:
        return None, str(user_id)
    digits = read_phone(str(phone))
    if digits is None:
        raise InboundMistakeError(f'"from" must be a phone number, not {str(phone)[:40]!r}.')
    return digits, None if user_id is None else str(user_id)


def _check_fields(described: Json, message_type: str) -> None:
    unknown = sorted(described.keys() - FIELDS - {message_type})
    if unknown:
        raise InboundMistakeError(
            f'{", ".join(unknown)}: no field of a message of type "{message_type}". Put other '
            'fields of the message under "raw".'
        )
    if not isinstance(described.get("raw", {}), dict):
        raise InboundMistakeError(
            '"raw" must be an object: fields of the message as Meta has them.'
        )


def _read_string(described: Json, name: str) -> str | None:
    value = described.get(name)
    if value is not None and not isinstance(value, str):
        raise InboundMistakeError(f'"{name}" must be a string.')
    return value


def _build_message(
    described: Json, message_type: str, content: Any, customer: Customer, phone: str | None
) -> Json:
    message: Json = {}
    if phone is not None:
        message["from"] = phone
    if customer.user_id is not None:
        message["from_user_id"] = customer.user_id
    if described.get("parent_user_id"):
        message["from_parent_user_id"] = described["parent_user_id"]
    message["id"] = described.get("id") or make_wamid(phone or "0", outbound=False)
    message["timestamp"] = _read_timestamp(described)
    message["type"] = message_type
    if content is not None:
        message[message_type] = content
    message |= {name: described[name] for name in MESSAGE_FIELDS if name in described}
    return message | dict(described.get("raw", {}))


def _read_timestamp(described: Json) -> str:
    """Returns whole seconds since 1970 as a string, as Meta writes times."""
    timestamp = described.get("timestamp", int(time.time()))
    try:
        return str(int(timestamp))
    except (TypeError, ValueError):
        raise InboundMistakeError('"timestamp" must be seconds since 1970.') from None


def _build_contact(described: Json, customer: Customer, phone: str | None) -> Json:
    profile: Json = {"name": customer.name}
    if customer.username is not None:
        profile["username"] = customer.username
    contact: Json = {"profile": profile}
    if phone is not None:
        contact["wa_id"] = phone
    if customer.user_id is not None:
        contact["user_id"] = customer.user_id
    if described.get("parent_user_id"):
        contact["parent_user_id"] = described["parent_user_id"]
    return contact | dict(described.get("contact", {}))
