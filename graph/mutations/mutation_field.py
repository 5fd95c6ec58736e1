"""Declares mutations: their role, their payload with `userErrors`, and their audit entry."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import strawberry

from graph.core.context import RolePermission
from graph.core.user_errors import refusals_as_data
from graph.mutations.auditing import audited
from models import AuditAction


def mutation_field(
    permission: type[RolePermission], *, description: str, audit: AuditAction | None = None
) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """Makes a mutation from a resolver whose return annotation is the payload class.

    With `audit`, the audit log gets an entry for each call.
    """

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Any:
        payload_class = inspect.signature(resolver).return_annotation
        resolve = resolver if audit is None else audited(audit)(resolver)
        return strawberry.mutation(
            resolver=refusals_as_data(payload_class)(resolve),
            permission_classes=[permission],
            description=description,
        )

    return decorate
