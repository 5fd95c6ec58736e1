"""WhatsApp's ids (wamids) of a message: the first, and the ids of further copies."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId

from telemetry.log_context import log_fields

logger = logging.getLogger(__name__)


def add_wamid(wamid: str) -> dict[str, Any]:
    """Returns fields for the `$set` of a pipeline."""
    added = {"$literal": wamid}
    first = {"$ifNull": ["$wamid", added]}
    further = {"$setUnion": [{"$ifNull": ["$duplicate_wamids", []]}, [added]]}
    is_first = {"$eq": [first, added]}
    return {"wamid": first, "duplicate_wamids": {"$cond": [is_first, "$duplicate_wamids", further]}}


def match_wamids(account_id: PydanticObjectId, wamids: Iterable[str]) -> dict[str, Any]:
    """Returns the filter for the account's messages that have one of the wamids."""
    values = {"$in": list(wamids)}
    names = ("wamid", "duplicate_wamids")
    # MongoDB uses both indexes only if each branch has the whole key.
    return {"$or": [{"account_id": account_id, name: values} for name in names]}


def knows_wamid(message: Mapping[str, Any], wamid: str) -> bool:
    """Returns True if the stored fields of the message have this wamid."""
    return wamid in list_wamids(message)


def list_wamids(message: Mapping[str, Any]) -> list[str]:
    """Returns all wamids in the stored fields of the message."""
    first = message.get("wamid")
    return [*([] if first is None else [first]), *(message.get("duplicate_wamids") or ())]


def report_duplicate(message_id: PydanticObjectId) -> None:
    """Logs that the customer probably received the message twice."""
    with log_fields(message_id=message_id):
        logger.warning(
            "WhatsApp sent a message twice: it refused a request, but sent the message nevertheless"
        )
