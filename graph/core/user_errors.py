"""Payloads of mutations: `userErrors` hold expected refusals."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ParamSpec, Protocol, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import Info
from graph.core.enums import DescribedEnum, describe_enum
from graph.core.loaders import Loaders
from whatsapp.errors import InvalidInput, RefusalCollector, Refused


class UserErrorCode(DescribedEnum):
    NOT_FOUND = "NOT_FOUND", "Not found, or outside your accounts."
    INVALID_INPUT = "INVALID_INPUT", "A value is invalid; `field` is its path."
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED", "The account is disabled."
    ACCOUNT_STOPPED = "ACCOUNT_STOPPED", "WhatsApp stopped the account; see its `health`."
    WINDOW_CLOSED = "WINDOW_CLOSED", "The customer service window is closed; send a template."
    TEMPLATE_INVALID = (
        "TEMPLATE_INVALID",
        "The template does not exist, or its parameters are invalid.",
    )
    OPTED_OUT = "OPTED_OUT", "The customer opted out of marketing messages."
    CONTACT_BLOCKED = "CONTACT_BLOCKED", "The contact is blocked."
    IDEMPOTENCY_KEY_REUSED = (
        "IDEMPOTENCY_KEY_REUSED",
        "The idempotency key belongs to another message.",
    )
    CONFLICT = "CONFLICT", "The change conflicts with existing data."
    NUMBER_NOT_PROVEN = (
        "NUMBER_NOT_PROVEN",
        "WhatsApp does not confirm that the number is yours; `field` is the value to correct.",
    )
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED", "Your workspace has used up a quota; see `limit`."
    META_REFUSED = "META_REFUSED", "WhatsApp refused the request."
    META_UNREACHABLE = "META_UNREACHABLE", "WhatsApp is unavailable."
    SENDING_HELD = (
        "SENDING_HELD",
        "The server was restored from a backup and sends nothing until its operator has finished"
        " the restore.",
    )


describe_enum(UserErrorCode, description="Reason of a refusal.")


class InvalidInputReason(DescribedEnum):
    REQUIRED = "REQUIRED", "The value is missing or blank."
    TOO_LONG = "TOO_LONG", "The text has more than `limit` characters."
    TOO_MANY = "TOO_MANY", "The list has more than `limit` items."
    TOO_LARGE = "TOO_LARGE", "The value has more than `limit` bytes."
    DUPLICATE = "DUPLICATE", "The value is given twice."
    MALFORMED = "MALFORMED", "The value does not have the required form."
    UNSUPPORTED_FILE = "UNSUPPORTED_FILE", "WhatsApp does not accept files of this type."
    OTHER = "OTHER", "Another fault; see `message`."


describe_enum(InvalidInputReason, description="Fault of an invalid value.")


@strawberry.interface(
    description="A refusal of a mutation. Its type may have further fields. Types may be added,"
    " so clients must accept unknown ones."
)
class UserError:
    code: UserErrorCode = strawberry.field(description="Error code for programs.")
    message: str = strawberry.field(description="Error message for people, with advice.")
    field: list[str] | None = strawberry.field(
        description="Path of the invalid value in the input; null without such a value."
    )
    refusal: strawberry.Private[Any]
    """The refusal, of the class that the error type belongs to."""


_ERROR_TYPES: dict[str, type[UserError]] = {}


def represents(refusal_class: type[Refused]) -> Callable[[type[UserError]], type[UserError]]:
    """Registers the error type for a class of refusals; used as a decorator."""

    def register(error_type: type[UserError]) -> type[UserError]:
        _ERROR_TYPES[refusal_class.code] = error_type
        return error_type

    return register


def list_error_types() -> list[type[UserError]]:
    """Returns the error types, one for each code."""
    return list(_ERROR_TYPES.values())


def _to_user_errors(refused: Refused) -> list[UserError]:
    return [
        _ERROR_TYPES[refusal.code](
            code=UserErrorCode(refusal.code),
            message=refusal.message,
            field=[to_camel_case(name) for name in refusal.field] if refusal.field else None,
            refusal=refusal,
        )
        for refusal in refused.list_refusals()
    ]


def user_errors() -> Any:
    """Declares the field `userErrors` of a payload."""
    return strawberry.field(default_factory=list, description="Refusals; empty on success.")


class MutationPayload(Protocol):
    """A payload whose fields have defaults, so that a refusal needs `user_errors` only."""

    user_errors: list[UserError]


Arguments = ParamSpec("Arguments")
PayloadT = TypeVar("PayloadT", bound=MutationPayload)
Mutation = Callable[Arguments, Awaitable[PayloadT | None]]


def refusals_as_data(
    payload_class: Callable[..., PayloadT],
) -> Callable[[Mutation[Arguments, PayloadT]], Mutation[Arguments, PayloadT]]:
    """Converts refusals of a resolver to `userErrors` of its payload."""

    def decorate(resolver: Mutation[Arguments, PayloadT]) -> Mutation[Arguments, PayloadT]:
        @functools.wraps(resolver)
        async def resolve(*args: Arguments.args, **kwargs: Arguments.kwargs) -> PayloadT | None:
            _reset_loaders(kwargs["info"])
            try:
                return await resolver(*args, **kwargs)
            except Refused as refusal:
                return payload_class(user_errors=_to_user_errors(refusal))

        return resolve

    return decorate


def _reset_loaders(info: Any) -> None:
    # An earlier mutation of the request may have loaded documents that this one changes.
    context: Info = info
    context.context.loaders = Loaders()


def list_changes(input: object, *names: str, required: Iterable[str] = ()) -> dict[str, Any]:
    """Returns the given fields of a `Maybe` input; absent fields are omitted, null is None.

    Raises:
        InvalidInput: a field of `required` is null.
    """
    given_fields = {name: getattr(input, name) for name in names}
    changes = {name: maybe.value for name, maybe in given_fields.items() if maybe is not None}
    with RefusalCollector() as collect:
        for name in required:
            if name in changes:
                collect(_require_value, changes[name], name)
    return changes


def _require_value(value: object, name: str) -> None:
    if value is None:
        raise InvalidInput("Null is not allowed; omit the field to keep it.", field=[name])
