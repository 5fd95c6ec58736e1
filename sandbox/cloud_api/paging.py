"""Pages of a list as the Graph API gives them: `limit`, `after`, and the next page's address."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.validation.send_validation import refuse_parameter

Json = dict[str, Any]
DEFAULT_LIMIT = 25


def list_page(
    items: Sequence[Json], query: Mapping[str, str], *, make_next_url: Callable[[str], str]
) -> Json:
    start, limit = _read_cursor(query.get("after")), _read_limit(query.get("limit"))
    page = items[start : start + limit]
    answer: Json = {"data": list(page)}
    if page:
        end = start + len(page)
        cursors = {"before": _make_cursor(start), "after": _make_cursor(end)}
        answer["paging"] = {"cursors": cursors}
        if end < len(items):
            answer["paging"]["next"] = make_next_url(cursors["after"])
    return answer


def _make_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError):
        refuse_parameter("Invalid cursor")


def _read_limit(limit: str | None) -> int:
    if limit is None:
        return DEFAULT_LIMIT
    if not limit.isdecimal() or int(limit) < 1:
        refuse_parameter("Param limit must be a positive number.")
    return int(limit)
