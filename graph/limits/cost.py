"""Cost of operations: an upper bound of the objects in the response, known before execution.

An object costs 1. Fields are free, except raw JSON and aliases. A connection costs its selection
times its page size. Of an abstract type, the most expensive object type counts.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_introspection_query,
    get_named_type,
    is_composite_type,
    parse,
    value_from_ast_untyped,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef, introspection_types

from graph.core.connections import MAX_PAGE_SIZE
from graph.limits.bounds import MAX_INTROSPECTIONS
from graph.limits.expression import (
    Count,
    Expression,
    Length,
    OperationCost,
    PageSize,
    add,
    multiply,
    read_argument,
    read_page_size,
    take_largest,
)

# Assumed length of a list within a document, such as the reactions to a message.
LISTED_PARTS = 3
# Assumed length of a list of documents, such as the accounts of an audit entry.
LISTED_NODES = 10
# Raw JSON may be large, and aliases repeat a value.
LEAF_COST = 1
JSON_TYPE = "JSON"
# Most mutations write several documents.
MUTATION_COST = 10
# Counting reads up to 10,000 index entries.
_COUNT_COST = 10
_COUNTING_FIELDS = {
    ("Query", "conversationCounts"),
    ("Subscription", "conversationCountsChanged"),
    ("Workspace", "accountCount"),
}
# Fields of a connection besides its nodes.
_PAGE_COSTS = {"pageInfo": 0, "count": _COUNT_COST}
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


class SchemaCosts:
    """Costs of the fields of a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.list_sizes = _measure_introspection_lists(schema)
        self.introspection_limit = MAX_INTROSPECTIONS * self._measure_introspection()

    def measure(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> OperationCost:
        """Measures a valid operation."""
        meter = _CostMeter(self, fragments)
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return OperationCost(0, 0, {})
        return OperationCost(
            data=meter.measure_roots(operation, root, introspects=False),
            introspection=meter.measure_roots(operation, root, introspects=True),
            defaults={
                definition.variable.name.value: value_from_ast_untyped(definition.default_value)
                for definition in operation.variable_definitions or ()
                if definition.default_value is not None
            },
        )

    def _measure_introspection(self) -> int:
        query = get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)
        operation, fragments = split_document(parse(query))
        return self.measure(operation[0], fragments).evaluate({})[1]


