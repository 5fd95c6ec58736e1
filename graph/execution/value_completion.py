"""Value completion of a plan: converts columns of resolved values to response values.

Follows "Value Completion" in the GraphQL specification. An error raises PlanBailout, so that
graphql-core reports it.
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
from telemetry import traces


class Completer(NamedTuple):
    """Completes the values of a type, in order."""

    complete: Callable[[Run, Values], Any]
    """Returns the completed values, or an awaitable of them if `is_async`."""
    is_async: bool = False


Restore = Callable[[Values], Values]
Split = Callable[[Values], tuple[Values, Restore]]


def _restore_all(values: Values) -> Values:
    return values


def make_nested(split: Split, inner: Completer) -> Completer:
    """Creates a completer for the parts of values, such as the items of lists."""

    def complete(run: Run, values: Values) -> Values:
        parts, restore = split(values)
        return restore(inner.complete(run, parts))

    async def complete_later(run: Run, values: Values) -> Values:
        parts, restore = split(values)
        return restore(await inner.complete(run, parts))

    return Completer(complete_later, True) if inner.is_async else Completer(complete)


def split_nulls(values: Values) -> tuple[Values, Restore]:
    """Splits off nulls, which stay null."""
    present = [value for value in values if value is not None]
    if len(present) == len(values):
        return present, _restore_all

    def restore(completed: Values) -> Values:
        following = iter(completed)
        return [None if value is None else next(following) for value in values]

    return present, restore


def split_lists(values: Values) -> tuple[Values, Restore]:
    """Flattens lists."""
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
    """Raises PlanBailout if a value has another type."""
    for kind in set(map(type, values)):
        if not issubclass(kind, kinds):
            raise PlanBailout(f"{kind.__name__} instead of {kinds[0].__name__}")


# Scalars whose values are texts, which are checked when they are read.
_TEXT_SCALARS = frozenset({"PhoneNumber", "URL"})


def make_leaf(leaf_type: GraphQLLeafType) -> Completer:
    """Creates a completer of scalars or enums for values that are not null."""
    if leaf_type in {GraphQLString, GraphQLID} or leaf_type.name in _TEXT_SCALARS:
        return _make_identity(str, leaf_type)
    if leaf_type is GraphQLBoolean:
        return _make_identity(bool, leaf_type)
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


def _make_identity(kind: type, leaf_type: GraphQLLeafType) -> Completer:
    expected = {kind}

    def complete(run: Run, values: Values) -> Values:
        if not set(map(type, values)) <= expected:
            values = [coerce_leaf(leaf_type, value) for value in values]
        if kind is str:
            run.meter.add_texts(values)
        return values

    return Completer(complete)


def _make_time(leaf_type: GraphQLLeafType) -> Completer:
    """Keeps times in UTC: the encoder of the response writes the same text ten times as fast."""

    def complete(_run: Run, values: Values) -> Values:
        if all(type(value) is datetime and value.tzinfo is UTC for value in values):
            return values
        return [coerce_leaf(leaf_type, value) for value in values]

    return Completer(complete)


def _make_enum(enum_type: GraphQLEnumType) -> Completer:
    cache: dict[Any, Any] = {}

    def complete(_run: Run, values: Values) -> Values:
        try:
            return [cache[value] for value in values]
        except (KeyError, TypeError):
            for value in values:
                cache[value] = coerce_leaf(enum_type, value)
            return [cache[value] for value in values]

    return Completer(complete)


def coerce_leaf(leaf_type: GraphQLLeafType, value: Any) -> Any:
    """Raises PlanBailout for null; the type raises its own errors for invalid values."""
    coerced = None if value is None else leaf_type.coerce_output_value(value)
    if coerced is None or coerced is Undefined:
        raise PlanBailout(f"no value of {leaf_type.name}")
    return coerced


def make_object(selection: "Selection", classes: Collection[type]) -> Completer:
    """Creates a completer of a GraphQL object type for values that are not null."""
    kinds = tuple(classes)

    def complete(run: Run, values: Values) -> Any:
        require_types(values, *kinds)
        return selection.complete(run, values)

    return Completer(complete, selection.is_async)


def make_abstract(by_class: Mapping[type, Completer]) -> Completer:
    """Creates a completer of an abstract type, which finds the object type by class."""

    def group(values: Values) -> dict[type, list[int]]:
        indexes: dict[type, list[int]] = {}
        for index, value in enumerate(values):
            indexes.setdefault(type(value), []).append(index)
        if not indexes.keys() <= by_class.keys():
            raise PlanBailout("unexpected class for an abstract type")
        return indexes

    def complete(run: Run, values: Values) -> Values:
        completed: Values = [None] * len(values)
        for kind, indexes in group(values).items():
            part = by_class[kind].complete(run, [values[index] for index in indexes])
            _put(completed, indexes, part)
        return completed

    async def complete_later(run: Run, values: Values) -> Values:
        completed: Values = [None] * len(values)
        for kind, indexes in group(values).items():
            completer = by_class[kind]
            part = completer.complete(run, [values[index] for index in indexes])
            _put(completed, indexes, await part if completer.is_async else part)
        return completed

    is_async = any(completer.is_async for completer in by_class.values())
    return Completer(complete_later, True) if is_async else Completer(complete)


def _put(target: Values, indexes: Sequence[int], values: Values) -> None:
    for index, value in zip(indexes, values, strict=True):
        target[index] = value


async def gather_or_cancel(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """Awaits all awaitables; the first error cancels the others."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in waiting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)


