"""Getting values: what resolvers give for the objects of a list, by the cheapest way there is."""

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
from strawberry import relay
from strawberry.permission import PermissionExtension
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from graph.core.ids import encode_id
from graph.core.stored import LINK, Link, StoredField
from graph.execution.run import PlanBailout, Run, Values
from graph.execution.value_completion import Completer, Step, gather


class Unplannable(Exception):
    """The operation has something that no plan can do."""


class Denied(PlanBailout):
    """The viewer has no right to a field."""


class Getter(NamedTuple):
    """Gives the values of one field for objects, in their order."""

    get: Callable[[Run, Values], Any]
    is_async: bool = False


@dataclass
class FieldSite:
    """A place in an operation where a field is asked for."""

    key: str
    parent: GraphQLObjectType
    definition: GraphQLField
    field: StrawberryField
    details: list[FieldDetails]
    _arguments: dict[str, Any] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.nodes: list[FieldNode] = [one.node for one in self.details]
        self.name = f"{self.parent.name}.{self.nodes[0].name.value}"
        self._may_keep = not _has_variables(self.details[0].node)

    def read_arguments(self, run: Run, info: Any) -> dict[str, Any]:
        """What the resolver is called with; worked out once where no variable is in it."""
        if self._arguments is not None:
            return dict(self._arguments)
        detail = self.details[0]
        given = get_argument_values(
            self.definition, detail.node, run.variables, detail.fragment_variable_values
        )
        schema = run.strawberry_schema
        arguments: dict[str, Any] = convert_arguments(
            given,
            self.field.arguments,
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
            info=info,
        )
        if self._may_keep:
            self._arguments = dict(arguments)
        return arguments


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, _node: VariableNode, *_args: Any) -> None:
        self.found = True


def _has_variables(node: FieldNode) -> bool:
    finder = _VariableFinder()
    for argument in node.arguments or ():
        visit(argument, finder)
    return finder.found


def make_getter(site: FieldSite) -> Getter:
    """How a plan gets the values of this field.

    Raises:
        Unplannable: only graphql-core can.
    """
    shown = site.field
    if isinstance(shown, StoredField):
        return _get_attribute(shown.get_value)
    if is_global_id(site):
        return _get_global_ids(site.parent.name)
    if any(not isinstance(one, PermissionExtension) for one in shown.extensions):
        raise Unplannable(f"{site.parent.name}.{site.key} has an extension")
    if shown.base_resolver is None:
        return _get_attribute(attrgetter(shown.python_name))
    if isinstance(link := shown.metadata.get(LINK), Link):
        return _get_linked(site, link)
    return _call_resolver(site)


def _get_attribute(get_value: Callable[[Any], Any]) -> Getter:
    return Getter(lambda _run, objects: list(map(get_value, objects)))


def is_global_id(site: FieldSite) -> bool:
    """Whether the field is the id of a Relay node, and works as Strawberry has it."""
    resolver = site.field.base_resolver
    resolve = getattr(resolver.wrapped_func if resolver else None, "__func__", None)
    return resolve is not None and (resolve.__module__, resolve.__qualname__) == (
        relay.Node.__module__,
        "Node._id",
    )


def _get_global_ids(type_name: str) -> Getter:
    return Getter(lambda _run, objects: [encode_id(type_name, one.node_id) for one in objects])


def _get_linked(site: FieldSite, link: Link) -> Getter:
    get_key = attrgetter(f"document.{link.key}")

    async def get(run: Run, objects: Values) -> Values:
        keys = list(map(get_key, objects))
        found = await link.lookup.load_many(
            make_info(run, site), [key for key in keys if key is not None]
        )
        following = iter(found)
        named = [None if key is None else next(following) for key in keys]
        if link.refresh is not None:
            documents = [one.document for one in objects]
            named = await link.refresh(make_info(run, site), documents, named)
        return list(map(link.resolve, named))

    return Getter(get, is_async=True)


def _call_resolver(site: FieldSite) -> Getter:
    resolver = site.field.base_resolver
    if resolver is None:
        raise Unplannable(site.key)
    call: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]  # bound by now
    takes_self = resolver.self_parameter is not None
    named = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one]
    takes_info = resolver.info_parameter
    permissions = [kind() for kind in site.field.permission_classes]
    is_plain = not (takes_info or permissions or site.field.arguments)

    def begin(run: Run, objects: Values) -> list[Any]:
        """What the resolver gives for each object; awaitables where it is a coroutine."""
        if is_plain and takes_self:
            return [call(one) for one in objects]
        info = make_info(run, site)
        arguments = site.read_arguments(run, info)
        for one in objects if permissions else ():
            if not all(check.has_permission(one, info, **arguments) for check in permissions):
                raise Denied
        if takes_info is not None:
            arguments[takes_info.name] = info
        if takes_self:
            return [call(one, **arguments) for one in objects]
        return [call(**arguments, **dict.fromkeys(named, one)) for one in objects]

    async def get_later(run: Run, objects: Values) -> Values:
        waiting = begin(run, objects)
        return [await waiting[0]] if len(waiting) == 1 else await gather(waiting)

    return Getter(get_later, is_async=True) if resolver.is_async else Getter(begin)


def make_info(run: Run, site: FieldSite) -> Any:
    """What a resolver is told about its place: the same for all objects of a list."""
    schema = run.strawberry_schema
    raw = run.make_resolve_info(
        site.details[0].node.name.value,
        site.nodes,
        site.definition.type,
        site.parent,
        Path(None, site.key, site.parent.name),
    )
    return schema.config.info_class(_raw_info=raw, _field=site.field)


def make_step(site: FieldSite, getter: Getter, completer: Completer) -> Step:
    """A step that gets values and completes them."""
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
        done: Values = await completed if completer.is_async else completed
        return done

    is_async = getter.is_async or completer.is_async
    return Step(site.key, fill_later if is_async else fill, is_async, name)


def memoize(name: str, getter: Getter) -> Getter:
    """The same getter, but asked only once for each object where there is a memo."""

    def get(run: Run, objects: Values) -> Values:
        memo = run.memo
        if memo is None:
            return getter.get(run, objects)  # type: ignore[no-any-return]  # it is not async
        values = []
        for one in objects:
            record = memo.find_record(one)
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
