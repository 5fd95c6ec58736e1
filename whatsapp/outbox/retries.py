"""Retries: each has an idempotency key of its own, so that two clicks send only once."""

from models import Message, MessageStatus
from models.database.base import collection
from whatsapp.errors import Conflict
from whatsapp.outbox.consent import check_marketing_pause

MAX_RETRIES = 1000
_RETRYABLE = frozenset({MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.CANCELLED})


def check_retryable(message: Message) -> None:
    """Raises Conflict if the message may not be sent again now."""
    if message.status not in _RETRYABLE:
        raise Conflict(
            f"The message is {message.status}; only FAILED, UNKNOWN and CANCELLED messages can"
            " be sent again.",
            current=message,
        )
    check_marketing_pause(message)


def make_retry_key(message: Message, number: int = 0) -> str:
    """Returns the idempotency key of a retry; the first has number 0."""
    # Keys of requests have no control characters.
    return f"\x1fretry:{message.id}:{number}"


async def choose_retry_key(message: Message, first: Message | None) -> str:
    """Returns the key of the last retry, or a new key if that retry failed too.

    `first` is the first retry.

    Raises:
        Conflict: the message was retried too often.
    """
    if first is None or first.status not in _RETRYABLE:
        return make_retry_key(message)
    prefix = make_retry_key(message).removesuffix(":0")
    keys = {"$gt": f"{prefix}:", "$lt": f"{prefix};"}
    retries = {"account_id": message.account_id, "idempotency_key": keys}
    found = collection(Message).find(retries, {"idempotency_key": 1, "status_rank": 1})
    ranks = {
        int(row["idempotency_key"].rpartition(":")[2]): row["status_rank"] async for row in found
    }
    last = max(ranks, default=0)
    if MessageStatus.of_rank(ranks.get(last, 0)) not in _RETRYABLE:
        return make_retry_key(message, last)
    if last + 1 >= MAX_RETRIES:
        raise Conflict("The message was retried too often; send a new one.", current=message)
    return make_retry_key(message, last + 1)
