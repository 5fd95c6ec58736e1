"""The compiler of plans: from a document and the schema to selections."""

from collections.abc import Mapping

from beanie import Document
from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.core.loaders import Projections
from graph.core.stored import NEEDS, NEEDS_OF, StoredField, find_document_class
from graph.core.strawberry_internals import is_global_id
from graph.execution.resolving import (
    FieldSite,
    Unplannable,
    make_getter,
    make_step,
)
from graph.execution.value_completion import (
    Completer,
    Selection,
    Step,
    make_abstract,
    make_leaf,
    make_nested,
    make_object,
    split_lists,
    split_nulls,
)
from whatsapp.messages.summary_completion import SUMMARY_FIELDS

# About five times the fields of an app's query. Compiling more would block the event loop.
MAX_STEPS = 500
# Fields for access checks, for the state of an upload and for the age of a summary.
_ALWAYS_READ = (
    *("workspace_id", "account_id", "account_ids", "deleted_at", "erased_at", "media_id"),
    *SUMMARY_FIELDS,
)
_BACKREF = "strawberry-definition"


class Compiler:
    """Compiles an operation for a choice of the variables in `@skip` and `@include`."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = dict(fragments)
        self._variables = variables
        self._needs: dict[type[Document], set[str] | None] = {}
        self.steps = 0
        """Number of compiled fields."""

    @property
    def projections(self) -> Projections:
        """Fields to read of each document class; all fields of a missing class."""
        return {kind: frozenset(names) for kind, names in self._needs.items() if names is not None}

    def compile(self, root: GraphQLObjectType) -> Selection:
        """Compiles a query.

        Raises:
            Unplannable
        """
        collected = collect_fields(
            self._schema, self._fragments, self._variables, root, self._operation
        )
        selection = Selection()
        selection.set_steps(self._make_steps(root, collected.grouped_field_set))
        return selection

    def compile_event(self, root: GraphQLObjectType) -> Selection:
        """Compiles a subscription, whose root field resolves to the event.

        Raises:
            Unplannable
        """
        collected = collect_fields(
            self._schema, self._fragments, self._variables, root, self._operation
        )
        selection = Selection()
        for key, details in collected.grouped_field_set.items():
            site = _make_site(key, root, details)
            completer = self._make_completer(site.definition.type, site)
            step = Step(key, completer.complete, completer.is_async, site_name=site.name)
            selection.set_steps([step])
        return selection

    def _make_steps(
        self, parent: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]
    ) -> list[Step]:
        return [self._make_step(key, parent, details) for key, details in grouped.items()]

    def _make_step(self, key: str, parent: GraphQLObjectType, details: list[FieldDetails]) -> Step:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unplannable("too many fields")
        name = details[0].node.name.value
        if name == "__typename":
            return Step(key, lambda _run, objects: [parent.name] * len(objects), is_async=False)
        site = _make_site(key, parent, details)
        self._add_needs(site)
        return make_step(site, make_getter(site), self._make_completer(site.definition.type, site))

    def _add_needs(self, site: FieldSite) -> None:
        of_edge = site.field.metadata.get(NEEDS_OF)
        document_class = of_edge or _find_document_class(site.parent)
        if document_class is None:
            return
        reads_all = of_edge is None and _reads_all(site.parent)
        always = None if reads_all else _list_always_read(document_class)
        known = self._needs.setdefault(document_class, always)
        needed = site.field.metadata.get(NEEDS, ["id"] if is_global_id(site.field) else None)
        if needed is None or known is None:
            self._needs[document_class] = None
        else:
            known.update(needed)

    def _make_completer(self, kind: GraphQLOutputType, site: FieldSite) -> Completer:
        """Creates the completer of a type."""
        if is_non_null_type(kind):
            return self._make_non_null_completer(kind.of_type, site)
        return make_nested(split_nulls, self._make_non_null_completer(kind, site))

    def _make_non_null_completer(self, kind: GraphQLOutputType, site: FieldSite) -> Completer:
        """Creates the completer of a type for values that are not null."""
        if is_list_type(kind):
            return make_nested(split_lists, self._make_completer(kind.of_type, site))
        if is_leaf_type(kind):
            return make_leaf(kind)
        if is_abstract_type(kind):
            return self._make_abstract_completer(kind, site)
        if isinstance(kind, GraphQLObjectType):
            return self._make_object_completer(kind, site)
        raise Unplannable(str(kind))

    def _make_object_completer(self, kind: GraphQLObjectType, site: FieldSite) -> Completer:
        definition = _get_definition(kind)
        classes = [definition.origin]
        if definition.concrete_of is not None:
            classes.append(definition.concrete_of.origin)
        return make_object(self._make_selection(kind, site), classes)

    def _make_abstract_completer(
        self, kind: GraphQLInterfaceType | GraphQLUnionType, site: FieldSite
    ) -> Completer:
        by_class: dict[type, Completer] = {}
        for possible in self._schema.get_possible_types(kind):
            origin = _get_definition(possible).origin
            by_class[origin] = make_object(self._make_selection(possible, site), [origin])
        return make_abstract(by_class)

    def _make_selection(self, kind: GraphQLObjectType, site: FieldSite) -> Selection:
        collected = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, kind, site.details
        )
        selection = Selection()
        selection.set_steps(self._make_steps(kind, collected.grouped_field_set))
        return selection


def _make_site(key: str, parent: GraphQLObjectType, details: list[FieldDetails]) -> FieldSite:
    name = details[0].node.name.value
    definition = parent.fields.get(name)
    field = (definition.extensions or {}).get(_BACKREF) if definition else None
    if definition is None or not isinstance(field, StrawberryField):
        raise Unplannable(f"{parent.name}.{name} is not a Strawberry field")
    return FieldSite(key, parent, definition, field, details)


def _get_definition(kind: GraphQLNamedType) -> StrawberryObjectDefinition:
    definition = (kind.extensions or {}).get(_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition):
        raise Unplannable(f"{kind.name} is not a Strawberry type")
    return definition


def _find_document_class(kind: GraphQLObjectType) -> type[Document] | None:
    return find_document_class(_get_definition(kind).origin)


def _reads_all(kind: GraphQLObjectType) -> bool:
    """Checks whether creating an object reads fields that may not be selected."""
    fields = _get_definition(kind).fields
    return any(
        field.base_resolver is None and not isinstance(field, StoredField) for field in fields
    )


def _list_always_read(document_class: type[Document]) -> set[str]:
    return {name for name in _ALWAYS_READ if name in document_class.model_fields}
