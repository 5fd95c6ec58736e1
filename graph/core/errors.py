"""Errors as clients see them: a code and a message; details are logged only.

Every error of every transport passes `format_errors`.
"""

import logging
import re
from collections.abc import Iterable
from enum import StrEnum

from graphql import GraphQLError, GraphQLSyntaxError
from pymongo.errors import ExecutionTimeout, NetworkTimeout
from strawberry.exceptions import MissingQueryError, StrawberryInputCoercionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from models.database.outage_log import log_failure
from models.database.outages import is_transient
from telemetry.metrics.operations import ERRORS
from whatsapp.errors import NotFound, Refused
from whatsapp.media.media_store import StoreUnavailable
from whatsapp.privacy.erasure_log import ErasureLogUnavailable

logger = logging.getLogger(__name__)


class ErrorCode(StrEnum):
    """`extensions.code` of an error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    AGENT_RETIRED = "AGENT_RETIRED"
    WORKSPACE_SUSPENDED = "WORKSPACE_SUSPENDED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RESPONSE_TOO_LARGE = "RESPONSE_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class RequestError(GraphQLError):
    """An error with a message for the client, which is sent unmasked."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message, extensions={"code": code.value})


def bad_input(message: str) -> RequestError:
    return RequestError(ErrorCode.BAD_USER_INPUT, message)


def unauthenticated() -> RequestError:
    return RequestError(
        ErrorCode.UNAUTHENTICATED,
        "Send a valid API key or a token of your identity provider in the header"
        " `Authorization: Bearer ...`.",
    )


def forbidden(message: str) -> RequestError:
    return RequestError(ErrorCode.FORBIDDEN, message)


def agent_retired() -> RequestError:
    return RequestError(
        ErrorCode.AGENT_RETIRED,
        "The agent of your credential is retired; ask an administrator to reactivate it.",
    )


def workspace_suspended() -> RequestError:
    return RequestError(
        ErrorCode.WORKSPACE_SUSPENDED,
        "The workspace of your credential is suspended; ask the operator of the server.",
    )


def service_unavailable(service: str = "The database") -> RequestError:
    return RequestError(ErrorCode.SERVICE_UNAVAILABLE, f"{service} is unavailable; try again.")


def database_too_slow() -> RequestError:
    return RequestError(
        ErrorCode.SERVICE_UNAVAILABLE,
        "The database query timed out; request less data or try again.",
    )


