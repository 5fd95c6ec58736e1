"""What a new schema does to the clients of an old one, and whether it was announced.

An element may go once the old schema deprecates it and names the day of its removal, and that day
has come. Everything else that breaks a client's operation is a breaking change.
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
_GONE = re.compile(r"(\S+) was removed\.$")


@dataclass(frozen=True)
class SchemaChanges:
    breaking: list[str]
    dangerous: list[str]
    """Operations stay valid, but may get answers that their client does not know."""
    retired: list[str]
    """Removed as announced."""
    unannounced: list[str]
    """Deprecated without a day of removal."""

    @property
    def are_compatible(self) -> bool:
        return not self.breaking and not self.unannounced


def compare_schemas(old_text: str, new_text: str, *, today: date) -> SchemaChanges:
    """Compares two schemas in GraphQL's own language.

    Raises:
        GraphQLError: One of the texts is no schema.
        TypeError: The same.
    """
    old, new = build_schema(old_text), build_schema(new_text)
    retired = list_retired(old, new, today)
    pardoned = {*retired, *list_orphans(old, new, retired)}
    changes = [
        change
        for change in find_schema_changes(old, new)
        if not ((gone := _GONE.search(change.description)) and gone[1] in pardoned)
        # Whether Int or Float is used anywhere matters to nobody.
        and not change.description.startswith("Standard scalar ")
    ]
    return SchemaChanges(
        breaking=[one.description for one in changes if isinstance(one.type, BreakingChangeType)],
        dangerous=[one.description for one in changes if isinstance(one.type, DangerousChangeType)],
        retired=retired,
        unannounced=list_unannounced(new),
    )


def describe_changes(changes: SchemaChanges) -> Iterator[str]:
    """A line for each change, the worst first."""
    yield from (f"BREAKING     {text}" for text in changes.breaking)
    yield from (f"UNANNOUNCED  {name} is deprecated without a day." for name in changes.unannounced)
    yield from (f"DANGEROUS    {text}" for text in changes.dangerous)
    yield from (f"RETIRED      {name} went as announced." for name in changes.retired)
    if changes.are_compatible:
        yield "Every operation that was valid is valid still, but for what was announced."


def read_removal_day(reason: str | None) -> date | None:
    """The day in a reason such as "Use `b`. Removed on 2027-03-01."; None without one."""
    found = _REMOVAL.search(reason or "")
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:  # the 31st of February
        return None


def list_retired(old: GraphQLSchema, new: GraphQLSchema, today: date) -> list[str]:
    """The elements that are gone, and were to go by today."""
    kept = {name for name, _ in list_elements(new)}
    return [
        name
        for name, element in list_elements(old)
        if name not in kept
        and (day := read_removal_day(element.deprecation_reason)) is not None
        and day <= today
    ]


def list_orphans(old: GraphQLSchema, new: GraphQLSchema, retired: list[str]) -> set[str]:
    """Types that are gone because only retired elements led to them."""
    roots = [one for one in (old.query_type, old.mutation_type, old.subscription_type) if one]
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
        # An argument goes with its field.
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
    """All that can be deprecated, by its coordinate."""
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
