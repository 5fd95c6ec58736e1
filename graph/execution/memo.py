"""What plans share: values that one of them got serve all that ask the same objects.

Of one event many different subscriptions are executed. What differs between them is which fields
they ask for and under which names, not what these fields are: each is got and completed once.
"""

from typing import TYPE_CHECKING, Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    Node,
    Visitor,
    print_ast,
    visit,
)

from graph.execution.value_completion import Values

if TYPE_CHECKING:
    from graph.execution.plan import Run
    from graph.execution.resolving import Getter

Record = dict[str, Any]


class Memory:
    """What was got of each object, for viewers of equal rights at one moment."""

    def __init__(self) -> None:
        # An object's id is its own only while it is there.
        self._records: dict[int, tuple[Any, Record]] = {}

    def find_record(self, shown: object) -> Record:
        """Values of this object, by what `name_value` calls them."""
        known = self._records.get(id(shown))
        if known is None:
            known = self._records[id(shown)] = (shown, {})
        return known[1]


def remember(name: str, getter: "Getter") -> "Getter":
    """The same getter, but asked only once for each object where there is a memory."""

    def get(run: "Run", objects: Values) -> Values:
        memory = run.memory
        if memory is None:
            return getter.get(run, objects)  # type: ignore[no-any-return]  # it is not async
        values = []
        for one in objects:
            record = memory.find_record(one)
            if name not in record:
                record[name] = getter.get(run, [one])[0]
            values.append(record[name])
        return values

    return type(getter)(get)


def name_value(field_name: str, node: FieldNode) -> str | None:
    """A name for the completed value of a field: equal names mean equal values of one object.

    None where that depends on more than the object, such as on variables.
    """
    if node.arguments:
        return None
    if node.selection_set is None:
        return field_name
    finder = _DependenceFinder()
    visit(node.selection_set, finder)
    return None if finder.found else f"{field_name} {print_ast(node.selection_set)}"


class _DependenceFinder(Visitor):
    found = False

    def enter(self, node: Node, *_args: Any) -> None:
        self.found = self.found or isinstance(
            node, ArgumentNode | DirectiveNode | FragmentSpreadNode
        )
