"""Size of documents: depth, fields, aliases, parts and overlapping fields.

Fragments are measured once, so nested spreads add no work.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
)

from graph.limits.bounds import (
    MAX_COMPARISONS,
    MAX_INTROSPECTION_ALIASES,
    MAX_INTROSPECTION_DEPTH,
    MAX_INTROSPECTION_FIELDS,
    Limits,
)

_INTROSPECTION = frozenset({"__schema", "__type"})
# Fragment bombs have counts of 80 digits.
_MAX_SHOWN_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a selection of the data, and of its introspection."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    schema_depth: int = 0
    schema_fields: int = 0
    schema_aliases: int = 0


def find_excess(
    operation: OperationDefinitionNode, meter: "SizeMeter", limits: Limits
) -> str | None:
    """Describes the first limit that the operation exceeds, or returns None."""
    size = meter.measure_operation(operation)
    roots = meter.count_roots(operation.selection_set)
    is_mutation = operation.operation is OperationType.MUTATION
    checks = (
        ("levels of depth", size.depth, limits.depth),
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
        ("directives", size.directives, limits.directives),
        ("root fields", roots, limits.root_fields),
        ("mutations", roots if is_mutation else 0, limits.mutations),
        ("levels of introspection", size.schema_depth, MAX_INTROSPECTION_DEPTH),
        ("introspection fields", size.schema_fields, MAX_INTROSPECTION_FIELDS),
        ("introspection aliases", size.schema_aliases, MAX_INTROSPECTION_ALIASES),
    )
    for name, count, limit in checks:
        if count > limit:
            return f"The operation has {format_count(count)} {name}; {limit} is the limit."
    return None


def format_count(number: int) -> str:
    return str(number) if number <= _MAX_SHOWN_COUNT else f"more than {_MAX_SHOWN_COUNT}"


class SizeMeter:
    """Measures the operations of a document."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, Size] = {}
        self._roots: dict[str, int] = {}
        self.has_cycles = False
        """True if a measured fragment spreads itself."""
        self._open: set[str] = set()

    def measure_operation(self, operation: OperationDefinitionNode) -> Size:
        inner = self._measure_selections(operation.selection_set)
        directives = _count_directives(operation.directives)
        for definition in operation.variable_definitions or ():
            directives += _count_directives(definition.directives)
        return _add_sizes([inner, Size(directives=directives)])

    def count_roots(self, selection_set: SelectionSetNode) -> int:
        """Counts root fields, without introspection."""
        return sum(self._count_root(selection) for selection in selection_set.selections)

    def _count_root(self, selection: SelectionNode) -> int:
        if isinstance(selection, FieldNode):
            return 0 if selection.name.value.startswith("__") else 1
        if isinstance(selection, InlineFragmentNode):
            return self.count_roots(selection.selection_set)
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in self._roots and name in self._fragments:
                self._roots[name] = 0
                self._roots[name] = self.count_roots(self._fragments[name].selection_set)
            return self._roots.get(name, 0)
        return 0

    def _measure_selections(self, selection_set: SelectionSetNode | None) -> Size:
        if selection_set is None:
            return Size()
        return _add_sizes([*map(self._measure_selection, selection_set.selections)])

    def _measure_selection(self, selection: SelectionNode) -> Size:
        own_size = Size(directives=_count_directives(selection.directives))
        if isinstance(selection, FieldNode):
            return self._measure_field(selection, own_size.directives)
        if isinstance(selection, FragmentSpreadNode):
            return _add_sizes([own_size, self._measure_fragment(selection.name.value)])
        if isinstance(selection, InlineFragmentNode):
            return _add_sizes([own_size, self._measure_selections(selection.selection_set)])
        return own_size

    def _measure_field(self, field: FieldNode, directives: int) -> Size:
        inside = self._measure_selections(field.selection_set)
        alias = 1 if field.alias else 0
        if field.name.value in _INTROSPECTION:
            return Size(
                directives=directives + inside.directives,
                schema_depth=1 + inside.depth,
                schema_fields=1 + inside.fields,
                schema_aliases=alias + inside.aliases,
            )
        return Size(
            depth=1 + inside.depth,
            fields=1 + inside.fields,
            aliases=alias + inside.aliases,
            directives=directives + inside.directives,
            schema_depth=inside.schema_depth,
            schema_fields=inside.schema_fields,
            schema_aliases=inside.schema_aliases,
        )

    def _measure_fragment(self, name: str) -> Size:
        if name in self._open:
            # Validation reports the cycle.
            self.has_cycles = True
            return Size()
        if name not in self._measured:
            self._measured[name] = Size()
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._open.add(name)
                own_size = Size(directives=_count_directives(fragment.directives))
                self._measured[name] = _add_sizes(
                    [own_size, self._measure_selections(fragment.selection_set)]
                )
                self._open.discard(name)
        return self._measured[name]


