"""`docs/permissions.md`: which role each operation needs, and what of it the audit log keeps."""

from collections.abc import Iterator
from typing import Any

from strawberry.permission import PermissionExtension
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import RolePermission
from graph.schema import WagraphSchema, create_schema
from models import AuditAction, Role
from whatsapp.auth.access import RANKS

_HEAD = """# Who may do what

Written by `python manage.py export-schema` from the schema itself; a test keeps it true. A
credential that is limited to some accounts may do all this with these accounts only: the others do
not exist for it.

| operation | VIEWER | AGENT | ADMIN | in the audit log as |
|---|---|---|---|---|
"""


def print_permissions() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_write_row(*one) for one in list_root_fields(create_schema()))


def list_root_fields(schema: WagraphSchema) -> Iterator[tuple[str, Any]]:
    """Each root field, after the name of its root type."""
    for root in filter(None, (schema.query, schema.mutation, schema.subscription)):
        for field in get_object_definition(root, strict=True).fields:
            yield str(root.__name__).lower(), field


def find_guards(field: Any) -> list[RolePermission]:
    return [
        permission
        for extension in field.extensions
        if isinstance(extension, PermissionExtension)
        for permission in extension.permissions
        if isinstance(permission, RolePermission)
    ]


def find_audit_action(field: Any) -> AuditAction | None:
    """What `@audited` says of the field's resolver."""
    resolver = getattr(field.base_resolver, "wrapped_func", None)
    action: AuditAction | None = getattr(resolver, "audit_action", None)
    return action


def _write_row(root: str, field: Any) -> str:
    (guard,) = find_guards(field)
    marks = [
        "✓" if RANKS[role] >= RANKS[guard.role] else ""
        for role in (Role.VIEWER, Role.AGENT, Role.ADMIN)
    ]
    action = find_audit_action(field)
    shown = f"`{action}`" if action else ""
    cells = [f"{root} `{to_camel_case(field.python_name)}`", *marks, shown]
    return f"| {' | '.join(cells)} |\n"
