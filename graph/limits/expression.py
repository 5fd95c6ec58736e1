"""Cost expressions: built once for a document, evaluated with the variables of each request.

A term without variables is an int. Other terms are evaluated once, so that a fragment spread a
million times is one step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a field: a literal value or a variable."""

    value: Any = None
    variable: str | None = None
    """Name of the variable, whose default is `value`."""

    def read(self, variables: Mapping[str, Any]) -> Any:
        return self.value if self.variable is None else variables.get(self.variable, self.value)


@dataclass(frozen=True, slots=True)
class Length:
    """Length of a list argument."""

    items: Argument

    def read(self, variables: Mapping[str, Any]) -> int:
        value = self.items.read(variables)
        return len(value) if isinstance(value, list) else 0 if value is None else 1


@dataclass(frozen=True, slots=True)
class PageSize:
    """Maximum number of items on a page."""

    first: Argument
    last: Argument
    default: int
    largest: int

    def read(self, variables: Mapping[str, Any]) -> int:
        for argument in (self.last, self.first):
            value = argument.read(variables)
            if value is None:
                continue
            # The field refuses larger pages. 100.0 is a valid GraphQL Int.
            is_number = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return min(max(int(value), 0), self.largest) if is_number else self.largest
        return self.default


Count = int | Length | PageSize


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    fixed: int
    terms: Sequence["Expression"]


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    count: Count
    inner: "Expression"


@dataclass(frozen=True, slots=True, eq=False)
class Largest:
    options: Sequence["Expression"]


Expression = int | Sum | Product | Largest


def add(*terms: Expression) -> Expression:
    fixed = sum(term for term in terms if isinstance(term, int))
    variable_terms = [term for term in terms if not isinstance(term, int)]
    return Sum(fixed, variable_terms) if variable_terms else fixed


def multiply(count: Count, inner: Expression) -> Expression:
    if not isinstance(count, int) and not _has_variable(count):
        count = count.read({})
    if isinstance(count, int) and isinstance(inner, int):
        return count * inner
    return Product(count, inner)


def take_largest(options: Sequence[Expression]) -> Expression:
    if all(isinstance(option, int) for option in options):
        return max((option for option in options if isinstance(option, int)), default=0)
    return Largest(options)


def _has_variable(count: Length | PageSize) -> bool:
    if isinstance(count, Length):
        return count.items.variable is not None
    return count.first.variable is not None or count.last.variable is not None


def evaluate(expression: Expression, variables: Mapping[str, Any]) -> int:
    return _Evaluation(variables).get_value(expression)


class _Evaluation:
    """Evaluates shared terms once. A class, because nested functions would be garbage cycles."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._known: dict[int, int] = {}

    def get_value(self, part: Expression) -> int:
        if isinstance(part, int):
            return part
        if id(part) not in self._known:
            self._known[id(part)] = self._compute(part)
        return self._known[id(part)]

    def _compute(self, part: Sum | Product | Largest) -> int:
        if isinstance(part, Sum):
            return part.fixed + sum(map(self.get_value, part.terms))
        if isinstance(part, Product):
            variables = self._variables
            count = part.count if isinstance(part.count, int) else part.count.read(variables)
            return count * self.get_value(part.inner)
        return max(map(self.get_value, part.options), default=0)


@dataclass(frozen=True)
class OperationCost:
    """Cost of an operation in objects of the data and of the schema, for any variables."""

    data: Expression
    introspection: Expression
    defaults: Mapping[str, Any]
    """Defaults of the variables."""

    def evaluate(self, variables: Mapping[str, Any] | None) -> tuple[int, int]:
        values = {**self.defaults, **(variables or {})}
        return evaluate(self.data, values), evaluate(self.introspection, values)


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
        # Only the length counts; items may be variables.
        return Argument([None] * len(value.values))
    return Argument(None if isinstance(value, NullValueNode) else default)
