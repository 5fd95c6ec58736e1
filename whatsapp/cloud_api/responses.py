"""Parsers of Meta's responses: send results, error objects and retry delays."""

import json
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from models.database.base import utc_now
from whatsapp.errors import CloudAPIError

HELD = "held_for_quality_assessment"


@dataclass(frozen=True)
class SendResult:
    """Meta's response for an accepted message. A send to a user id has no `wa_id`."""

    wamid: str
    wa_id: str | None
    user_id: str | None
    held: bool
    """Accepted, but held by Meta until the template's quality is assessed."""


def read_send_result(body: object) -> SendResult | None:
    """Returns the send result, or None if the response names no message."""
    message = _first_object(body, "messages")
    wamid = message.get("id")
    if not isinstance(wamid, str) or not wamid:
        return None
    contact = _first_object(body, "contacts")
    return SendResult(
        wamid=wamid,
        wa_id=text_or_none(contact.get("wa_id")),
        user_id=text_or_none(contact.get("user_id")),
        held=message.get("message_status") == HELD,
    )


def read_error(body: object, *, http_status: int, headers: httpx.Headers) -> CloudAPIError | None:
    """Returns Meta's error object, or None if there is none with a code."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(error, dict):
        return None
    code = error.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        return None
    subcode = error.get("error_subcode")
    return CloudAPIError(
        code=code,
        title=text_or_none(error.get("message")) or "no message",
        details=_read_details(error),
        subcode=subcode if isinstance(subcode, int) else None,
        http_status=http_status,
        is_transient=error.get("is_transient") is True,
        fbtrace_id=text_or_none(error.get("fbtrace_id")),
        retry_after_seconds=read_retry_after(headers),
        body=body,
    )


def _read_details(error: dict[str, Any]) -> str | None:
    """Reads `error_data`, an object with `details` or a plain string."""
    data = error.get("error_data")
    if isinstance(data, dict):
        data = data.get("details")
    return text_or_none(data) or text_or_none(error.get("error_user_msg"))


def read_retry_after(headers: httpx.Headers) -> float | None:
    """Returns the seconds to wait, from Retry-After or from Meta's usage header (in minutes)."""
    retry_after = headers.get("retry-after", "")
    try:
        seconds = float(retry_after)
    except ValueError:
        usage = headers.get("x-business-use-case-usage", "")
        return _read_date_wait(retry_after) or _read_usage_wait(usage)
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _read_date_wait(header: str) -> float | None:
    """Reads a Retry-After header that holds a date."""
    try:
        until = parsedate_to_datetime(header)
        seconds = (until - utc_now()).total_seconds()
    except (ValueError, TypeError):  # not a date, or without a time zone
        return None
    return seconds if seconds > 0 else None


def _read_usage_wait(header: str) -> float | None:
    """Returns the longest wait in seconds.

    The header is `{"<business id>": [{"estimated_time_to_regain_access": minutes, …}]}`.
    """
    try:
        usage = json.loads(header)
    except (ValueError, RecursionError):
        return None
    minutes = [
        item.get("estimated_time_to_regain_access")
        for items in (usage.values() if isinstance(usage, dict) else ())
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
    ]
    longest = max((wait for wait in minutes if isinstance(wait, int)), default=0)
    return longest * 60.0 if longest > 0 else None


def _first_object(body: object, key: str) -> dict[str, Any]:
    items = body.get(key) if isinstance(body, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