def split_document(
    document: DocumentNode,
) -> tuple[list[OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            fragments.setdefault(definition.name.value, definition)
    return operations, fragments


class _CostMeter:
    def __init__(self, costs: SchemaCosts, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._costs = costs
        self._fragments = fragments
        self._measured: dict[tuple[str, PageSize | None], Expression] = {}

    def measure_roots(
        self, operation: OperationDefinitionNode, root: GraphQLObjectType, *, introspects: bool
    ) -> Expression:
        is_mutation = operation.operation is OperationType.MUTATION
        root_cost = MUTATION_COST if is_mutation else 1
        terms = []
        for field in self._list_fields(operation.selection_set, set()):
            name = field.name.value
            if introspects and name in {"__schema", "__type"}:
                terms.append(self._measure_field(field, root))
            elif not introspects and name in root.fields:
                is_object = is_composite_type(get_named_type(root.fields[name].type))
                cost = root_cost - 1 if is_object else root_cost
                terms.append(add(self._measure_field(field, root), cost))
        return add(*terms)

    def _list_fields(self, selection_set: SelectionSetNode, seen: set[str]) -> Iterable[FieldNode]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                yield from self._list_fields(selection.selection_set, seen)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments.get(selection.name.value)
                if fragment is not None and selection.name.value not in seen:
                    seen.add(selection.name.value)
                    yield from self._list_fields(fragment.selection_set, seen)

    def _measure_selections(
        self, selection_set: SelectionSetNode, parent: Composite, page: PageSize | None
    ) -> Expression:
        shared: list[Expression] = []
        by_type: dict[str, list[Expression]] = {}
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                shared.append(self._measure_field(selection, parent, page))
                continue
            type_name, cost = self._measure_fragment(selection, parent, page)
            is_narrower = type_name != parent.name and isinstance(
                self._costs.schema.type_map.get(type_name), GraphQLObjectType
            )
            (by_type.setdefault(type_name, []) if is_narrower else shared).append(cost)
        return add(*shared, take_largest([add(*terms) for terms in by_type.values()]))

    def _measure_fragment(
        self, selection: SelectionNode, parent: Composite, page: PageSize | None
    ) -> tuple[str, Expression]:
        """Returns the type condition of a fragment and its cost."""
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            type_name = condition.name.value if condition else parent.name
            return type_name, self._measure_type(selection.selection_set, type_name, page)
        fragment = self._fragments.get(_name_of(selection))
        if fragment is None:
            return parent.name, 0
        type_name = fragment.type_condition.name.value
        key = (fragment.name.value, page)
        if key not in self._measured:
            self._measured[key] = 0
            self._measured[key] = self._measure_type(fragment.selection_set, type_name, page)
        return type_name, self._measured[key]

    def _measure_type(
        self, selection_set: SelectionSetNode, type_name: str, page: PageSize | None
    ) -> Expression:
        kind = self._costs.schema.type_map.get(type_name)
        return self._measure_selections(selection_set, kind, page) if _is_composite(kind) else 0

    def _measure_field(
        self, node: FieldNode, parent: Composite, page: PageSize | None = None
    ) -> Expression:
        name = node.name.value
        field = _find_field(parent, name)
        if field is None:
            return 0
        kind = get_named_type(field.type)
        if not _is_composite(kind) or node.selection_set is None:
            return LEAF_COST if kind.name == JSON_TYPE or node.alias is not None else 0
        if page is not None and name in {"edges", "nodes"}:
            # The connection has counted the nodes.
            return multiply(page, self._measure_selections(node.selection_set, kind, None))
        if page is not None and name in _PAGE_COSTS:
            return _PAGE_COSTS[name]
        if name == "node" and parent.name.endswith("Edge"):
            return self._measure_selections(node.selection_set, kind, None)
        if _is_connection(kind):
            size = read_page_size(node, field)
            return add(
                1, multiply(size, 1), self._measure_selections(node.selection_set, kind, size)
            )
        own_cost = _COUNT_COST if (parent.name, name) in _COUNTING_FIELDS else 1
        inner = add(own_cost, self._measure_selections(node.selection_set, kind, None))
        return multiply(self._count_items(node, parent, field), inner)

    def _count_items(self, node: FieldNode, parent: Composite, field: GraphQLField) -> Count:
        if not _is_list(field.type):
            return 1
        if parent.name in introspection_types:
            return self._costs.list_sizes.get((parent.name, node.name.value), 1)
        for name, argument in field.args.items():
            if _is_list(argument.type):
                return Length(read_argument(node, field, name))
        interfaces = getattr(get_named_type(field.type), "interfaces", ())
        if not any(interface.name == "Node" for interface in interfaces):
            return LISTED_PARTS
        return MAX_PAGE_SIZE if parent.name.endswith("Payload") else LISTED_NODES


def _find_field(parent: Composite, name: str) -> GraphQLField | None:
    if name == "__schema":
        return SchemaMetaFieldDef
    if name == "__type":
        return TypeMetaFieldDef
    return None if isinstance(parent, GraphQLUnionType) else parent.fields.get(name)


def _is_composite(kind: object) -> TypeGuard[Composite]:
    return isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)


def _is_connection(kind: Composite) -> bool:
    fields = getattr(kind, "fields", {})
    return kind.name.endswith("Connection") and {"edges", "pageInfo"} <= fields.keys()


def _is_list(kind: GraphQLOutputType | Any) -> bool:
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)


def _name_of(selection: SelectionNode) -> str:
    return selection.name.value if isinstance(selection, FragmentSpreadNode) else ""


def _measure_introspection_lists(schema: GraphQLSchema) -> dict[tuple[str, str], int]:
    """Returns average lengths of introspection lists in this schema, rounded up."""
    kinds = [kind for kind in schema.type_map.values() if not kind.name.startswith("__")]
    fields = [field for kind in kinds for field in getattr(kind, "fields", {}).values()]
    values = [value for kind in kinds for value in getattr(kind, "values", ())]
    arguments = [argument for field in fields for argument in getattr(field, "args", ())]
    return {
        ("__Schema", "types"): len(schema.type_map),
        ("__Schema", "directives"): len(schema.directives),
        ("__Type", "fields"): math.ceil(len(fields) / len(kinds)),
        ("__Type", "inputFields"): math.ceil(len(fields) / len(kinds)),
        ("__Type", "enumValues"): math.ceil(len(values) / len(kinds)),
        ("__Field", "args"): math.ceil(len(arguments) / max(len(fields), 1)),
        ("__Directive", "args"): 2,
    }
