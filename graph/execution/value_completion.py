"""Completing values: what a resolver gave becomes what the answer holds, a whole column at once.

These are the rules of "Value Completion" in the GraphQL specification. Whatever would be an error
by them is a PlanBailout here: graphql-core then tells it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)

from graph.core.responses import measure_keys
from graph.execution.run import PlanBailout, Run, Values


class Completer(NamedTuple):
    """Completes the values of one type, in their order."""

    complete: Callable[[Run, Values], Any]
    """Gives the list of completed values, or, where `is_async`, an awaitable of it."""
    is_async: bool = False


Restore = Callable[[Values], Values]
Split = Callable[[Values], tuple[Values, Restore]]


def _keep(values: Values) -> Values:
    return values


def nest(split: Split, inner: Completer) -> Completer:
    """Completes what `split` finds inside the values, and puts it back into their form."""

    def complete(run: Run, values: Values) -> Values:
        parts, restore = split(values)
        return restore(inner.complete(run, parts))

    async def complete_later(run: Run, values: Values) -> Values:
        parts, restore = split(values)
        return restore(await inner.complete(run, parts))

    return Completer(complete_later, True) if inner.is_async else Completer(complete)


def split_nulls(values: Values) -> tuple[Values, Restore]:
    """Null stays null."""
    present = [value for value in values if value is not None]
    if len(present) == len(values):
        return present, _keep

    def restore(completed: Values) -> Values:
        following = iter(completed)
        return [None if value is None else next(following) for value in values]

    return present, restore


def split_lists(values: Values) -> tuple[Values, Restore]:
    """The items of all lists in one."""
    require_types(values, list, tuple)
    lengths = [len(value) for value in values]

    def restore(completed: Values) -> Values:
        lists, start = [], 0
        for length in lengths:
            lists.append(completed[start : start + length])
            start += length
        return lists

    return [item for value in values for item in value], restore


def require_types(values: Values, *kinds: type) -> None:
    """Raises PlanBailout: a value is of another type."""
    for kind in set(map(type, values)):
        if not issubclass(kind, kinds):
            raise PlanBailout(f"{kind.__name__} instead of {kinds[0].__name__}")


def make_leaf(leaf_type: GraphQLLeafType) -> Completer:
    """Scalars and enums; values are not null."""
    if leaf_type in {GraphQLString, GraphQLID}:
        return _make_same(str, leaf_type)
    if leaf_type is GraphQLBoolean:
        return _make_same(bool, leaf_type)
    if isinstance(leaf_type, GraphQLEnumType):
        return _make_enum(leaf_type)
    if leaf_type.name == "DateTime":
        return _make_time(leaf_type)

    coerce = leaf_type.coerce_output_value

    def complete(run: Run, values: Values) -> Values:
        coerced = [coerce(value) for value in values]
        if any(value is None or value is Undefined for value in (*values, *coerced)):
            raise PlanBailout(f"no value of {leaf_type.name}")
        run.meter.add_values(coerced)
        return coerced

    return Completer(complete)


def _make_same(kind: type, leaf_type: GraphQLLeafType) -> Completer:
    expected = {kind}

    def complete(run: Run, values: Values) -> Values:
        if not set(map(type, values)) <= expected:
            values = [coerce_leaf(leaf_type, value) for value in values]
        if kind is str:
            run.meter.add_texts(values)
        return values

    return Completer(complete)


def _make_time(leaf_type: GraphQLLeafType) -> Completer:
    """Times in UTC stay what they are: whoever encodes the answer writes them in the same form,
    in a tenth of the time.
    """

    def complete(_run: Run, values: Values) -> Values:
        if all(type(value) is datetime and value.tzinfo is UTC for value in values):
            return values
        return [coerce_leaf(leaf_type, value) for value in values]

    return Completer(complete)


def _make_enum(enum_type: GraphQLEnumType) -> Completer:
    known: dict[Any, Any] = {}

    def complete(_run: Run, values: Values) -> Values:
        try:
            return [known[value] for value in values]
        except (KeyError, TypeError):
            for value in values:
                known[value] = coerce_leaf(enum_type, value)
            return [known[value] for value in values]

    return Completer(complete)


def coerce_leaf(leaf_type: GraphQLLeafType, value: Any) -> Any:
    """Raises PlanBailout: the value is null; or whatever the type says of a wrong one."""
    coerced = None if value is None else leaf_type.coerce_output_value(value)
    if coerced is None or coerced is Undefined:
        raise PlanBailout(f"no value of {leaf_type.name}")
    return coerced


def make_object(selection: "Selection", classes: Collection[type]) -> Completer:
    """Objects of one GraphQL type; values are not null."""
    kinds = tuple(classes)

    def complete(run: Run, values: Values) -> Any:
        require_types(values, *kinds)
        return selection.complete(run, values)

    return Completer(complete, selection.is_async)


def make_abstract(by_class: Mapping[type, Completer]) -> Completer:
    """Objects of several GraphQL types, told apart by their classes; values are not null."""

    def group(values: Values) -> dict[type, list[int]]:
        places: dict[type, list[int]] = {}
        for place, value in enumerate(values):
            places.setdefault(type(value), []).append(place)
        if not places.keys() <= by_class.keys():
            raise PlanBailout("a type that does not belong here")
        return places

    def complete(run: Run, values: Values) -> Values:
        completed: Values = [None] * len(values)
        for kind, places in group(values).items():
            own = by_class[kind].complete(run, [values[place] for place in places])
            _put(completed, places, own)
        return completed

    async def complete_later(run: Run, values: Values) -> Values:
        completed: Values = [None] * len(values)
        for kind, places in group(values).items():
            completer = by_class[kind]
            own = completer.complete(run, [values[place] for place in places])
            _put(completed, places, await own if completer.is_async else own)
        return completed

    is_async = any(one.is_async for one in by_class.values())
    return Completer(complete_later, True) if is_async else Completer(complete)


def _put(target: Values, places: Sequence[int], values: Values) -> None:
    for place, value in zip(places, values, strict=True):
        target[place] = value


async def gather(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """Their results; of the first error on nothing of them goes on."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)


