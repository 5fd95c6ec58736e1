"""The state of an outbound message in its send queue, and its priority."""

from enum import StrEnum
from typing import Any, Self


class OutboxState(StrEnum):
    """The state of an outbound message in the queue of its conversation.

    READY waits for its turn or for a retry, SENDING is claimed, HOLDING was sent or may have been
    and holds back later messages until `hold_until`, DONE has left the queue.
    """

    READY = "READY"
    SENDING = "SENDING"
    HOLDING = "HOLDING"
    DONE = "DONE"


ACTIVE_STATES = [OutboxState.READY.value, OutboxState.SENDING.value, OutboxState.HOLDING.value]
IS_ACTIVE: dict[str, Any] = {"outbox_state": {"$in": ACTIVE_STATES}}


class MessagePriority(StrEnum):
    """The class of a message in the queue of its account, in the order of sending.

    Order and holds count within a class, so a broadcast never holds up a person's message.
    """

    NORMAL = "NORMAL"
    """Written by a person, or for one."""
    BULK = "BULK"
    """Part of a broadcast."""

    @classmethod
    def from_stored(cls, value: str | None) -> Self:
        """Returns the priority of a stored message, which is None for NORMAL."""
        return cls("NORMAL" if value is None else value)

    @property
    def stored(self) -> "MessagePriority | None":
        """The value of the stored field: messages of earlier versions have none."""
        return None if self is MessagePriority.NORMAL else self
