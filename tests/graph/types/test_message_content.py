"""The content interface: a query can select every type with all fields."""

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema

SCHEMA = get_graphql_schema(create_schema())


def select(object_type: GraphQLObjectType) -> str:
    fields = []
    for name, field in object_type.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            fields.append(name)
        elif isinstance(inner, GraphQLObjectType):
            # Nodes lead back into the whole graph.
            is_node = any(interface.name == "Node" for interface in inner.interfaces)
            chosen = "id" if is_node else select(inner)
            fields.append(f"{name} {{ {chosen} }}")
    return " ".join(fields)


def test_fields_of_equal_names_have_equal_types() -> None:
    interface = SCHEMA.type_map["Content"]
    assert isinstance(interface, GraphQLInterfaceType)
    types = SCHEMA.get_possible_types(interface)
    kinds = " ".join(f"... on {kind.name} {{ {select(kind)} }}" for kind in types)

    problems = validate(SCHEMA, parse(f'{{ message(id: "x") {{ content {{ {kinds} }} }} }}'))

    assert [problem.message for problem in problems] == []
