"""The error tree.

Refused                      what a caller asked for can't be done; shown to them as a userError
├── NotFound, InvalidInput, Conflict
├── AccountDisabled, AccountStopped
├── WindowClosed, ContactBlocked, OptedOut
├── TemplateInvalid
├── MetaRefused, MetaUnreachable
└── IdempotencyKeyReused
CloudAPIError                Meta answered with an error object
CloudAPINotReached           no byte of the request reached Meta: trying again is safe
CloudAPIOutcomeUnknown       Meta may have taken the request: never repeated by itself
"""

from datetime import datetime
from typing import Any


class Refused(Exception):
    """An expected refusal: `code` is stable, the sentence says what happened and what to do."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        """Path of the input field at fault, in the names of the graph."""


class NotFound(Refused):
    """What does not exist, and what the caller may not see: the same answer."""

    code = "NOT_FOUND"

    def __init__(self, what: str, *, field: list[str] | None = None) -> None:
        super().__init__(f"{what} was not found.", field=field)


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
            " Mend its credentials or its standing at Meta, then update or enable it."
        )


class WindowClosed(Refused):
    code = "WINDOW_CLOSED"

    def __init__(self, closed_at: datetime | None) -> None:
        since = f"closed at {closed_at.isoformat()}" if closed_at else "was never opened"
        super().__init__(
            f"The 24-hour customer service window {since}: only a template can be sent now."
        )


class ContactBlocked(Refused):
    code = "CONTACT_BLOCKED"

    def __init__(self) -> None:
        super().__init__("The contact is blocked: unblock it to send messages.")


class OptedOut(Refused):
    code = "OPTED_OUT"

    def __init__(self) -> None:
        super().__init__("The contact does not want marketing messages.")


class TemplateInvalid(Refused):
    """No such template, or it is not filled in as it must be."""

    code = "TEMPLATE_INVALID"


class MetaRefused(Refused):
    """WhatsApp was asked at once, and said no."""

    code = "META_REFUSED"

    def __init__(self, error: "CloudAPIError", *, advice: str | None = None) -> None:
        details = f": {error.details}" if error.details else ""
        advice = f" {advice}" if advice else ""
        super().__init__(
            f"WhatsApp refused it: {error.title}{details} (error {error.code}).{advice}"
        )
        self.error = error


class MetaUnreachable(Refused):
    """WhatsApp was asked at once, and gave no answer that can be read."""

    code = "META_UNREACHABLE"

    def __init__(self) -> None:
        super().__init__("WhatsApp can't be reached just now: try again in a moment.")


class IdempotencyKeyReused(Refused):
    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "This idempotencyKey was used for another message: use a new key for a new message.",
            field=["idempotencyKey"],
        )


class CloudAPIError(Exception):
    """Meta's error object (`error` in the answer's body).

    Source: Meta, "Cloud API error codes": build on `code` and `details`; titles will go.
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
        answer: dict[str, Any] | None = None,
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
        self.answer = answer or {}
        """The whole body, which may say beside the error what became of each part."""


class CloudAPINotReached(Exception):
    """The connection was never made."""


class CloudAPIOutcomeUnknown(Exception):
    """The request was written, but no readable answer came back."""
