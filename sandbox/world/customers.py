"""Customers of the sandbox and the conversations on their phones: bounded, in memory."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.world.identifiers import is_user_id, make_user_id, make_wa_id, read_phone
from sandbox.world.numbers import FakeNumber

STATUS_ORDER = ("accepted", "sent", "delivered", "read", "played")
LISTENER_BACKLOG = 1000


@dataclass(slots=True)
class Customer:
    """A person with WhatsApp. A customer with a username may hide the phone number."""

    name: str
    phone: str | None
    user_id: str | None = None
    username: str | None = None
    read_receipts: bool = True

    @property
    def key(self) -> str:
        return self.phone or self.user_id or ""


@dataclass(slots=True)
class ChatMessage:
    """A bubble. `status` is set on messages of the business, `is_read` on the customer's."""

    id: str
    from_customer: bool
    type: str
    content: Any
    timestamp: float
    status: str | None = None
    is_read: bool = False
    error: str | None = None
    reply_to: str | None = None
    is_edited: bool = False
    is_deleted: bool = False
    reactions: dict[str, str] = field(default_factory=dict)  # "customer" or "business" → emoji


class Conversation:
    """The messages between a customer and a business number, oldest first."""

    def __init__(self, phone_number_id: str, customer: Customer, *, kept_messages: int) -> None:
        self.phone_number_id = phone_number_id
        self.customer = customer
        self.messages: OrderedDict[str, ChatMessage] = OrderedDict()
        self.last_inbound_at: float | None = None
        self.typing_until = 0.0
        self.is_blocked = False
        self.pair_debt_until = 0.0  # by the monotonic clock
        self._kept_messages = kept_messages

    @property
    def id(self) -> str:
        return f"{self.phone_number_id}|{self.customer.key}"

    def add(self, message: ChatMessage) -> None:
        self.messages[message.id] = message
        while len(self.messages) > self._kept_messages:
            self.messages.popitem(last=False)

    def mark_read(self, message_id: str) -> list[ChatMessage]:
        """Marks messages up to the given message as read; returns the changed messages."""
        if message_id not in self.messages:
            return []
        changed = []
        for message in self.messages.values():
            if message.from_customer and not message.is_read:
                message.is_read = True
                changed.append(message)
            if message.id == message_id:
                break
        return changed


class CustomerBook:
    """All conversations (least recently used are dropped first) and a stream of their changes."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._listeners: set[asyncio.Queue[dict[str, Any] | None]] = set()

    def open(
        self,
        number: FakeNumber,
        *,
        phone: str | None = None,
        user_id: str | None = None,
        name: str | None = None,
        username: str | None = None,
    ) -> Conversation:
        """Finds or creates the conversation with a customer known by phone, user id or both."""
        conversation = self.find(number, phone or "") or self.find(number, user_id or "")
        if conversation is None:
            customer = self._make_customer(number, phone=phone, user_id=user_id)
            conversation = Conversation(
                number.phone_number_id, customer, kept_messages=self.settings.kept_messages
            )
            self._conversations[conversation.id] = conversation
            while len(self._conversations) > self.settings.kept_conversations:
                self._conversations.popitem(last=False)
        self._conversations.move_to_end(conversation.id)
        customer = conversation.customer
        customer.name = name or customer.name
        customer.username = username or customer.username
        customer.user_id = user_id or customer.user_id
        return conversation

    def find(self, number: FakeNumber, key: str) -> Conversation | None:
        """Finds a customer by phone in either form, or by user id."""
        if is_user_id(key):
            conversations = self.list_conversations(number.phone_number_id)
            return next(
                (
                    conversation
                    for conversation in conversations
                    if conversation.customer.user_id == key
                ),
                None,
            )
        for form in (key, make_wa_id(key)):
            conversation = self._conversations.get(f"{number.phone_number_id}|{form}")
            if conversation is not None:
                return conversation
        return None

    def list_conversations(self, phone_number_id: str | None = None) -> list[Conversation]:
        """Returns the conversations, most recently used last."""
        phone_number_ids = (None, phone_number_id)
        return [
            conversation
            for conversation in self._conversations.values()
            if phone_number_id is None or conversation.phone_number_id in phone_number_ids
        ]

    def clear(self) -> None:
        self._conversations.clear()

    def add_message(self, conversation: Conversation, message: ChatMessage) -> None:
        conversation.add(message)
        self.announce(conversation, message)

    def react(self, conversation: Conversation, message_id: str, *, who: str, emoji: str) -> None:
        """Sets the reaction of `who` ("customer" or "business"); an empty emoji removes it."""
        message = conversation.messages.get(message_id)
        if message is None:
            return
        message.reactions.pop(who, None)
        if emoji:
            message.reactions[who] = emoji
        self.announce(conversation, message)

    def edit(self, conversation: Conversation, message_id: str, content: dict[str, Any]) -> None:
        """Changes the given fields of a message: the text, or the caption beside the file."""
        message = conversation.messages.get(message_id)
        if message is None or message.is_deleted:
            return
        earlier = message.content if isinstance(message.content, dict) else {}
        message.content, message.is_edited = earlier | content, True
        self.announce(conversation, message)

    def delete(self, conversation: Conversation, message_id: str) -> None:
        """Leaves only the fact that there was a message."""
        message = conversation.messages.get(message_id)
        if message is None:
            return
        message.content, message.is_deleted = None, True
        message.reactions.clear()
        self.announce(conversation, message)

    def set_status(
        self, conversation: Conversation, message_id: str, status: str, *, error: str | None = None
    ) -> None:
        message = conversation.messages.get(message_id)
        if message is None:
            return
        if status == "failed" or _rank(status) > _rank(message.status):
            message.status, message.error = status, error
            self.announce(conversation, message)

    def announce(self, conversation: Conversation, message: ChatMessage | None = None) -> None:
        event = {
            "conversation": describe_conversation(conversation),
            "message": asdict(message) if message else None,
        }
        self._tell(event)

    def wake_listeners(self) -> None:
        """Puts None into the queues, for listeners that wait although the sandbox closes."""
        self._tell(None)

    def _tell(self, event: dict[str, Any] | None) -> None:
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()  # a page that stopped reading loses its oldest events
            listener.put_nowait(event)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[dict[str, Any] | None]]:
        """A queue of events: {"conversation": {...}, "message": {...} or None}."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(LISTENER_BACKLOG)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def _make_customer(
        self, number: FakeNumber, *, phone: str | None, user_id: str | None
    ) -> Customer:
        if phone is not None and self.settings.canonical_wa_ids:
            phone = make_wa_id(phone)
        if user_id is None and phone is not None and self.settings.with_user_ids:
            user_id = make_user_id(phone, business_account_id=number.business_account_id)
        return Customer(name=phone or user_id or "Customer", phone=phone, user_id=user_id)


def describe_conversation(
    conversation: Conversation, *, now: Callable[[], float] = time.time
) -> dict[str, Any]:
    """Returns the phone page's form of a conversation, without messages."""
    customer = conversation.customer
    return {
        "id": conversation.id,
        "phone_number_id": conversation.phone_number_id,
        "customer": {"key": customer.key, **asdict(customer)},
        "is_typing": conversation.typing_until > now(),
        "typing_until": conversation.typing_until,
        "is_blocked": conversation.is_blocked,
    }


def read_recipient(text: str) -> tuple[str | None, str | None]:
    """Reads a recipient as (phone, user id); both None if it is neither."""
    if is_user_id(text):
        return None, text
    return read_phone(text), None


def _rank(status: str | None) -> int:
    return STATUS_ORDER.index(status) if status in STATUS_ORDER else -1
