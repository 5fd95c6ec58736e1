"""Which variables decide what an operation asks for: those in `@skip` and `@include`."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

_CONDITIONS = frozenset({"skip", "include"})


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_args: Any) -> None:
        if node.name.value not in _CONDITIONS:
            return
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names[argument.value.name.value] = None


def list_condition_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[str, ...]:
    """Their names, each once."""
    finder = _Finder()
    for node in (operation, *fragments.values()):
        visit(node, finder)
    return tuple(finder.names)
