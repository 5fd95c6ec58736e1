"""What becomes of an operation, as it goes out: the same over HTTP, WebSocket and event stream."""

from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from graph.core.errors import ErrorCode

# For answers of application/graphql-response+json without data; every other code is a 400.
STATUSES = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_SERVER_ERROR: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
}


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
