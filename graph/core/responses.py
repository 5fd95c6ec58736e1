"""The size of an answer: bounded while it is produced, so that a small query makes no huge answer.

Executors report what they put into an answer; what they report is never more than what the encoded
answer has. Only what JSON escapes makes it longer, so its exact size is checked once more.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from graph.core.errors import ErrorCode, RequestError

# For answers of application/graphql-response+json without data; every other code is a 400.
STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_SERVER_ERROR: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
}
# An event may wait for many subscribers at once.
MAX_EVENT_BYTES = 1024 * 1024
# A value that is neither a text nor JSON: a number, an enum value, a time.
SHORT_VALUE_BYTES = 1
# Quotes, colon and comma.
KEY_BYTES = 4
UNBOUNDED = 2**62
_SHORT_TYPES = frozenset({int, float, bool, datetime})
Encode = Callable[[object], bytes]


def is_request_error(result: ExecutionResult) -> bool:
    """Whether the operation failed as a whole: an error of a field names the field it hit."""
    if isinstance(result, PreExecutionError):
        return True
    errors = result.errors or []
    if not errors or result.data is not None or any(error.path is not None for error in errors):
        return False
    # Such an operation was executed: a mutation has changed what it changes.
    codes = [(error.extensions or {}).get("code") for error in errors]
    return ErrorCode.RESPONSE_TOO_LARGE.value not in codes


def format_result(result: ExecutionResult) -> dict[str, Any]:
    """The response map. What failed before it was executed has no `data` at all."""
    answer: dict[str, Any] = {} if is_request_error(result) else {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def find_status(errors: list[GraphQLError]) -> int:
    """The HTTP status that says best why an operation was not executed."""
    for error in errors:
        code = (error.extensions or {}).get("code")
        if code in STATUSES:
            return STATUSES[ErrorCode(code)]
    return 400


def list_status_headers(status: int, errors: list[GraphQLError]) -> dict[str, str]:
    """What HTTP wants to be said beside a status."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status not in {429, 503}:
        return {}
    told = ((error.extensions or {}).get("retryAfter") for error in errors)
    return {"Retry-After": str(next(filter(None, told), 5))}


class ResponseTooLarge(RequestError):
    """The answer is larger than it may be. What a mutation does is done all the same."""

    def __init__(self, max_bytes: int) -> None:
        text = (
            f"The answer is larger than {max_bytes} bytes: ask for fewer objects or fields at once."
        )
        super().__init__(ErrorCode.RESPONSE_TOO_LARGE, text)


class ResponseMeter:
    """Counts what one answer holds."""

    __slots__ = ("_known", "_max_bytes", "left")

    def __init__(self, max_bytes: int) -> None:
        self.left = max_bytes
        self._max_bytes = max_bytes
        # The same value often stands in an answer many times. It is kept, so its id stays its own.
        self._known: dict[int, tuple[Any, int]] = {}

    @property
    def is_exceeded(self) -> bool:
        return self.left < 0

    def add(self, size: int) -> None:
        """Raises ResponseTooLarge."""
        self.left -= size
        if self.left < 0:
            raise ResponseTooLarge(self._max_bytes)

    def add_texts(self, texts: Sequence[str]) -> None:
        """Raises ResponseTooLarge."""
        self.add(sum(map(len, texts)) + 2 * len(texts))

    def add_value(self, value: Any) -> None:
        """Adds a scalar of any kind.

        Raises:
            ResponseTooLarge
        """
        if isinstance(value, str):
            self.add(len(value) + 2)
        elif isinstance(value, dict | list):
            self.add(self._measure(value))
        else:
            self.add(SHORT_VALUE_BYTES)

    def add_values(self, values: Sequence[Any]) -> None:
        """Adds scalars of one type, which are mostly all short or all long.

        Raises:
            ResponseTooLarge
        """
        if _SHORT_TYPES.issuperset(map(type, values)):
            self.add(SHORT_VALUE_BYTES * len(values))
            return
        for value in values:
            self.add_value(value)

    def _measure(self, value: Any) -> int:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, _measure_json(value))
        return known[1]


def measure_keys(keys: Sequence[str]) -> int:
    """The size of an object with these keys, apart from its values."""
    return sum(map(len, keys)) + KEY_BYTES * len(keys)


def create_meter(context: Any, *, is_event: bool = False) -> ResponseMeter:
    services = getattr(context, "services", None)
    if services is None:
        return ResponseMeter(UNBOUNDED)
    max_bytes = services.settings.max_response_bytes
    return ResponseMeter(min(max_bytes, MAX_EVENT_BYTES) if is_event else max_bytes)


def encode_result(result: ExecutionResult, encode: Encode, *, max_bytes: int) -> bytes:
    """The response map as JSON, or in its place the error that it is too large."""
    body = encode(format_result(result))
    if len(body) <= max_bytes:
        return body
    too_large = ExecutionResult(data=None, errors=[ResponseTooLarge(max_bytes)])
    too_large.extensions = result.extensions
    return encode(format_result(too_large))


def _measure_json(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        # Integers beyond 64 bits and lone surrogates.
        return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str))
