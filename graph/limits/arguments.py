"""Arguments that a cost depends on: given in the document, by a variable, or by their default."""

from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)

from graph.core.connections import MAX_PAGE_SIZE, PAGE_SIZE
from graph.limits.expression import Argument, PageSize


def read_page_size(node: FieldNode, field: GraphQLField) -> PageSize:
    return PageSize(
        first=read_argument(node, field, "first"),
        last=read_argument(node, field, "last"),
        default=PAGE_SIZE,
        largest=MAX_PAGE_SIZE,
    )


def read_argument(node: FieldNode, field: GraphQLField, name: str) -> Argument:
    default = field.args[name].default_value if name in field.args else None
    default = None if default is Undefined else default
    for argument in node.arguments or ():
        if argument.name.value == name:
            return _read_value(argument.value, default)
    return Argument(default)


def _read_value(value: ValueNode, default: Any) -> Argument:
    if isinstance(value, VariableNode):
        return Argument(default, variable=value.name.value)
    if isinstance(value, IntValueNode):
        return Argument(int(value.value))
    if isinstance(value, ListValueNode):
        # Only its length counts; its items may be variables.
        return Argument([None] * len(value.values))
    return Argument(None if isinstance(value, NullValueNode) else default)
