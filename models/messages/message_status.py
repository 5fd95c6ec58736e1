"""The statuses of a message, from QUEUED to READ, and their order."""

from enum import StrEnum
from typing import Any

from models.database.base import ANY_STRING


class MessageStatus(StrEnum):
    """The shown status is the reached status with the highest rank, so it never goes back."""

    RECEIVED = "RECEIVED"
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    SENT = "SENT"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    READ = "READ"
    PLAYED = "PLAYED"
    CANCELLED = "CANCELLED"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def key(self) -> str:
        """The key in `status_times`, such as `sent`."""
        return self.value.lower()

    @classmethod
    def of_rank(cls, rank: int) -> "MessageStatus":
        """Returns the status of a stored rank.

        A rank of a later version becomes the next lower status that is not final: a message has
        certainly passed that status.
        """
        member = _BY_RANK.get(rank)
        if member is not None:
            return member
        return max(
            (status for status in cls if status not in _ENDS and status.rank < rank),
            key=lambda status: status.rank,
            default=cls.RECEIVED,
        )


# Stored in documents, so they never change. Steps of ten leave room for statuses that Meta may add.
_RANKS = {
    MessageStatus.RECEIVED: 0,
    MessageStatus.QUEUED: 10,
    MessageStatus.SENDING: 20,
    MessageStatus.UNKNOWN: 30,
    MessageStatus.ACCEPTED: 40,
    MessageStatus.HELD: 50,
    MessageStatus.SENT: 60,
    MessageStatus.FAILED: 70,
    MessageStatus.DELIVERED: 80,
    MessageStatus.READ: 90,
    MessageStatus.PLAYED: 100,
    MessageStatus.CANCELLED: 110,
}
_BY_RANK = {rank: status for status, rank in _RANKS.items()}
_ENDS = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED})

# A webhook may report a message before the answer to its request, and after an answer that refused
# it. Both filters together match every message.
SENT: dict[str, Any] = {
    "$or": [{"wamid": ANY_STRING}, {"status_rank": {"$gte": MessageStatus.SENT.rank}}]
}
UNSENT: dict[str, Any] = {"wamid": None, "status_rank": {"$lt": MessageStatus.SENT.rank}}
