"""The error tree.

Refused                      an expected refusal of a request; shown as a userError
├── NotFound, InvalidInput, Conflict
├── AccountDisabled, AccountStopped
├── WindowClosed, ContactBlocked, OptedOut
├── TemplateInvalid
├── MetaRefused, MetaUnreachable
└── IdempotencyKeyReused
CloudAPIError                Meta answered with an error object
CloudAPINotReached           no byte of the request reached Meta: a retry is safe
CloudAPIOutcomeUnknown       Meta may have accepted the request: never retried automatically
"""

from datetime import datetime
from typing import Any


class Refused(Exception):
    """An expected refusal. `code` is stable; the message says what is wrong and what to do."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        """Path of the invalid input field, in GraphQL names."""


class NotFound(Refused):
    """The object does not exist or is outside the caller's accounts."""

    code = "NOT_FOUND"

    def __init__(self, subject: str, *, field: list[str] | None = None) -> None:
        super().__init__(f"{subject} was not found.", field=field)


class InvalidInput(Refused):
    code = "INVALID_INPUT"


class Conflict(Refused):
    code = "CONFLICT"


class AccountDisabled(Refused):
    code = "ACCOUNT_DISABLED"

    def __init__(self, account_name: str) -> None:
        super().__init__(f"The account {account_name} is disabled: enable it to send messages.")


class AccountStopped(Refused):
    code = "ACCOUNT_STOPPED"

    def __init__(self, account_name: str, reason: str | None) -> None:
        super().__init__(
            f"WhatsApp stopped the account {account_name}: {reason or 'no reason given'}."
            " Correct its credentials or lift its restriction at Meta, then update or enable it."
        )


class WindowClosed(Refused):
    code = "WINDOW_CLOSED"

    def __init__(self, closed_at: datetime | None) -> None:
        state = f"closed at {closed_at.isoformat()}" if closed_at else "was never opened"
        super().__init__(f"The 24-hour customer service window {state}: send a template instead.")


class ContactBlocked(Refused):
    code = "CONTACT_BLOCKED"

    def __init__(self) -> None:
        super().__init__("The contact is blocked: unblock it to send messages.")


class OptedOut(Refused):
    code = "OPTED_OUT"

    def __init__(self) -> None:
        super().__init__("The contact opted out of marketing messages.")


class TemplateInvalid(Refused):
    """The template does not exist, or its parameters are invalid."""

    code = "TEMPLATE_INVALID"


class MetaRefused(Refused):
    """Meta rejected a request that the caller was waiting for."""

    code = "META_REFUSED"

    def __init__(self, error: "CloudAPIError", *, advice: str | None = None) -> None:
        details = f": {error.details}" if error.details else ""
        advice = f" {advice}" if advice else ""
        super().__init__(
            f"WhatsApp refused the request: {error.title}{details} (error {error.code}).{advice}"
        )
        self.error = error


class MetaUnreachable(Refused):
    """Meta gave no readable response to a request that the caller was waiting for."""

    code = "META_UNREACHABLE"

    def __init__(self) -> None:
        super().__init__("WhatsApp can't be reached: try again in a moment.")


class IdempotencyKeyReused(Refused):
    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "This idempotencyKey was used for another message: use a new key for a new message.",
            field=["idempotencyKey"],
        )


class CloudAPIError(Exception):
    """Meta's error object (`error` in the response body).

    Source: Meta, "Cloud API error codes": rely on `code` and `details`; titles are deprecated.
    """

    def __init__(
        self,
        *,
        code: int,
        title: str,
        details: str | None = None,
        subcode: int | None = None,
        http_status: int = 400,
        is_transient: bool = False,
        fbtrace_id: str | None = None,
        retry_after_seconds: float | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"Cloud API error {code}: {title}")
        self.code = code
        self.title = title
        self.details = details
        self.subcode = subcode
        self.http_status = http_status
        self.is_transient = is_transient
        self.fbtrace_id = fbtrace_id
        self.retry_after_seconds = retry_after_seconds
        self.body = body or {}
        """The whole response body, which may also hold results of parts of the request."""


class CloudAPINotReached(Exception):
    """The connection was not established."""


class CloudAPIOutcomeUnknown(Exception):
    """The request was written, but no readable response came back."""
