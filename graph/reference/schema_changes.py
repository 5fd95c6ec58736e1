"""Compares schemas: breaking changes and announced removals.

An element may be removed if the old schema deprecates it with a removal date in the past. Any
other change that breaks an operation is a breaking change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)
from graphql.utilities import BreakingChangeType, DangerousChangeType, find_schema_changes

Element = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue

_REMOVAL = re.compile(r"\bRemoved on (\d{4}-\d{2}-\d{2})\b")
_REMOVED_ELEMENT = re.compile(r"(\S+) was removed\.$")


@dataclass(frozen=True)
class SchemaChanges:
    breaking: list[str]
    dangerous: list[str]
    """Operations stay valid, but clients may get unknown values."""
    retired: list[str]
    """Removed as announced."""
    unannounced: list[str]
    """Deprecated without a removal date."""

    @property
    def are_compatible(self) -> bool:
        return not self.breaking and not self.unannounced


def compare_schemas(old_text: str, new_text: str, *, today: date) -> SchemaChanges:
    """Compares two schemas in GraphQL SDL.

    Raises:
        GraphQLError: A schema is invalid.
        TypeError: A schema is invalid.
    """
    old, new = build_schema(old_text), build_schema(new_text)
    retired = list_retired(old, new, today)
    announced = {*retired, *list_orphans(old, new, retired)}
    changes = [
        change
        for change in find_schema_changes(old, new)
        if not (
            (removed := _REMOVED_ELEMENT.search(change.description)) and removed[1] in announced
        )
        # An unused standard scalar breaks no operation.
        and not change.description.startswith("Standard scalar ")
    ]
    return SchemaChanges(
        breaking=[
            change.description for change in changes if isinstance(change.type, BreakingChangeType)
        ],
        dangerous=[
            change.description for change in changes if isinstance(change.type, DangerousChangeType)
        ],
        retired=retired,
        unannounced=list_unannounced(new),
    )


def describe_changes(changes: SchemaChanges) -> Iterator[str]:
    """Yields one line for each change, breaking changes first."""
    yield from (f"BREAKING     {text}" for text in changes.breaking)
    yield from (
        f"UNANNOUNCED  {name} is deprecated without a removal date." for name in changes.unannounced
    )
    yield from (f"DANGEROUS    {text}" for text in changes.dangerous)
    yield from (f"RETIRED      {name} was removed as announced." for name in changes.retired)
    if changes.are_compatible:
        yield "All operations remain valid, except for announced removals."


def read_removal_day(reason: str | None) -> date | None:
    """Returns the date in "Use `b`. Removed on 2027-03-01."; None without a date."""
    match = _REMOVAL.search(reason or "")
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:  # not a date, such as February 31
        return None


def list_retired(old: GraphQLSchema, new: GraphQLSchema, today: date) -> list[str]:
    """Returns the removed elements whose removal date has passed."""
    kept = {name for name, _ in list_elements(new)}
    return [
        name
        for name, element in list_elements(old)
        if name not in kept
        and (day := read_removal_day(element.deprecation_reason)) is not None
        and day <= today
    ]


def list_orphans(old: GraphQLSchema, new: GraphQLSchema, retired: list[str]) -> set[str]:
    """Returns the removed types to which only retired elements referred."""
    roots = [root for root in (old.query_type, old.mutation_type, old.subscription_type) if root]
    reached: set[str] = set()
    waiting: list[GraphQLNamedType] = list(roots)
    while waiting:
        graphql_type = waiting.pop()
        if graphql_type.name not in reached:
            reached.add(graphql_type.name)
            waiting += _list_neighbours(old, graphql_type, set(retired))
    return set(old.type_map) - reached - set(new.type_map)


def _list_neighbours(
    schema: GraphQLSchema, graphql_type: GraphQLNamedType, retired: set[str]
) -> Iterator[GraphQLNamedType]:
    if isinstance(graphql_type, GraphQLUnionType | GraphQLInterfaceType):
        yield from schema.get_possible_types(graphql_type)
    if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
        yield from graphql_type.interfaces
    for name, element in list_elements_of(graphql_type):
        # Removing a field removes its arguments.
        is_retired = name in retired or name.partition("(")[0] in retired
        if not is_retired and not isinstance(element, GraphQLEnumValue):
            yield get_named_type(element.type)


def list_unannounced(schema: GraphQLSchema) -> list[str]:
    return [
        name
        for name, element in list_elements(schema)
        if element.deprecation_reason is not None
        and read_removal_day(element.deprecation_reason) is None
    ]


def list_elements(schema: GraphQLSchema) -> Iterator[tuple[str, Element]]:
    """Yields all elements that can be deprecated, with their coordinates."""
    for name, graphql_type in schema.type_map.items():
        if not name.startswith("__"):
            yield from list_elements_of(graphql_type)


def list_elements_of(graphql_type: GraphQLNamedType) -> Iterator[tuple[str, Element]]:
    type_name = graphql_type.name
    if isinstance(graphql_type, GraphQLEnumType):
        for name, value in graphql_type.values.items():
            yield f"{type_name}.{name}", value
    elif isinstance(graphql_type, GraphQLInputObjectType):
        for name, input_field in graphql_type.fields.items():
            yield f"{type_name}.{name}", input_field
    elif isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in graphql_type.fields.items():
            yield f"{type_name}.{name}", field
            for argument_name, argument in field.args.items():
                yield f"{type_name}.{name}({argument_name}:)", argument