def _count_directives(directives: Iterable[DirectiveNode] | None) -> int:
    return len(tuple(directives or ()))


def _add_sizes(sizes: list[Size]) -> Size:
    if len(sizes) == 1:
        return sizes[0]
    return Size(
        depth=max((size.depth for size in sizes), default=0),
        fields=sum(size.fields for size in sizes),
        aliases=sum(size.aliases for size in sizes),
        directives=sum(size.directives for size in sizes),
        schema_depth=max((size.schema_depth for size in sizes), default=0),
        schema_fields=sum(size.schema_fields for size in sizes),
        schema_aliases=sum(size.schema_aliases for size in sizes),
    )


# Standard validation takes about 25 µs per part, more where rules compare parts in pairs.
# The limits are several times the largest operations of apps.
MAX_PARTS: dict[type[Node], tuple[str, int]] = {
    OperationDefinitionNode: ("operations", 20),
    FragmentDefinitionNode: ("fragments", 100),
    FragmentSpreadNode: ("fragment spreads", 150),
    VariableDefinitionNode: ("variables", 60),
    ArgumentNode: ("arguments", 200),
    ObjectFieldNode: ("fields of input objects", 200),
    ValueNode: ("values", 300),
}
# At least twice the fields of any type.
MAX_SELECTIONS = 150


def find_excess_parts(document: DocumentNode) -> str | None:
    """Describes the first limit of parts that the document exceeds, or returns None."""
    counts: Counter[type[Node]] = Counter()
    pending: list[Node] = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, SelectionSetNode) and len(node.selections) > MAX_SELECTIONS:
            return _describe_excess(len(node.selections), "selections in one place", MAX_SELECTIONS)
        counts[ValueNode if isinstance(node, ValueNode) else type(node)] += 1
        for key in node.keys:
            part = getattr(node, key, None)
            if isinstance(part, Node):
                pending.append(part)
            elif isinstance(part, tuple | list):
                pending += part
    for kind, (name, limit) in MAX_PARTS.items():
        if counts[kind] > limit:
            return _describe_excess(counts[kind], name, limit)
    return None


def _describe_excess(number: int, name: str, limit: int) -> str:
    return f"The document has {number} {name}; {limit} is the limit."


class OverlapCounter:
    """Counts fields with the same response name, which validation compares in pairs."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._pairs = 0
        self._steps = 0

    def is_excessive(self, roots: Iterable[SelectionSetNode]) -> bool:
        """Checks whether the selections need too many comparisons.

        The walk is bounded, because fragments count at each place where they are spread.
        """
        pending: list[Sequence[SelectionSetNode]] = [[root] for root in roots]
        while pending:
            if self._pairs > MAX_COMPARISONS or self._steps > 2 * MAX_COMPARISONS:
                return True
            pending += self._count_level(pending.pop())
        return self._pairs > MAX_COMPARISONS

    def _count_level(self, merged: Sequence[SelectionSetNode]) -> list[list[SelectionSetNode]]:
        """Counts the pairs of a merged selection set, and returns its nested selection sets."""
        below: dict[str, list[SelectionSetNode]] = {}
        fields: Counter[str] = Counter()
        seen: set[str] = set()
        open_sets = list(merged)
        while open_sets:
            for selection in open_sets.pop().selections:
                self._steps += 1
                if isinstance(selection, FieldNode):
                    name = (selection.alias or selection.name).value
                    # Validation compares arguments too.
                    fields[name] += 1 + len(selection.arguments or ())
                    if selection.selection_set is not None:
                        below.setdefault(name, []).append(selection.selection_set)
                elif isinstance(selection, InlineFragmentNode):
                    open_sets.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode):
                    fields[f"...{selection.name.value}"] += 1
                    fragment = self._fragments.get(selection.name.value)
                    if fragment is not None and selection.name.value not in seen:
                        seen.add(selection.name.value)
                        open_sets.append(fragment.selection_set)
        self._pairs += _count_pairs(len(seen)) + sum(map(_count_pairs, fields.values()))
        return list(below.values())


def _count_pairs(number: int) -> int:
    return number * (number - 1) // 2
