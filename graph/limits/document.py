"""Checked documents: parsed, validated and measured once, then cached."""

from collections.abc import Hashable, Mapping
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph.core.errors import ErrorCode, RequestError, hide_suggestions, hide_values
from graph.limits.bounds import Limits
from graph.limits.cost import SchemaCosts, split_document
from graph.limits.expression import OperationCost
from graph.limits.fair_cache import FairCache
from graph.limits.literals import LiteralsRule
from graph.limits.size import (
    OverlapCounter,
    SizeMeter,
    find_excess,
    find_excess_parts,
    format_count,
)

CACHED_DOCUMENTS = 128
MAX_CACHED_CHARACTERS = 8000
# Introspection reads memory, so this many of its objects cost as much as an object of the data.
SCHEMA_OBJECTS_PER_OBJECT = 10
# Starting a subscription takes about as long as reading a few objects. Its events and counts are
# charged when they are read, to the budget of live events.
SUBSCRIPTION_START_COST = 5
MAX_SHOWN_ERRORS = 5
MAX_MESSAGE = 200
RULES = (
    *(rule for rule in specified_rules if rule is not ValuesOfCorrectTypeRule),
    LiteralsRule,
    MaxIntrospectionDepthRule,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


class Document:
    """A parsed document; `errors` holds the reasons why it can't be executed."""

    def __init__(self, node: DocumentNode, *, costs: SchemaCosts, limits: Limits) -> None:
        self.node = node
        self._limits = limits
        self._costs = costs
        operations, self.fragments = split_document(node)
        self.operations = {node.name.value if node.name else "": node for node in operations}
        self.errors: list[GraphQLError] = self._check(operations)
        self._measured: dict[str, OperationCost] = {}

    def find_operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Returns the named operation, or the only operation without a name; None if missing."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def find_cost(self, operation_name: str | None, variables: Mapping[str, Any] | None) -> "Cost":
        """Returns the cost of the named or only operation of a valid document."""
        name = operation_name if operation_name in self.operations else next(iter(self.operations))
        operation = self.operations[name]
        if name not in self._measured:
            self._measured[name] = self._costs.measure(operation, self.fragments)
        data, introspection = self._measured[name].evaluate(variables)
        is_live = operation.operation is OperationType.SUBSCRIPTION
        limit = self._limits.subscription_cost if is_live else self._limits.cost
        return Cost(data, introspection, limit, self._costs.introspection_limit, is_live=is_live)

    def _check(self, operations: list[Any]) -> list[GraphQLError]:
        try:
            # The standard rules are slow on documents that exceed the limits.
            excess, has_cycles = self._find_excess(operations)
            if excess is not None:
                return [RequestError(ErrorCode.QUERY_TOO_COMPLEX, excess)]
            if has_cycles:
                return _shorten(self._validate(NoFragmentCyclesRule))
            # Checked first: all rules together are slow on many unknown fields.
            unknown_fields = self._validate(FieldsOnCorrectTypeRule)
            return _shorten(unknown_fields or self._validate(*RULES))
        except RecursionError:
            return [RequestError(ErrorCode.QUERY_TOO_COMPLEX, "The document is nested too deeply.")]

    def _find_excess(self, operations: list[Any]) -> tuple[str | None, bool]:
        """Returns the exceeded limit, and True if a fragment spreads itself."""
        excess = find_excess_parts(self.node)
        meter = SizeMeter(self.fragments)
        for operation in operations:
            excess = excess or find_excess(operation, meter, self._limits)
        if excess or meter.has_cycles:
            return excess, meter.has_cycles
        if OverlapCounter(self.fragments).is_excessive(self._list_roots()):
            return "The document repeats fields too often in one selection set.", False
        return None, False

    def _list_roots(self) -> list[SelectionSetNode]:
        return [
            definition.selection_set
            for definition in self.node.definitions
            if isinstance(definition, ExecutableDefinitionNode)
        ]

    def _validate(self, *rules: type[ASTValidationRule]) -> list[GraphQLError]:
        return validate(self._costs.schema, self.node, rules, max_errors=MAX_SHOWN_ERRORS)


class Cost:
    """The cost of an operation, and its limits."""

    def __init__(
        self, data: int, introspection: int, limit: int, schema_limit: int, *, is_live: bool
    ) -> None:
        self.data = data
        self.introspection = introspection
        self.limit = limit
        self._schema_limit = schema_limit
        self._is_live = is_live

    @property
    def total(self) -> int:
        """Cost of an execution, at least 1: of the operation, or of an event of a subscription."""
        return max(1, self.data + self.introspection // SCHEMA_OBJECTS_PER_OBJECT)

    @property
    def charged(self) -> int:
        """Cost charged to the caller's rate limit when the operation starts."""
        return min(self.total, SUBSCRIPTION_START_COST) if self._is_live else self.total

    def find_excess(self) -> GraphQLError | None:
        for name, cost, limit in (
            ("cost", self.data, self.limit),
            ("cost of introspection", self.introspection, self._schema_limit),
        ):
            if cost > limit:
                text = f"The operation has a {name} of {format_count(cost)}; {limit} is the limit."
                return RequestError(ErrorCode.QUERY_TOO_COMPLEX, text)
        return None


class DocumentCache:
    """The documents of a schema; large documents are not cached."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._costs: SchemaCosts | None = None
        self._documents: FairCache[str, Document] = FairCache(CACHED_DOCUMENTS)

    def get(self, text: str, caller: Hashable) -> Document | None:
        return self._documents.get(text, caller)

    def add(
        self, text: str, node: DocumentNode, schema: GraphQLSchema, caller: Hashable
    ) -> Document:
        """Checks a parsed document and adds it to the cache."""
        if self._costs is None:
            self._costs = SchemaCosts(schema)
        document = Document(node, costs=self._costs, limits=self.limits)
        if len(text) <= MAX_CACHED_CHARACTERS:
            self._documents.add(text, document, caller)
        return document


def _shorten(errors: list[GraphQLError]) -> list[GraphQLError]:
    """Limits the number and length of validation errors."""
    return [
        GraphQLError(
            _truncate(hide_values(error.message)),
            nodes=(error.nodes or [])[:2] or None,
            extensions={"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value},
        )
        for error in errors[:MAX_SHOWN_ERRORS]
    ]


def _truncate(message: str) -> str:
    if len(message) <= MAX_MESSAGE:
        return message
    # Suggestions are removed first: `hide_suggestions` does not recognize a truncated suggestion.
    return f"{hide_suggestions(message)[:MAX_MESSAGE]}…"