class Step(NamedTuple):
    """A field of an object type: resolves and completes it for many objects."""

    key: str
    """Response name."""
    fill: Callable[[Run, Values], Any]
    """Returns the values, or an awaitable of them if `is_async`."""
    is_async: bool
    value_name: str | None = None
    """Name in the memo; None if plans can't share the values."""
    site_name: str = ""
    """Type and field, such as `Query.viewer`."""


class Selection:
    """The selected fields of an object type, computed as columns and returned as rows."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] = ()
        self._row_bytes = 0
        self._sync_steps: list[tuple[int, Step]] = []
        self._async_steps: list[tuple[int, Step]] = []

    @property
    def is_async(self) -> bool:
        return bool(self._async_steps)

    def set_steps(self, steps: Sequence[Step]) -> None:
        self._keys = tuple(step.key for step in steps)
        self._row_bytes = measure_keys(self._keys)
        for index, step in enumerate(steps):
            (self._async_steps if step.is_async else self._sync_steps).append((index, step))

    def complete(self, run: Run, objects: Values) -> Any:
        """Returns the response objects, or an awaitable of them if `is_async`."""
        if run.memo is not None and len(objects) == 1 and not self._async_steps:
            return [self._complete_shared(run, objects[0])]
        if self._async_steps:
            return self._complete_later(run, objects)
        return self._complete(run, objects)

    def _complete(self, run: Run, objects: Values) -> Values:
        if not objects:
            return []
        run.meter.add(self._row_bytes * len(objects))
        columns = [step.fill(run, objects) for _, step in self._sync_steps]
        return self._make_rows(columns, len(objects))

    def _make_rows(self, columns: Sequence[Values], number: int) -> Values:
        if not columns:
            # Directives or fragments of other types left no field.
            return [{} for _ in range(number)]
        return [dict(zip(self._keys, row, strict=True)) for row in zip(*columns, strict=True)]

    def _complete_shared(self, run: Run, source: Any) -> dict[str, Any]:
        """Completes an object with the values that other plans share."""
        record = run.memo.get_record(source) if run.memo else {}
        meter, row = run.meter, {}
        meter.add(self._row_bytes)
        for _, (key, fill, _, name, _) in self._sync_steps:
            if name is None:
                row[key] = fill(run, [source])[0]
            elif name in record:
                row[key], size = record[name]
                meter.add(size)
            else:
                before = meter.left
                row[key] = fill(run, [source])[0]
                record[name] = row[key], before - meter.left
        return row

    async def _complete_later(self, run: Run, objects: Values) -> Values:
        if not objects:
            return []
        run.meter.add(self._row_bytes * len(objects))
        columns: list[Any] = [None] * len(self._keys)
        for index, step in self._sync_steps:
            columns[index] = step.fill(run, objects)
        waiting = [
            traces.follow(step.site_name, step.fill(run, objects)) for _, step in self._async_steps
        ]
        results = [await waiting[0]] if len(waiting) == 1 else await gather_or_cancel(waiting)
        for (index, _), column in zip(self._async_steps, results, strict=True):
            columns[index] = column
        return self._make_rows(columns, len(objects))
