"""When two subscriptions are equal: the same operation, variables and rights, whatever `after`."""

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
KEPT_SHAPES = 128
# What is longer is parsed anew each time, so there is nothing to recognise it by.
MAX_KEPT_CHARACTERS = 8000


@dataclass(frozen=True)
class Shape:
    """What an operation asks for, without where it resumes."""

    text: str
    variables: tuple[str, ...]
    """The names of those that make a difference."""

    def make_key(self, values: Mapping[str, Any] | None) -> Hashable:
        """Equal for operations that get equal answers to equal events, given equal rights."""
        given = {name: values[name] for name in self.variables if name in values} if values else {}
        return self.text, _encode(given)


class Shapes:
    """Works them out once for each operation, as long as its document is remembered."""

    def __init__(self) -> None:
        # The nodes are kept, so their ids stay theirs.
        self._known: OrderedDict[int, tuple[OperationDefinitionNode, Shape]] = OrderedDict()

    def find(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> Shape:
        known = self._known.get(id(operation))
        if known is not None:
            self._known.move_to_end(id(operation))
            return known[1]
        shape = find_shape(operation, fragments)
        if len(shape.text) > MAX_KEPT_CHARACTERS:
            return shape
        self._known[id(operation)] = operation, shape
        if len(self._known) > KEPT_SHAPES:
            self._known.popitem(last=False)
        return shape


def find_shape(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Shape:
    stripped = visit(operation, _ResumeStripper())
    reached = {
        name: visit(fragment, _ResumeStripper())
        if fragment.type_condition.name.value == ROOT_TYPE
        else fragment
        for name, fragment in _reach(operation, fragments).items()
    }
    used = _Names(VariableNode)
    for node in (stripped.selection_set, *(stripped.directives or ()), *reached.values()):
        visit(node, used)
    definitions = tuple(
        definition
        for definition in stripped.variable_definitions or ()
        if definition.variable.name.value in used.found
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
    return Shape(text, tuple(sorted(one.variable.name.value for one in definitions)))


class _ResumeStripper(Visitor):
    """Takes the argument off the root field; on other fields `after` means something else."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def enter_field(self, node: FieldNode, *_: object) -> object:
        self._depth += 1
        if self._depth > 1:
            return None
        kept = tuple(one for one in node.arguments or () if one.name.value != RESUME_ARGUMENT)
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=kept,
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def leave_field(self, *_: object) -> None:
        self._depth -= 1


class _Names(Visitor):
    """The names of all nodes of a kind."""

    def __init__(self, kind: type[VariableNode | FragmentSpreadNode]) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._kind = kind

    def enter(self, node: Node, *_: object) -> None:
        if isinstance(node, self._kind):
            self.found.add(node.name.value)


def _reach(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    reached: dict[str, FragmentDefinitionNode] = {}
    waiting: list[Node] = [operation]
    while waiting:
        spreads = _Names(FragmentSpreadNode)
        visit(waiting.pop(), spreads)
        for name in spreads.found - reached.keys():
            reached[name] = fragments[name]
            waiting.append(fragments[name])
    return reached


def _encode(values: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Integers beyond 64 bits and lone surrogates.
        return json.dumps(values, sort_keys=True).encode()
