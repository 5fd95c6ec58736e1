"""How often an operation asks for the same again in one place of its answer.

Validation compares all fields of one place with each other, two by two, so that 500 times the same
field would keep the process busy for a second, and 500 times the same leaf for a tenth of it. Here
they are only counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

from graph.limits.bounds import MAX_COMPARISONS


class OverlapCounter:
    """Counts over all the operations of one document."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._pairs = 0
        self._steps = 0

    def is_excessive(self, roots: Iterable[SelectionSetNode]) -> bool:
        """Whether these selections need more comparisons than the limit.

        The walk is bounded too: fragments that are spread in many places count in each of them.
        """
        waiting: list[Sequence[SelectionSetNode]] = [[root] for root in roots]
        while waiting:
            if self._pairs > MAX_COMPARISONS or self._steps > 2 * MAX_COMPARISONS:
                return True
            waiting += self._enter(waiting.pop())
        return self._pairs > MAX_COMPARISONS

    def _enter(self, merged: Sequence[SelectionSetNode]) -> list[list[SelectionSetNode]]:
        """Counts what stands in one place; gives the places below it."""
        below: dict[str, list[SelectionSetNode]] = {}
        fields: Counter[str] = Counter()
        seen: set[str] = set()
        open_sets = list(merged)
        while open_sets:
            for selection in open_sets.pop().selections:
                self._steps += 1
                if isinstance(selection, FieldNode):
                    name = (selection.alias or selection.name).value
                    # Arguments are compared as text, each time.
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
