"""Errors in the exact shapes of the Graph API, for answers and for `failed` statuses."""

import secrets
from dataclasses import dataclass
from typing import Any

ERROR_CODES_URL = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
NO_SUCH_OBJECT = (
    "Unsupported {method} request. Object with ID '{node_id}' does not exist, cannot be loaded due "
    "to missing permissions, or does not support this operation. Please read the Graph API "
    "documentation at https://developers.facebook.com/docs/graph-api"
)


@dataclass(frozen=True, slots=True)
class KnownError:
    """Meta's documentation of a code: HTTP status, title and usual details."""

    http_status: int
    title: str
    details: str = ""


KNOWN_ERRORS = {
    1: KnownError(400, "API Unknown", "Invalid request or possible server error."),
    2: KnownError(503, "API Service", "Temporary due to downtime or due to being overloaded."),
    4: KnownError(429, "Application request limit reached"),
    10: KnownError(403, "Application does not have permission for this action"),
    33: KnownError(400, "Parameter value is not valid"),
    80007: KnownError(
        429, "Rate limit issues", "There have been too many calls from this account."
    ),
    100: KnownError(400, "Invalid parameter"),
    190: KnownError(401, "Access token has expired"),
    368: KnownError(403, "Temporarily blocked for policies violations"),
    130429: KnownError(
        429,
        "Rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number "
        "in a short period of time",
    ),
    130472: KnownError(400, "User's number is part of an experiment"),
    130497: KnownError(403, "Business account is restricted from messaging users in this country."),
    131000: KnownError(500, "Something went wrong", "Message failed due to an unknown error."),
    131005: KnownError(403, "Access denied"),
    131008: KnownError(400, "Required parameter is missing"),
    131009: KnownError(400, "Parameter value is not valid"),
    131016: KnownError(503, "Service unavailable", "A service is temporarily unavailable."),
    131021: KnownError(400, "Recipient cannot be sender"),
    131026: KnownError(400, "Message undeliverable", "Message Undeliverable."),
    131030: KnownError(400, "Recipient phone number not in allowed list"),
    131031: KnownError(403, "Business Account locked"),
    131042: KnownError(400, "Business eligibility payment issue"),
    131045: KnownError(500, "Incorrect certificate"),
    131047: KnownError(
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last "
        "replied to this number.",
    ),
    131048: KnownError(429, "Spam rate limit hit"),
    131049: KnownError(
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    131050: KnownError(400, "User has stopped receiving marketing messages"),
    131051: KnownError(400, "Unsupported message type"),
    131052: KnownError(400, "Media download error"),
    131053: KnownError(400, "Media upload error"),
    131056: KnownError(
        429,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number "
        "to the same phone number in a short period of time.",
    ),
    131057: KnownError(503, "Account in maintenance mode"),
    131062: KnownError(400, "Business-scoped user id not supported for this message"),
    132000: KnownError(400, "Number of parameters does not match the expected number of params"),
    132001: KnownError(404, "Template name does not exist in the translation"),
    132007: KnownError(400, "Template format character policy violated"),
    132012: KnownError(400, "Parameter format does not match format in the created template"),
    132015: KnownError(400, "Template is paused"),
    132016: KnownError(400, "Template is disabled"),
    132018: KnownError(400, "There's an issue with the parameters in your template"),
    133004: KnownError(503, "Server temporarily unavailable"),
    133010: KnownError(400, "The account is not registered"),
    135000: KnownError(400, "Generic user error"),
    139100: KnownError(400, "Failed to block/unblock users"),
    139101: KnownError(400, "Blocklist limit reached"),
    139102: KnownError(400, "Blocklist concurrent update"),
    139103: KnownError(500, "Internal error"),
}
_UNKNOWN_ERROR = KnownError(400, "Something went wrong")


class MetaError(Exception):
    """A refusal of the fake Graph API: Meta's JSON in `body`, and its `http_status`."""

    def __init__(
        self,
        code: int,
        *,
        message: str | None = None,
        details: str | None = None,
        subcode: int | None = None,
        error_type: str = "OAuthException",
        http_status: int | None = None,
    ) -> None:
        known = KNOWN_ERRORS.get(code, _UNKNOWN_ERROR)
        self.code = code
        self.message = message or f"(#{code}) {known.title}"
        self.details = known.details if details is None else details
        self.subcode = subcode
        self.error_type = error_type
        self.http_status = http_status or known.http_status
        super().__init__(self.message)

    @property
    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.error_type,
            "code": self.code,
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        return {"error": error}


def no_such_object(node_id: str, *, method: str) -> MetaError:
    message = NO_SUCH_OBJECT.format(method=method.lower(), node_id=node_id)
    return MetaError(100, message=message, subcode=33, error_type="GraphMethodException")


def invalid_token() -> MetaError:
    return MetaError(190, message="Invalid OAuth access token - Cannot parse access token")


def missing_token() -> MetaError:
    message = "An access token is required to request this resource."
    return MetaError(104, message=message, http_status=401)


def make_status_error(code: int, *, details: str | None = None) -> dict[str, Any]:
    """An item of `errors` in a `failed` status."""
    known = KNOWN_ERRORS.get(code, _UNKNOWN_ERROR)
    return {
        "code": code,
        "title": known.title,
        "message": known.title,
        "error_data": {"details": details or known.details or known.title},
        "href": ERROR_CODES_URL,
    }
