"""Equality of subscriptions: same operation and variables, apart from the argument `after`."""

import json
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)

RESUME_ARGUMENT = "after"
ROOT_TYPE = "Subscription"
MAX_CACHED_SHAPES = 128
# Longer documents are parsed for each request, so their nodes are never seen again.
MAX_CACHED_CHARACTERS = 8000


@dataclass(frozen=True)
class OperationShape:
    """An operation without its name and the argument `after`."""

    text: str
    variables: tuple[str, ...]
    """Names of the variables that the operation uses."""

    def make_key(self, values: Mapping[str, Any] | None) -> Hashable:
        """Returns a key that is equal for subscriptions with equal payloads, given equal rights."""
        values = values or {}
        used = {name: values[name] for name in self.variables if name in values}
        return self.text, _encode(used)


class OperationShapes:
    """A cache of shapes by operation node."""

    def __init__(self) -> None:
        # Holds the nodes too, so that no other object gets their ids.
        self._known: OrderedDict[int, tuple[OperationDefinitionNode, OperationShape]] = (
            OrderedDict()
        )

    def find(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> OperationShape:
        cached = self._known.get(id(operation))
        if cached is not None:
            self._known.move_to_end(id(operation))
            return cached[1]
        shape = make_shape(operation, fragments)
        if len(shape.text) > MAX_CACHED_CHARACTERS:
            return shape
        self._known[id(operation)] = operation, shape
        if len(self._known) > MAX_CACHED_SHAPES:
            self._known.popitem(last=False)
        return shape


def make_shape(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> OperationShape:
    stripped = visit(operation, _ResumeStripper())
    reached = {
        name: visit(fragment, _ResumeStripper())
        if fragment.type_condition.name.value == ROOT_TYPE
        else fragment
        for name, fragment in _list_used_fragments(operation, fragments).items()
    }
    used = _NameCollector(VariableNode)
    for node in (stripped.selection_set, *(stripped.directives or ()), *reached.values()):
        visit(node, used)
    definitions = tuple(
        definition
        for definition in stripped.variable_definitions or ()
        if definition.variable.name.value in used.names
    )
    nameless = OperationDefinitionNode(
        operation=stripped.operation,
        name=None,
        variable_definitions=definitions,
        directives=stripped.directives,
        selection_set=stripped.selection_set,
    )
    ordered = [reached[name] for name in sorted(reached)]
    text = print_ast(DocumentNode(definitions=(nameless, *ordered)))
    names = (definition.variable.name.value for definition in definitions)
    return OperationShape(text, tuple(sorted(names)))


class _ResumeStripper(Visitor):
    """Removes `after` from the root fields; it has another meaning elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def enter_field(self, node: FieldNode, *_: object) -> object:
        self._depth += 1
        if self._depth > 1:
            return None
        arguments = tuple(
            argument for argument in node.arguments or () if argument.name.value != RESUME_ARGUMENT
        )
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=arguments,
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def leave_field(self, *_: object) -> None:
        self._depth -= 1


class _NameCollector(Visitor):
    """Collects the names of all nodes of a kind."""

    def __init__(self, kind: type[VariableNode | FragmentSpreadNode]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self._kind = kind

    def enter(self, node: Node, *_: object) -> None:
        if isinstance(node, self._kind):
            self.names.add(node.name.value)


def _list_used_fragments(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    reached: dict[str, FragmentDefinitionNode] = {}
    pending: list[Node] = [operation]
    while pending:
        spreads = _NameCollector(FragmentSpreadNode)
        visit(pending.pop(), spreads)
        for name in spreads.names - reached.keys():
            reached[name] = fragments[name]
            pending.append(fragments[name])
    return reached


def _encode(values: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # orjson refuses integers beyond 64 bits and lone surrogates.
        return json.dumps(values, sort_keys=True).encode()
