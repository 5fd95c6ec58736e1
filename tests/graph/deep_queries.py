"""Selections generated from the schema: every field of a type and its reachable types."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)


def list_selections(schema: GraphQLSchema, parent: GraphQLObjectType, depth: int) -> Iterator[str]:
    """Returns a selection of all leaf fields, then one for each object field.

    Fields with a required argument are left out.
    """
    fields = _list_fields(parent)
    yield " ".join(name for name, field in fields if is_leaf_type(get_named_type(field.type)))
    for name, field in fields:
        if not is_leaf_type(get_named_type(field.type)):
            yield from _lead_on(schema, name, field, depth)


def _lead_on(schema: GraphQLSchema, name: str, field: GraphQLField, depth: int) -> Iterator[str]:
    """Returns a selection per possible type, because their fields would conflict if combined."""
    kind = get_named_type(field.type)
    head = name + (" (first: 3)" if "first" in field.args else "")
    members: list[Any] = [kind]
    if is_abstract_type(kind):
        members = list(schema.get_possible_types(kind))
    for member in members:
        inner = " ".join(_list_all(schema, member, depth))
        yield f"{head} {{ __typename ... on {member.name} {{ {inner} }} }}"


def _list_all(schema: GraphQLSchema, parent: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, field in _list_fields(parent):
        kind = get_named_type(field.type)
        if is_leaf_type(kind):
            yield name
        elif not isinstance(kind, GraphQLObjectType):
            yield f"{name} {{ __typename }}"
        elif depth > 0:
            inner = " ".join(["__typename", *_list_all(schema, kind, depth - 1)])
            yield f"{name}{' (first: 3)' if 'first' in field.args else ''} {{ {inner} }}"


def _list_fields(parent: GraphQLObjectType) -> list[tuple[str, GraphQLField]]:
    return [
        (name, field)
        for name, field in parent.fields.items()
        if not any(map(is_required_argument, field.args.values()))
    ]
