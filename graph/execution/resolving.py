"""Resolving in a plan: gets the values of a field for a list of objects."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    Node,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from strawberry.permission import PermissionExtension
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from graph.core.stored import LINK, Link, StoredField
from graph.core.strawberry_internals import is_global_id, make_info
from graph.execution.run import PlanBailout, Run, Values
from graph.execution.value_completion import Completer, Step, gather_or_cancel
from telemetry.global_ids import encode_id


class Unplannable(Exception):
    """Plans do not support this operation."""


class Denied(PlanBailout):
    """The viewer lacks the permission for a field."""


class Getter(NamedTuple):
    """Returns the values of a field for a list of objects, in order."""

    get: Callable[[Run, Values], Any]
    is_async: bool = False


@dataclass
class FieldSite:
    """A selected field at a place of an operation."""

    key: str
    parent: GraphQLObjectType
    definition: GraphQLField
    field: StrawberryField
    details: list[FieldDetails]
    _arguments: dict[str, Any] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.nodes: list[FieldNode] = [detail.node for detail in self.details]
        self.name = f"{self.parent.name}.{self.nodes[0].name.value}"
        self._has_fixed_arguments = not _has_variables(self.details[0].node)

    def read_arguments(self, run: Run, info: Any) -> dict[str, Any]:
        """Returns the arguments of the resolver; computed once if they have no variables."""
        if self._arguments is not None:
            return dict(self._arguments)
        detail = self.details[0]
        values = get_argument_values(
            self.definition, detail.node, run.variables, detail.fragment_variable_values
        )
        schema = run.strawberry_schema
        arguments: dict[str, Any] = convert_arguments(
            values,
            self.field.arguments,
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
            info=info,
        )
        if self._has_fixed_arguments:
            self._arguments = dict(arguments)
        return arguments


class _VariableFinder(Visitor):
    has_variables = False

    def enter_variable(self, _node: VariableNode, *_args: Any) -> None:
        self.has_variables = True


def _has_variables(node: FieldNode) -> bool:
    finder = _VariableFinder()
    for argument in node.arguments or ():
        visit(argument, finder)
    return finder.has_variables


def make_getter(site: FieldSite) -> Getter:
    """Creates the getter of a field.

    Raises:
        Unplannable: only graphql-core can resolve the field.
    """
    field = site.field
    if isinstance(field, StoredField):
        return _make_attribute_getter(field.get_value)
    if is_global_id(site.field):
        return _make_global_id_getter(site.parent.name)
    if any(not isinstance(extension, PermissionExtension) for extension in field.extensions):
        raise Unplannable(f"{site.parent.name}.{site.key} has an extension")
    if field.base_resolver is None:
        return _make_attribute_getter(attrgetter(field.python_name))
    if isinstance(link := field.metadata.get(LINK), Link):
        return _make_link_getter(site, link)
    return _make_resolver_getter(site)


def _make_attribute_getter(get_value: Callable[[Any], Any]) -> Getter:
    return Getter(lambda _run, objects: list(map(get_value, objects)))


def _make_global_id_getter(type_name: str) -> Getter:
    return Getter(lambda _run, objects: [encode_id(type_name, node.node_id) for node in objects])


def _make_link_getter(site: FieldSite, link: Link) -> Getter:
    get_key = attrgetter(f"document.{link.key}")

    async def get(run: Run, objects: Values) -> Values:
        keys = list(map(get_key, objects))
        loaded = iter(
            await link.lookup.load_many(
                make_site_info(run, site), [key for key in keys if key is not None]
            )
        )
        values = [None if key is None else next(loaded) for key in keys]
        if link.refresh is not None:
            documents = [source.document for source in objects]
            values = await link.refresh(make_site_info(run, site), documents, values)
        return list(map(link.resolve, values))

    return Getter(get, is_async=True)


def _make_resolver_getter(site: FieldSite) -> Getter:
    resolver = site.field.base_resolver
    if resolver is None:
        raise Unplannable(site.key)
    call: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]  # bound by now
    takes_self = resolver.self_parameter is not None
    source_parameters = (resolver.parent_parameter, resolver.root_parameter)
    source_names = [parameter.name for parameter in source_parameters if parameter]
    info_parameter = resolver.info_parameter
    permissions = [kind() for kind in site.field.permission_classes]
    is_plain = not (info_parameter or permissions or site.field.arguments)

    def call_all(run: Run, objects: Values) -> list[Any]:
        """Calls the resolver for each object; returns awaitables if it is async."""
        if is_plain and takes_self:
            return [call(source) for source in objects]
        info = make_site_info(run, site)
        arguments = site.read_arguments(run, info)
        for source in objects if permissions else ():
            if not all(check.has_permission(source, info, **arguments) for check in permissions):
                raise Denied
        if info_parameter is not None:
            arguments[info_parameter.name] = info
        if takes_self:
            return [call(source, **arguments) for source in objects]
        return [call(**arguments, **dict.fromkeys(source_names, source)) for source in objects]

    async def get_later(run: Run, objects: Values) -> Values:
        results = call_all(run, objects)
        return [await results[0]] if len(results) == 1 else await gather_or_cancel(results)

    return Getter(get_later, is_async=True) if resolver.is_async else Getter(call_all)


def make_site_info(run: Run, site: FieldSite) -> Any:
    """Creates the info of a resolver, shared by all objects of a list."""
    resolve_info = run.make_resolve_info(
        site.details[0].node.name.value,
        site.nodes,
        site.definition.type,
        site.parent,
        Path(None, site.key, site.parent.name),
    )
    return make_info(run.strawberry_schema, resolve_info, site.field)


def make_step(site: FieldSite, getter: Getter, completer: Completer) -> Step:
    """Creates the step that resolves and completes a field."""
    name = None
    if not getter.is_async and not completer.is_async and len(site.nodes) == 1:
        name = name_value(site.name, site.nodes[0])
    if not getter.is_async and not site.field.arguments and site.nodes[0].selection_set:
        getter = memoize(site.name, getter)

    def fill(run: Any, objects: Values) -> Any:
        return completer.complete(run, getter.get(run, objects))

    async def fill_later(run: Any, objects: Values) -> Values:
        values = getter.get(run, objects)
        completed = completer.complete(run, await values if getter.is_async else values)
        result: Values = await completed if completer.is_async else completed
        return result

    is_async = getter.is_async or completer.is_async
    return Step(site.key, fill_later if is_async else fill, is_async, name, site.name)


def memoize(name: str, getter: Getter) -> Getter:
    """Wraps a getter so that plans with a memo resolve each object once."""

    def get(run: Run, objects: Values) -> Values:
        memo = run.memo
        if memo is None:
            return getter.get(run, objects)  # type: ignore[no-any-return]  # it is not async
        values = []
        for source in objects:
            record = memo.get_record(source)
            if name not in record:
                record[name] = getter.get(run, [source])[0]
            values.append(record[name])
        return values

    return type(getter)(get)


def name_value(field_name: str, node: FieldNode) -> str | None:
    """Names the completed value of a field: equal names mean equal values of an object.

    Returns None if the value depends on more than the object, such as variables.
    """
    if node.arguments:
        return None
    if node.selection_set is None:
        return field_name
    finder = _DependencyFinder()
    visit(node.selection_set, finder)
    return None if finder.has_dependencies else f"{field_name} {print_ast(node.selection_set)}"


class _DependencyFinder(Visitor):
    has_dependencies = False

    def enter(self, node: Node, *_args: Any) -> None:
        self.has_dependencies = self.has_dependencies or isinstance(
            node, ArgumentNode | DirectiveNode | FragmentSpreadNode
        )
