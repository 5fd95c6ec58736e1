"""The whole schema: all is described, every root field is guarded, `schema.graphql` is true."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.types.base import StrawberryOptional, get_object_definition

from graph.core.context import RolePermission
from graph.core.strawberry_internals import get_graphql_schema
from graph.core.user_errors import UserErrorCode
from graph.reference.permission_table import find_audit_action, find_guards, print_permissions
from graph.reference.schema_changes import list_elements, list_unannounced
from graph.schema import create_schema, print_schema_text
from models import AuditAction, Role

PROJECT = Path(__file__).parents[2]
SCHEMA = create_schema()


def list_described() -> Iterator[tuple[str, Any]]:
    for name, graphql_type in get_graphql_schema(SCHEMA).type_map.items():
        if name.startswith("__") or is_specified_scalar_type(graphql_type):
            continue
        yield name, graphql_type
        if isinstance(graphql_type, GraphQLEnumType):
            yield from ((f"{name}.{key}", one) for key, one in graphql_type.values.items())
        for field_name, field in getattr(graphql_type, "fields", {}).items():
            yield f"{name}.{field_name}", field
            for key, argument in getattr(field, "args", {}).items():
                yield f"{name}.{field_name}({key})", argument


def test_everything_is_described_in_sentences() -> None:
    lacking = [
        name
        for name, described in list_described()
        if not (described.description or "").endswith((".", "?"))
    ]

    assert lacking == []


def list_root_fields() -> Iterator[tuple[str, Any]]:
    for root in (SCHEMA.query, SCHEMA.mutation, SCHEMA.subscription):
        if root is not None:
            for field in get_object_definition(root, strict=True).fields:
                yield f"{root.__name__}.{field.python_name}", field


def list_guards(field: Any) -> list[BasePermission]:
    return [
        permission
        for extension in field.extensions
        if isinstance(extension, PermissionExtension)
        for permission in extension.permissions
    ]


def test_root_fields_require_and_name_role(subtests: pytest.Subtests) -> None:
    for name, field in list_root_fields():
        with subtests.test(name=name):
            (guard,) = list_guards(field)
            assert isinstance(guard, RolePermission)
            assert f"Requires role {guard.role.value}" in field.description


def test_root_fields_that_can_be_refused_are_nullable(subtests: pytest.Subtests) -> None:
    for name, field in list_root_fields():
        if name.startswith("Subscription"):
            continue
        with subtests.test(name=name):
            (guard,) = find_guards(field)
            # Every caller has the role VIEWER.
            is_refusable = bool(field.arguments) or guard.role is not Role.VIEWER
            assert isinstance(field.type, StrawberryOptional) == is_refusable


def test_output_fields_contain_no_credentials() -> None:
    secrets = {"accessToken", "appSecret", "secretHash", "verifyToken", "token"}
    inputs = GraphQLInputObjectType | GraphQLScalarType | GraphQLEnumType
    shown = {
        (name, field)
        for name, graphql_type in get_graphql_schema(SCHEMA).type_map.items()
        if not isinstance(graphql_type, inputs)
        for field in secrets & set(getattr(graphql_type, "fields", {}))
    }

    # Shown once, to the creator of the account or key.
    assert shown == {("CreateAccountPayload", "verifyToken"), ("CreateApiKeyPayload", "token")}


def test_admin_mutations_have_audit_actions() -> None:
    mutations = [(name, field) for name, field in list_root_fields() if name.startswith("Mutation")]
    for_admins = {
        name: find_audit_action(field)
        for name, field in mutations
        if [guard.role for guard in find_guards(field)] == [Role.ADMIN]
    }
    actions = [action for _, field in mutations if (action := find_audit_action(field))]

    assert [name for name, action in for_admins.items() if action is None] == []
    assert len(actions) == len(set(actions)) > 10
    assert set(actions) <= set(AuditAction)


def test_table_of_permissions_is_up_to_date() -> None:
    page = (PROJECT / "docs" / "permissions.md").read_text()

    assert page == print_permissions(), "run `make schema`"


def test_schema_file_is_up_to_date() -> None:
    assert (PROJECT / "schema.graphql").read_text() == print_schema_text(), "run `make schema`"


# Parallel to the given ids: null means not found.
WITH_GAPS = {"Query.nodes"}
# Null means something of its own: all accounts; a refusal; a refusal of the whole input.
WITHOUT_A_LIST = {
    "Query.conversationCounts",
    "Query.tags",
    "Query.nodes",
    "DiscardParkedItemsPayload.parkedItems",
    "ReplayParkedItemsPayload.parkedItems",
    "UserError.field",
}


def test_lists_have_no_gaps() -> None:
    gaps: set[str] = set()
    missing: set[str] = set()
    for name, element in list_elements(get_graphql_schema(SCHEMA)):
        inner = get_nullable_type(getattr(element, "type", None))
        if not isinstance(inner, GraphQLList):
            continue
        if not is_non_null_type(inner.of_type):
            gaps.add(name)
        if isinstance(element, GraphQLField) and not is_non_null_type(element.type):
            missing.add(name)
    missing -= {f"{error}.field" for error in list_user_error_types()}

    assert gaps == WITH_GAPS
    assert missing == WITHOUT_A_LIST


def list_user_error_types() -> list[str]:
    schema = get_graphql_schema(SCHEMA)
    interface = schema.type_map["UserError"]
    assert isinstance(interface, GraphQLInterfaceType)
    return [kind.name for kind in schema.get_possible_types(interface)]


def test_each_code_has_type_of_user_error() -> None:
    names = {
        "".join(word.capitalize() for word in code.value.split("_")) + "Error"
        for code in UserErrorCode
    }

    assert set(list_user_error_types()) == names


def list_connection_fields() -> list[tuple[str, GraphQLField]]:
    return [
        (name, element)
        for name, element in list_elements(get_graphql_schema(SCHEMA))
        if isinstance(element, GraphQLField)
        and get_named_type(element.type).name.endswith("Connection")
    ]


def test_schema_has_connection_fields() -> None:
    assert len(list_connection_fields()) > 10


@pytest.mark.parametrize(
    "field", [pytest.param(field, id=name) for name, field in list_connection_fields()]
)
def test_connection_can_be_paged_and_counted(field: GraphQLField) -> None:
    page = get_named_type(field.type)
    assert isinstance(page, GraphQLObjectType)
    assert {"edges", "nodes", "pageInfo", "count"} <= set(page.fields)
    assert {"first", "after", "last", "before"} <= set(field.args)
    for argument in {"orderBy", "filter"} & set(field.args):
        kind = get_named_type(field.args[argument].type)
        assert isinstance(kind, GraphQLEnumType | GraphQLInputObjectType)


def test_mutations_have_input_and_user_errors(subtests: pytest.Subtests) -> None:
    mutations = get_graphql_schema(SCHEMA).mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        with subtests.test(name=name):
            payload = get_named_type(field.type)
            assert set(field.args) == {"input"}
            assert str(field.args["input"].type) == f"{name[0].upper()}{name[1:]}Input!"
            assert isinstance(payload, GraphQLObjectType)
            assert payload.name == f"{name[0].upper()}{name[1:]}Payload"
            assert str(payload.fields["userErrors"].type) == "[UserError!]!"
            # A refusal has no entity.
            entities = [str(one.type) for key, one in payload.fields.items() if key != "userErrors"]
            assert any(not entity.endswith("!") for entity in entities)


def test_deprecations_name_day() -> None:
    assert list_unannounced(get_graphql_schema(SCHEMA)) == []
