"""What plans share: values that one of them got serve all that ask the same objects.

Of one event many different subscriptions are executed. What differs between them is which fields
they ask for and under which names, not what these fields are: each is got and completed once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graph.execution.completion import Values

if TYPE_CHECKING:
    from graph.execution.plan import Run

Fill = Callable[["Run", Values], Values]


class Memory:
    """Values by field (`Type.field`) and object, for viewers of equal rights at one moment."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[int, Any]] = {}
        # An object's id is its own only while it is there.
        self._objects: dict[int, Any] = {}

    def recall(self, field: str, objects: Values) -> Values | None:
        known = self._columns.get(field)
        if known is None:
            return None
        try:
            return [known[id(one)] for one in objects]
        except KeyError:
            return None

    def keep(self, field: str, objects: Values, values: Values) -> None:
        known = self._columns.setdefault(field, {})
        for one, value in zip(objects, values, strict=True):
            known[id(one)] = value
            self._objects[id(one)] = one


def remember(field: str, fill: Fill) -> Fill:
    """The same, but asked only once for each object where there is a memory."""

    def recall_or_fill(run: "Run", objects: Values) -> Values:
        memory = run.memory
        if memory is None:
            return fill(run, objects)
        known = memory.recall(field, objects)
        if known is None:
            known = fill(run, objects)
            memory.keep(field, objects, known)
        return known

    return recall_or_fill
