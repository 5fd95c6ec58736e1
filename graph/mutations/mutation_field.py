"""Declares mutations: their role, their payload with `userErrors`, and their audit entry."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import RolePermission
from graph.core.user_errors import refusals_as_data
from graph.mutations.auditing import audited
from models import AuditAction


def mutation_field(
    permission: type[RolePermission], *, description: str, audit: AuditAction | None = None
) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """Makes a mutation from a resolver whose return annotation is the payload class.

    The payload of `updateContact` is called `UpdateContactPayload`, whatever the class is called.
    With `audit`, the audit log gets an entry for each call.
    """

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Any:
        payload_class = _name_payload(resolver)
        resolve = resolver if audit is None else audited(audit)(resolver)
        return strawberry.mutation(
            resolver=refusals_as_data(payload_class)(resolve),
            graphql_type=payload_class,
            permission_classes=[permission],
            description=description,
        )

    return decorate


def _name_payload(resolver: Callable[..., Awaitable[Any]]) -> type[Any]:
    """Returns the payload class of a resolver, as a type with the name of the mutation."""
    payload_class: type[Any] = inspect.signature(resolver).return_annotation
    mutation = to_camel_case(resolver.__name__)
    name = f"{mutation[0].upper()}{mutation[1:]}Payload"
    if payload_class.__name__ == name:
        return payload_class
    return strawberry.type(type(name, (payload_class,), {}), description=f"Result of `{mutation}`.")
