"""Payloads: what a mutation changed, or why it was refused: expected refusals are data."""

import functools
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import Any, ParamSpec, Protocol, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import Info
from graph.core.enums import describe_enum
from graph.core.loaders import Loaders
from whatsapp.errors import InvalidInput, Refused


class UserErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    INVALID_INPUT = "INVALID_INPUT"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_STOPPED = "ACCOUNT_STOPPED"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    TEMPLATE_INVALID = "TEMPLATE_INVALID"
    OPTED_OUT = "OPTED_OUT"
    CONTACT_BLOCKED = "CONTACT_BLOCKED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    CONFLICT = "CONFLICT"
    META_REFUSED = "META_REFUSED"
    META_UNREACHABLE = "META_UNREACHABLE"


describe_enum(
    UserErrorCode,
    name="UserErrorCode",
    description="Why something was refused.",
    values={
        "NOT_FOUND": "It does not exist, or you may not see it.",
        "INVALID_INPUT": "A value does not have the right form; `field` says which.",
        "ACCOUNT_DISABLED": "The account is disabled.",
        "ACCOUNT_STOPPED": "WhatsApp stopped the account; its `health` says why.",
        "WINDOW_CLOSED": "The customer service window is closed: only a template may be sent.",
        "TEMPLATE_INVALID": "The template does not exist, or was not filled in as it must be.",
        "OPTED_OUT": "The customer wants no marketing messages.",
        "CONTACT_BLOCKED": "The contact is blocked.",
        "IDEMPOTENCY_KEY_REUSED": "The idempotency key belongs to another message.",
        "CONFLICT": "It contradicts what is there already.",
        "META_REFUSED": "WhatsApp refused it.",
        "META_UNREACHABLE": "WhatsApp can't be reached at the moment.",
    },
)


@strawberry.type(description="Why something was refused, in words for the person who asked.")
class UserError:
    code: UserErrorCode = strawberry.field(description="What went wrong, for programs.")
    message: str = strawberry.field(description="What went wrong and what to do, for people.")
    field: list[str] | None = strawberry.field(
        description="Path of the value at fault in the input; null if it is none of them."
    )

    @classmethod
    def from_refusal(cls, refusal: Refused) -> "UserError":
        path = [to_camel_case(name) for name in refusal.field] if refusal.field else None
        return cls(code=UserErrorCode(refusal.code), message=refusal.message, field=path)


def user_errors() -> Any:
    """The field `userErrors` of a payload."""
    return strawberry.field(
        default_factory=list, description="Why it was refused; empty if it was done."
    )


class MutationPayload(Protocol):
    """Every field has a default, so that a refused mutation's payload has `user_errors` only."""

    user_errors: list[UserError]


Arguments = ParamSpec("Arguments")
PayloadT = TypeVar("PayloadT", bound=MutationPayload)
Mutation = Callable[Arguments, Awaitable[PayloadT]]


def refusals_as_data(
    payload_class: Callable[..., PayloadT],
) -> Callable[[Mutation[Arguments, PayloadT]], Mutation[Arguments, PayloadT]]:
    """Turns what a resolver refuses into `userErrors` of its payload."""

    def decorate(resolver: Mutation[Arguments, PayloadT]) -> Mutation[Arguments, PayloadT]:
        @functools.wraps(resolver)
        async def resolve(*args: Arguments.args, **kwargs: Arguments.kwargs) -> PayloadT:
            _forget_loaded(kwargs["info"])
            try:
                return await resolver(*args, **kwargs)
            except Refused as refusal:
                return payload_class(user_errors=[UserError.from_refusal(refusal)])

        return resolve

    return decorate


def _forget_loaded(info: Any) -> None:
    # The mutation before this one in the same request may have read what this one changes.
    context: Info = info
    context.context.loaders = Loaders()


def list_changes(input: object, *names: str, required: Iterable[str] = ()) -> dict[str, Any]:
    """What a `Maybe` input gives: absent fields are left out, null ones are None.

    Raises:
        InvalidInput: a field of `required` is null.
    """
    given = {name: getattr(input, name) for name in names}
    changes = {name: some.value for name, some in given.items() if some is not None}
    for name in required:
        if name in changes and changes[name] is None:
            raise InvalidInput("It can't be null; leave it out to keep it.", field=[name])
    return changes
