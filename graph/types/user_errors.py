"""Types of user errors, one for each code, with the facts that a caller needs to react."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import relay

from graph.core.stored import to_node
from graph.core.user_errors import InvalidInputReason, UserError, list_error_types, represents
from graph.types.accounts import Account
from graph.types.contacts import Contact
from graph.types.messages import Message
from whatsapp import errors


@represents(errors.NotFound)
@strawberry.type(description="An object was not found, or is outside your accounts.")
class NotFoundError(UserError):
    pass


@represents(errors.InvalidInput)
@strawberry.type(description="A value is invalid; `field` is its path.")
class InvalidInputError(UserError):
    refusal: strawberry.Private[errors.InvalidInput]

    @strawberry.field(description="Fault of the value.")
    def reason(self) -> InvalidInputReason:
        return InvalidInputReason(self.refusal.reason)

    @strawberry.field(
        description="Exceeded limit in characters, items or bytes; null for other faults."
    )
    def limit(self) -> int | None:
        return self.refusal.limit


@represents(errors.TemplateInvalid)
@strawberry.type(description="The template does not exist, or its parameters are invalid.")
class TemplateInvalidError(UserError):
    pass


@represents(errors.QuotaExceeded)
@strawberry.type(description="The workspace of your credential has used up a quota.")
class QuotaExceededError(UserError):
    refusal: strawberry.Private[errors.QuotaExceeded]

    @strawberry.field(description="The quota in bytes.")
    def limit(self) -> float:
        return self.refusal.limit


@represents(errors.MetaUnreachable)
@strawberry.type(description="WhatsApp is unavailable; try again in a moment.")
class MetaUnreachableError(UserError):
    pass


@represents(errors.SendingHeld)
@strawberry.type(
    description="The server was restored from a backup; try again when its operator has finished"
    " the restore."
)
class SendingHeldError(UserError):
    pass


def _read_account(root: Any) -> Account:
    return Account.from_document(root.refusal.account)


def _read_contact(root: Any) -> Contact:
    return Contact.from_document(root.refusal.contact)


@represents(errors.AccountDisabled)
@strawberry.type(description="The account is disabled; enable it to send messages.")
class AccountDisabledError(UserError):
    account: Account = strawberry.field(
        resolver=_read_account, description="Account that can't send."
    )


@represents(errors.AccountStopped)
@strawberry.type(description="WhatsApp stopped the account; see its `health`.")
class AccountStoppedError(UserError):
    account: Account = strawberry.field(
        resolver=_read_account, description="Account that can't send."
    )


@represents(errors.WindowClosed)
@strawberry.type(description="The customer service window is closed; send a template.")
class WindowClosedError(UserError):
    refusal: strawberry.Private[errors.WindowClosed]

    @strawberry.field(
        description="Time at which the window ended; null if the customer never wrote."
    )
    def expires_at(self) -> datetime | None:
        return self.refusal.closed_at


@represents(errors.ContactBlocked)
@strawberry.type(description="The contact is blocked; unblock it to send messages.")
class ContactBlockedError(UserError):
    contact: Contact = strawberry.field(
        resolver=_read_contact, description="Contact that can't be messaged."
    )


@represents(errors.OptedOut)
@strawberry.type(description="The contact opted out of marketing messages.")
class OptedOutError(UserError):
    contact: Contact = strawberry.field(
        resolver=_read_contact, description="Contact that can't be messaged."
    )


@represents(errors.IdempotencyKeyReused)
@strawberry.type(description="The idempotency key belongs to another message.")
class IdempotencyKeyReusedError(UserError):
    refusal: strawberry.Private[errors.IdempotencyKeyReused]

    @strawberry.field(description="Message that was sent with this key.")
    def existing_message(self) -> Message:
        return Message.from_document(self.refusal.existing)


@represents(errors.Conflict)
@strawberry.type(description="The change conflicts with existing data.")
class ConflictError(UserError):
    refusal: strawberry.Private[errors.Conflict]

    @strawberry.field(
        description="Object with which the change conflicts, in its current state; null if it is"
        " not visible to the caller."
    )
    def current(self) -> relay.Node | None:
        node: Any = to_node(self.refusal.current)
        return node  # type: ignore[no-any-return]  # the type registered for the document


@represents(errors.NumberNotProven)
@strawberry.type(
    description="WhatsApp does not confirm that the number is yours; `field` is the value to"
    " correct."
)
class NumberNotProvenError(UserError):
    refusal: strawberry.Private[errors.NumberNotProven]

    @strawberry.field(
        description="WhatsApp's error code; null if the business account does not have the number."
    )
    def whatsapp_code(self) -> int | None:
        return self.refusal.error.code if self.refusal.error else None


@represents(errors.MetaRefused)
@strawberry.type(description="WhatsApp refused the request.")
class MetaRefusedError(UserError):
    refusal: strawberry.Private[errors.MetaRefused]

    @strawberry.field(description="WhatsApp's error code.")
    def whatsapp_code(self) -> int:
        return self.refusal.error.code

    @strawberry.field(description="WhatsApp's title of the error.")
    def title(self) -> str:
        return self.refusal.error.title

    @strawberry.field(description="WhatsApp's explanation of the error; null if there is none.")
    def details(self) -> str | None:
        return self.refusal.error.details


USER_ERROR_TYPES = list_error_types()
