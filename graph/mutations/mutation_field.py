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
    """Makes a mutation from a resolver of an `input` that returns its payload.

    `updateContact` takes an `UpdateContactInput` and returns an `UpdateContactPayload`: if the
    resolver's classes have other names, the mutation gets types of its own that inherit from them.
    With `audit`, the audit log gets an entry for each call.
    """

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Any:
        signature = _name_types(resolver)
        resolve = resolver if audit is None else audited(audit)(resolver)
        resolve = refusals_as_data(signature.return_annotation)(resolve)
        # A refused role makes the field null, and keeps the results of other mutations.
        nullable = signature.replace(return_annotation=signature.return_annotation | None)
        resolve.__signature__ = nullable  # type: ignore[attr-defined]  # read by inspect
        return strawberry.mutation(
            resolver=resolve, permission_classes=[permission], description=description
        )

    return decorate


def _name_types(resolver: Callable[..., Awaitable[Any]]) -> inspect.Signature:
    """Returns the resolver's signature with the input and the payload named after the mutation."""
    signature = inspect.signature(resolver)
    mutation = to_camel_case(resolver.__name__)
    prefix = f"{mutation[0].upper()}{mutation[1:]}"
    input_class = signature.parameters["input"].annotation
    payload_class = signature.return_annotation
    if input_class.__name__ != f"{prefix}Input":
        named = type(f"{prefix}Input", (input_class,), {})
        input_class = strawberry.input(named, description=f"Input of `{mutation}`.")
    if payload_class.__name__ != f"{prefix}Payload":
        named = type(f"{prefix}Payload", (payload_class,), {})
        payload_class = strawberry.type(named, description=f"Result of `{mutation}`.")
    parameters = {
        **signature.parameters,
        "input": signature.parameters["input"].replace(annotation=input_class),
    }
    return signature.replace(parameters=list(parameters.values()), return_annotation=payload_class)
