"""Responses: format, HTTP status and size limit.

Executors meter a response while they build it. The meter is a lower bound of the encoded size,
which JSON escapes increase, so `encode_result` checks the exact size again.
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

# HTTP status of application/graphql-response+json without data; other codes are 400.
STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.AGENT_RETIRED: 403,
    ErrorCode.WORKSPACE_SUSPENDED: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_SERVER_ERROR: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
}
# An event may be queued for many subscribers.
MAX_EVENT_BYTES = 1024 * 1024
# Charged for a number, an enum value or a time.
SHORT_VALUE_BYTES = 1
# Charged for the quotes, colon and comma of a key.
KEY_BYTES = 4
UNBOUNDED = 2**62
_SHORT_TYPES = frozenset({int, float, bool, datetime})
Encode = Callable[[object], bytes]


def is_request_error(result: ExecutionResult) -> bool:
    """Returns True if the operation was not executed; errors of fields have a path."""
    if isinstance(result, PreExecutionError):
        return True
    errors = result.errors or []
    if not errors or result.data is not None or any(error.path is not None for error in errors):
        return False
    # An operation whose response is too large was executed: a mutation may have written.
    codes = [(error.extensions or {}).get("code") for error in errors]
    return ErrorCode.RESPONSE_TOO_LARGE.value not in codes


def format_result(result: ExecutionResult) -> dict[str, Any]:
    """Builds the response map; without `data` if the operation was not executed."""
    response: dict[str, Any] = {} if is_request_error(result) else {"data": result.data}
    if result.errors:
        response["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        response["extensions"] = result.extensions
    return response


def find_status(errors: list[GraphQLError]) -> int:
    """Returns the HTTP status for an operation that was not executed."""
    for error in errors:
        code = (error.extensions or {}).get("code")
        if code in STATUSES:
            return STATUSES[ErrorCode(code)]
    return 400


def list_status_headers(status: int, errors: list[GraphQLError]) -> dict[str, str]:
    """Returns the headers that HTTP requires for a status."""
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status not in {429, 503}:
        return {}
    delays = ((error.extensions or {}).get("retryAfter") for error in errors)
    return {"Retry-After": str(next(filter(None, delays), 5))}


class ResponseTooLarge(RequestError):
    """The response exceeds the size limit. A mutation has still been executed."""

    def __init__(self, max_bytes: int) -> None:
        text = f"The response exceeds {max_bytes} bytes; request fewer objects or fields."
        super().__init__(ErrorCode.RESPONSE_TOO_LARGE, text)


class ResponseMeter:
    """Adds up the size of a response."""

    __slots__ = ("_max_bytes", "_measured", "left")

    def __init__(self, max_bytes: int) -> None:
        self.left = max_bytes
        self._max_bytes = max_bytes
        # Values often repeat within a response. The reference keeps the id valid.
        self._measured: dict[int, tuple[Any, int]] = {}

    @property
    def is_exceeded(self) -> bool:
        return self.left < 0

    def add(self, size: int) -> None:
        """Adds a number of bytes.

        Raises:
            ResponseTooLarge
        """
        self.left -= size
        if self.left < 0:
            raise ResponseTooLarge(self._max_bytes)

    def add_texts(self, texts: Sequence[str]) -> None:
        """Adds strings with their quotes.

        Raises:
            ResponseTooLarge
        """
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
        """Adds scalars of the same type.

        Raises:
            ResponseTooLarge
        """
        if _SHORT_TYPES.issuperset(map(type, values)):
            self.add(SHORT_VALUE_BYTES * len(values))
            return
        for value in values:
            self.add_value(value)

    def _measure(self, value: Any) -> int:
        entry = self._measured.get(id(value))
        if entry is None:
            entry = self._measured[id(value)] = (value, _measure_json(value))
        return entry[1]


def measure_keys(keys: Sequence[str]) -> int:
    """Returns the size of an object with these keys, without its values."""
    return sum(map(len, keys)) + KEY_BYTES * len(keys)


def create_meter(context: Any, *, is_event: bool = False) -> ResponseMeter:
    services = getattr(context, "services", None)
    if services is None:
        return ResponseMeter(UNBOUNDED)
    max_bytes = services.settings.max_response_bytes
    return ResponseMeter(min(max_bytes, MAX_EVENT_BYTES) if is_event else max_bytes)


def encode_result(result: ExecutionResult, encode: Encode, *, max_bytes: int) -> bytes:
    """Encodes the response map as JSON, or an error if it is too large."""
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
        # orjson refuses integers beyond 64 bits and lone surrogates.
        return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str))
