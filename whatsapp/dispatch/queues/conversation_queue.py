"""The next messages of a conversation in its owner's memory, for each priority.

A conversation sends one message of a priority at a time, in the order (timestamp, _id). It is read
again from the index whenever this process may not know what comes next.
"""

import time
from bisect import insort
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from beanie import PydanticObjectId

from models import Message, MessagePriority

# More of a conversation's messages stay in the index until these are sent.
KEPT_MESSAGES = 50


@dataclass(frozen=True, order=True)
class QueuedMessage:
    """A READY message; sorts in the order of sending."""

    timestamp: datetime
    id: PydanticObjectId
    conversation_id: PydanticObjectId = field(compare=False)
    contact_id: PydanticObjectId = field(compare=False)
    has_file: bool = field(compare=False)
    priority: MessagePriority = field(compare=False)

    @classmethod
    def from_message(cls, message: Message) -> Self:
        return cls(
            timestamp=message.timestamp,
            id=message.id,
            conversation_id=message.conversation_id,
            contact_id=message.contact_id,
            has_file=message.upload_id is not None,
            priority=MessagePriority.from_stored(message.priority),
        )

    @classmethod
    def from_fields(cls, message: Mapping[str, Any]) -> Self:
        """Returns it from the stored fields of the message."""
        return cls(
            timestamp=message["timestamp"],
            id=message["_id"],
            conversation_id=message["conversation_id"],
            contact_id=message["contact_id"],
            has_file=message.get("upload_id") is not None,
            priority=MessagePriority.from_stored(message.get("priority")),
        )


@dataclass(eq=False)
class ConversationQueue:
    """The next messages of a conversation that have this priority."""

    id: PydanticObjectId
    priority: MessagePriority
    waiting: deque[QueuedMessage] = field(default_factory=deque)
    is_complete: bool = False
    """True if the index has no active message that is not known here."""
    is_sending: bool = False
    is_ready: bool = False
    """True while it is in the account's line of conversations that may send."""
    is_stale: bool = True
    """True if it must be read before its next message is sent."""
    is_reading: bool = False
    blocked_until: float = 0.0
    """Monotonic time before which nothing is sent: during a hold or a pause before a retry."""

    @property
    def is_blocked(self) -> bool:
        return self.blocked_until > time.monotonic()

    @property
    def is_idle(self) -> bool:
        """True if it need not be kept: nothing is waiting and nothing is going on."""
        is_working = self.is_sending or self.is_reading or self.is_stale
        return self.is_complete and not (is_working or self.waiting or self.blocked_until)

    @property
    def may_send(self) -> bool:
        """True if its next message may be sent."""
        is_busy = self.is_sending or self.is_stale or self.is_reading or self.is_blocked
        return bool(self.waiting) and not is_busy

    @property
    def needs_read(self) -> bool:
        """True if it can be read now, and must be."""
        return self.is_stale and not (self.is_sending or self.is_reading or self.is_blocked)

    def add(self, message: QueuedMessage) -> None:
        """Adds a new message that was read or announced in time."""
        if message in self.waiting:
            return
        if not self.waiting or self.waiting[-1] < message:
            self.waiting.append(message)
        else:
            ordered = list(self.waiting)
            insort(ordered, message)
            self.waiting = deque(ordered)
        self._bound()

    def replace(
        self, messages: Sequence[QueuedMessage], *, is_complete: bool, blocked_seconds: float
    ) -> None:
        """Sets the first messages, as they were read, and the time before which none is sent."""
        self.waiting = deque(messages)
        self.is_complete = is_complete
        self.blocked_until = time.monotonic() + blocked_seconds if blocked_seconds else 0.0
        self._bound()

    def mark_stale(self) -> None:
        """Requests a read, also during a hold, which may have ended."""
        self.is_stale = True
        self.blocked_until = 0.0

    def end_send(self, wait_seconds: float | None) -> None:
        """Ends the sending of a message; `wait_seconds` is None if it has left the queue."""
        self.is_sending = False
        if wait_seconds is not None:
            # A change that was heard meanwhile may have ended the wait, so it is read at once.
            must_wait = wait_seconds > 0 and not self.is_stale
            self.is_stale = True
            self.blocked_until = time.monotonic() + wait_seconds if must_wait else 0.0
        elif not self.waiting and not self.is_complete:
            self.is_stale = True

    def _bound(self) -> None:
        """Forgets the last messages of a long queue."""
        while len(self.waiting) > KEPT_MESSAGES:
            self.waiting.pop()
            self.is_complete = False