class Step(NamedTuple):
    """One field of an object type: its values of many objects, completed."""

    key: str
    """Its name in the answer."""
    fill: Callable[[Run, Values], Any]
    """Gives the list of values, or, where `is_async`, an awaitable of it."""
    is_async: bool
    value_name: str | None = None
    """What its values are called in a memo, where plans may share them."""


class Selection:
    """What is asked of the objects of one type. Columns are worked out, then turned into rows."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] = ()
        self._row_bytes = 0
        self._at_once: list[tuple[int, Step]] = []
        self._later: list[tuple[int, Step]] = []

    @property
    def is_async(self) -> bool:
        return bool(self._later)

    def set_steps(self, steps: Sequence[Step]) -> None:
        self._keys = tuple(step.key for step in steps)
        self._row_bytes = measure_keys(self._keys)
        for place, step in enumerate(steps):
            (self._later if step.is_async else self._at_once).append((place, step))

    def complete(self, run: Run, objects: Values) -> Any:
        """The answer's objects, or, where `is_async`, an awaitable of them."""
        if run.memo is not None and len(objects) == 1 and not self._later:
            return [self._complete_one(run, objects[0])]
        return self._complete_later(run, objects) if self._later else self._complete(run, objects)

    def _complete(self, run: Run, objects: Values) -> Values:
        if not objects:
            return []
        run.meter.add(self._row_bytes * len(objects))
        columns = [step.fill(run, objects) for _, step in self._at_once]
        return self._make_rows(columns, len(objects))

    def _make_rows(self, columns: Sequence[Values], number: int) -> Values:
        if not columns:
            # Conditions or fragments of other types leave nothing to show of them.
            return [{} for _ in range(number)]
        return [dict(zip(self._keys, row, strict=True)) for row in zip(*columns, strict=True)]

    def _complete_one(self, run: Run, one: Any) -> dict[str, Any]:
        """The same for one object of which other plans may have got the same values."""
        record = run.memo.find_record(one) if run.memo else {}
        meter, row = run.meter, {}
        meter.add(self._row_bytes)
        for _, (key, fill, _, name) in self._at_once:
            if name is None:
                row[key] = fill(run, [one])[0]
            elif name in record:
                row[key], size = record[name]
                meter.add(size)
            else:
                before = meter.left
                row[key] = fill(run, [one])[0]
                record[name] = row[key], before - meter.left
        return row

    async def _complete_later(self, run: Run, objects: Values) -> Values:
        if not objects:
            return []
        run.meter.add(self._row_bytes * len(objects))
        columns: list[Any] = [None] * len(self._keys)
        for place, step in self._at_once:
            columns[place] = step.fill(run, objects)
        waiting = [step.fill(run, objects) for _, step in self._later]
        found = [await waiting[0]] if len(waiting) == 1 else await gather(waiting)
        for (place, _), column in zip(self._later, found, strict=True):
            columns[place] = column
        return self._make_rows(columns, len(objects))
