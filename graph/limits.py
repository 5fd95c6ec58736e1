"""How large a document may be: depth, fields and aliases, counted in one walk.

Each fragment is counted once and remembered, so that spreads of spreads cost nothing extra.
"""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graph.errors import ErrorCode, RequestError

MAX_TOKENS = 2000


@dataclass(frozen=True)
class Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0


DATA_LIMIT = Size(depth=15, fields=1000, aliases=60)
# GraphiQL's own introspection query has a depth of 15 and 229 fields.
INTROSPECTION_LIMIT = Size(depth=20, fields=500, aliases=20)


@dataclass(frozen=True)
class Sizes:
    """What a selection set asks of the data and, apart from that, of the schema."""

    data: Size = Size()
    introspection: Size = Size()


def find_excess(document: DocumentNode) -> RequestError | None:
    """An error that names the limit which the document exceeds, or None.

    Raises:
        RecursionError: it is nested deeper than any limit.
    """
    counter = _Counter(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            sizes = counter.measure(definition.selection_set)
            excess = _compare(sizes.data, DATA_LIMIT) or _compare(
                sizes.introspection, INTROSPECTION_LIMIT
            )
            if excess is not None:
                return RequestError(ErrorCode.QUERY_TOO_COMPLEX, excess)
    return None


def _compare(size: Size, limit: Size) -> str | None:
    if size.depth > limit.depth:
        return f"The operation is nested {size.depth} deep; {limit.depth} is the limit."
    if size.fields > limit.fields:
        return f"The operation has {size.fields} fields; {limit.fields} is the limit."
    if size.aliases > limit.aliases:
        return f"The operation has {size.aliases} aliases; {limit.aliases} is the limit."
    return None


class _Counter:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Sizes] = {}

    def measure(self, selection_set: SelectionSetNode | None) -> Sizes:
        if selection_set is None:
            return Sizes()
        parts = [self._measure_selection(selection) for selection in selection_set.selections]
        return Sizes(
            data=_combine([part.data for part in parts]),
            introspection=_combine([part.introspection for part in parts]),
        )

    def _measure_selection(self, selection: SelectionNode) -> Sizes:
        if isinstance(selection, FieldNode):
            return self._measure_field(selection)
        if isinstance(selection, FragmentSpreadNode):
            return self._measure_fragment(selection.name.value)
        if isinstance(selection, InlineFragmentNode):
            return self.measure(selection.selection_set)
        return Sizes()

    def _measure_field(self, field: FieldNode) -> Sizes:
        inside = self.measure(field.selection_set)
        own = Size(depth=1, fields=1, aliases=1 if field.alias else 0)
        if field.name.value in {"__schema", "__type"}:
            return Sizes(introspection=_nest(own, inside.data))
        return Sizes(data=_nest(own, inside.data), introspection=inside.introspection)

    def _measure_fragment(self, name: str) -> Sizes:
        if name not in self._measured:
            # A fragment that spreads itself ends here; validation reports it.
            self._measured[name] = Sizes()
            fragment = self._fragments.get(name)
            self._measured[name] = self.measure(fragment.selection_set if fragment else None)
        return self._measured[name]


def _combine(sizes: list[Size]) -> Size:
    return Size(
        depth=max((size.depth for size in sizes), default=0),
        fields=sum(size.fields for size in sizes),
        aliases=sum(size.aliases for size in sizes),
    )


def _nest(outer: Size, inner: Size) -> Size:
    return Size(
        depth=outer.depth + inner.depth,
        fields=outer.fields + inner.fields,
        aliases=outer.aliases + inner.aliases,
    )