class RateLimited(RequestError):
    """The caller exceeded the rate limit; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        text = f"Rate limit exceeded; try again in {retry_after} seconds."
        super().__init__(ErrorCode.RATE_LIMITED, text)
        self.retry_after = retry_after
        self.extensions = {"code": ErrorCode.RATE_LIMITED.value, "retryAfter": retry_after}


class OperationTimedOut(RequestError):
    """The operation exceeded its deadline."""

    def __init__(self, seconds: float, *, continues: bool) -> None:
        text = f"The operation took longer than {seconds:g} seconds"
        if continues:
            text += " and continues; check its result before you repeat it."
        else:
            text += "; request less data or try again."
        super().__init__(ErrorCode.SERVICE_UNAVAILABLE, text)


def deleted_meanwhile(kind: str) -> RequestError:
    """Returns the error for a document deleted during the operation that refers to it."""
    return RequestError(ErrorCode.SERVICE_UNAVAILABLE, f"The {kind} was just deleted; try again.")


def format_errors(errors: Iterable[GraphQLError], *, request_id: str) -> list[GraphQLError]:
    """Adds a code to each error; masks and logs unexpected errors."""
    formatted = [_format_error(error, request_id) for error in errors]
    # Only errors without a path can be many: validation reports each mistake.
    request_errors = [error for error in formatted if error.path is None]
    field_errors = [error for error in formatted if error.path is not None]
    shown = request_errors[:MAX_REQUEST_ERRORS] + field_errors
    for error in shown:
        ERRORS[(error.extensions or {}).get("code")].inc()
    return shown


def _format_error(error: GraphQLError, request_id: str) -> GraphQLError:
    if error.extensions and "code" in error.extensions:
        return error
    cause = _find_cause(error)
    if is_database_too_slow(cause):
        logger.warning("Request %s: MongoDB timed out at %s", request_id, error.path)
        return _replace(error, database_too_slow())
    if is_transient(cause):
        log_failure(logger, cause, "Request %s failed", request_id)
        return _replace(error, service_unavailable())
    if isinstance(cause, StoreUnavailable):
        logger.warning("Request %s: the media store is unavailable: %s", request_id, cause)
        return _replace(error, service_unavailable("The media store"))
    if isinstance(cause, ErasureLogUnavailable):
        logger.warning("Request %s: the erasure log is unavailable: %s", request_id, cause)
        return _replace(error, service_unavailable("The erasure log"))
    code = _classify(error, cause)
    if code is not ErrorCode.INTERNAL_SERVER_ERROR:
        return _replace(error, RequestError(code, _describe(error, cause)))
    if isinstance(cause, GraphQLError):
        # graphql-core quotes the invalid value, which may be a customer's text.
        logger.error(
            "Request %s failed at %s: %s", request_id, error.path, hide_values(cause.message)
        )
    else:
        logger.error("Request %s failed at %s", request_id, error.path, exc_info=cause)
    masked = RequestError(code, f"Internal error; the log has details for request {request_id}.")
    masked.extensions = {"code": code.value, "requestId": request_id}
    return _replace(error, masked)


def _find_cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def is_database_too_slow(cause: BaseException) -> bool:
    """Checks whether MongoDB was reachable but timed out."""
    return isinstance(cause, ExecutionTimeout | NetworkTimeout)


_CALLERS_FAULT = (
    MissingQueryError,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
    StrawberryInputCoercionError,
    Refused,
)
# Suffix of graphql-core's messages for documents above its limits.
_GAVE_UP = "Parsing aborted."
_TOO_MANY = "Too many errors processing variables"
MAX_MESSAGE = 500
MAX_REQUEST_ERRORS = 6


def _classify(error: GraphQLError, cause: BaseException) -> ErrorCode:
    if isinstance(cause, GraphQLSyntaxError):
        if cause.message.endswith(_GAVE_UP):
            return ErrorCode.QUERY_TOO_COMPLEX
        return ErrorCode.GRAPHQL_PARSE_FAILED
    if isinstance(cause, RecursionError) and error.path is None:
        return ErrorCode.QUERY_TOO_COMPLEX
    if isinstance(cause, NotFound):
        return ErrorCode.NOT_FOUND
    if isinstance(cause, _CALLERS_FAULT) or error.message.startswith(_TOO_MANY):
        return ErrorCode.BAD_USER_INPUT
    # graphql-core gives nodes for a caller's mistake, none if our own value does not fit.
    # A refused variable has no path, because no field has run yet.
    if isinstance(cause, GraphQLError) and (cause.nodes or (error.nodes and error.path is None)):
        return ErrorCode.BAD_USER_INPUT
    return ErrorCode.INTERNAL_SERVER_ERROR


def _describe(error: GraphQLError, cause: BaseException) -> str:
    if isinstance(cause, RecursionError):
        return "The document is nested too deeply."
    if isinstance(cause, CannotGetOperationTypeError):
        return cause.as_http_error_reason()
    if isinstance(cause, InvalidOperationTypeError):
        return (
            "Subscriptions need a WebSocket (protocol graphql-transport-ws) or the header"
            " `Accept: text/event-stream`."
        )
    return hide_values(error.message)


# graphql-core quotes the invalid value after these words.
_GIVEN_VALUE = re.compile(r"( cannot represent [^:]*): .*|,? [Ff]ound: .*", re.DOTALL)


def hide_values(message: str) -> str:
    """Removes the invalid value from the message: it may be a secret of the caller."""
    text = _GIVEN_VALUE.sub(lambda match: f"{match[1] or ''}.", message).replace("..", ".")
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def _replace(error: GraphQLError, replacement: RequestError) -> GraphQLError:
    return GraphQLError(
        replacement.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=replacement.extensions,
    )


# Suffix of graphql-core's messages about unknown names.
_SUGGESTION = re.compile(r" Did you mean .*\?", re.DOTALL)


def hide_suggestions(message: str) -> str:
    return _SUGGESTION.sub("", message)
