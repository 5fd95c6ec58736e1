"""Reservations: a message of an idle account is stored as claimed, which saves a round trip.

Its token is known before it is stored, so that no reader takes it for a message whose claim's
answer was lost. See docs/decisions/0063.
"""

import secrets
from dataclasses import dataclass
from typing import Self

from beanie import PydanticObjectId

from models import Message, MessagePriority, OutboxState
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import ConversationQueue


@dataclass(frozen=True)
class Reservation:
    """The claim of a message that is being stored."""

    queue: AccountQueue
    conversation: ConversationQueue
    token: str
    departure: float

    @classmethod
    def make(cls, queue: AccountQueue, message: Message) -> Self | None:
        """Marks the message as claimed, or returns None if it must wait for its turn."""
        priority = MessagePriority.from_stored(message.priority)
        conversation = queue.reserve(message.conversation_id, priority)
        if conversation is None:
            return None
        token = secrets.token_hex(8)
        queue.tokens[token] += 1
        message.outbox_state, message.attempts = OutboxState.SENDING, 1
        message.fence, message.claim_token = queue.fence, token
        return cls(queue, conversation, token, queue.pace.take_slot())


class Reservations:
    """The reservations of a process, by message."""

    def __init__(self) -> None:
        self._by_message: dict[PydanticObjectId, Reservation] = {}

    def __len__(self) -> int:
        return len(self._by_message)

    def add(self, queue: AccountQueue, message: Message) -> None:
        """Reserves the message's departure if its account is idle and may send now."""
        reservation = Reservation.make(queue, message)
        if reservation is not None:
            self._by_message[message.id] = reservation

    def take(self, message_id: PydanticObjectId) -> Reservation | None:
        return self._by_message.pop(message_id, None)
