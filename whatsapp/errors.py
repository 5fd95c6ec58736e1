"""The error tree.

Refused                      an expected refusal of a request; shown as a userError
├── SeveralRefused           several refusals of one request
├── NotFound, InvalidInput, Conflict
├── AccountDisabled, AccountStopped
├── WindowClosed, ContactBlocked, OptedOut
├── TemplateInvalid
├── NumberNotProven
├── MetaRefused, MetaUnreachable, SendingHeld
└── IdempotencyKeyReused
CloudAPIError                Meta answered with an error object
CloudAPINotReached           no byte of the request reached Meta: a retry is safe
CloudAPIOutcomeUnknown       Meta may have accepted the request: never retried automatically
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from beanie import Document

from models import Account, Contact, Message

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


class Refused(Exception):
    """An expected refusal. `code` is stable; the message says what is wrong and what to do."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        """Path of the invalid input field, in GraphQL names."""

    def list_refusals(self) -> "list[Refused]":
        """Returns the refusals to report: this one, or one for each of several fields."""
        return [self]

    def move_below(self, *path: str) -> None:
        """Prepends `path` to the path of the invalid field."""
        self.field = [*path, *(self.field or ())]


class SeveralRefused(Refused):
    """Several refusals of one request, usually of several fields of its input."""

    def __init__(self, refusals: Sequence[Refused]) -> None:
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.code = refusals[0].code
        self.refusals = list(refusals)

    def list_refusals(self) -> list[Refused]:
        return self.refusals

    def move_below(self, *path: str) -> None:
        for refusal in self.refusals:
            refusal.move_below(*path)


class RefusalCollector:
    """Runs checks inside a `with` block, which raises all their refusals together at its end."""

    def __init__(self) -> None:
        self._refusals: list[Refused] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None or not self._refusals:
            return
        # A field has one refusal: a blank title is not reported as repeated as well.
        by_field = {tuple(refusal.field or ()): refusal for refusal in reversed(self._refusals)}
        refusals = list(reversed(by_field.values()))
        raise refusals[0] if len(refusals) == 1 else SeveralRefused(refusals)

    @property
    def has_refusals(self) -> bool:
        return bool(self._refusals)

    def __call__(
        self, check: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Value:
        """Returns the result of the check, which may be used only after the block."""
        try:
            return check(*args, **kwargs)
        except Refused as refusal:
            self._refusals += refusal.list_refusals()
            return cast(Value, None)


class NotFound(Refused):
    """The object does not exist or is outside the caller's accounts."""

    code = "NOT_FOUND"

    def __init__(self, subject: str, *, field: list[str] | None = None) -> None:
        super().__init__(f"{subject} was not found.", field=field)


class InvalidReason(StrEnum):
    """The kind of fault of an invalid value."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    TOO_LARGE = "TOO_LARGE"
    DUPLICATE = "DUPLICATE"
    MALFORMED = "MALFORMED"
    UNSUPPORTED_FILE = "UNSUPPORTED_FILE"
    OTHER = "OTHER"


class InvalidInput(Refused):
    code = "INVALID_INPUT"

    def __init__(
        self,
        message: str,
        *,
        field: list[str] | None = None,
        reason: InvalidReason = InvalidReason.OTHER,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, field=field)
        self.reason = reason
        self.limit = limit
        """The exceeded limit: characters, items or bytes."""


class Conflict(Refused):
    """The change conflicts with `current`, a document that the caller may see."""

    code = "CONFLICT"

    def __init__(
        self, message: str, *, field: list[str] | None = None, current: Document | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.current = current


class AccountDisabled(Refused):
    code = "ACCOUNT_DISABLED"

    def __init__(self, account: Account) -> None:
        super().__init__(f"The account {account.name} is disabled: enable it to send messages.")
        self.account = account


class AccountStopped(Refused):
    code = "ACCOUNT_STOPPED"

    def __init__(self, account: Account) -> None:
        super().__init__(
            f"WhatsApp stopped the account {account.name}:"
            f" {account.health.reason or 'no reason given'}."
            " Correct its credentials or lift its restriction at Meta, then update or enable it."
        )
        self.account = account


class WindowClosed(Refused):
    code = "WINDOW_CLOSED"

    def __init__(self, closed_at: datetime | None) -> None:
        state = f"closed at {closed_at.isoformat()}" if closed_at else "was never opened"
        super().__init__(f"The 24-hour customer service window {state}: send a template instead.")
        self.closed_at = closed_at


class ContactBlocked(Refused):
    code = "CONTACT_BLOCKED"

    def __init__(self, contact: Contact) -> None:
        super().__init__("The contact is blocked: unblock it to send messages.")
        self.contact = contact


class OptedOut(Refused):
    code = "OPTED_OUT"

    def __init__(self, contact: Contact) -> None:
        super().__init__("The contact opted out of marketing messages.")
        self.contact = contact


class TemplateInvalid(Refused):
    """The template does not exist, or its parameters are invalid."""

    code = "TEMPLATE_INVALID"


class QuotaExceeded(Refused):
    """The workspace has used up a quota; `quota` is its name in `Quotas`."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, quota: str, *, limit: int, field: list[str] | None = None) -> None:
        super().__init__(
            f"The files of your workspace would exceed its quota of {limit} bytes: delete files,"
            " or ask the operator of the server for more.",
            field=field,
        )
        self.quota = quota
        self.limit = limit


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


class NumberNotProven(Refused):
    """Meta does not confirm that the number belongs to the caller; `field` is to be corrected."""

    code = "NUMBER_NOT_PROVEN"

    def __init__(
        self, message: str, *, field: list[str], error: "CloudAPIError | None" = None
    ) -> None:
        super().__init__(message, field=field)
        self.error = error
        """Meta's error; None if the number is not in the business account."""


class MetaUnreachable(Refused):
    """Meta gave no readable response to a request that the caller was waiting for."""

    code = "META_UNREACHABLE"

    def __init__(self) -> None:
        super().__init__("WhatsApp can't be reached: try again in a moment.")


class SendingHeld(Refused):
    """The database was restored, and the operator has not finished the restore."""

    code = "SENDING_HELD"

    def __init__(self) -> None:
        super().__init__(
            "The server was restored from a backup and sends nothing to WhatsApp yet: try again"
            " when its operator has finished the restore."
        )


class IdempotencyKeyReused(Refused):
    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, existing: Message) -> None:
        super().__init__(
            "This idempotencyKey was used for another message: use a new key for a new message.",
            field=["idempotencyKey"],
        )
        self.existing = existing


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
