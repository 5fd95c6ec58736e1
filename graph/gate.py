"""The gate: what every operation must pass before it runs, whoever executes it."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLError

from graph.context import Context
from graph.errors import ErrorCode, RequestError, bad_input
from graph.introspection import find_introspection, shows_schema
from graph.limits import Document, DocumentCache, Limits, find_excess_of_values
from graph.limits.document import Cost


class OperationRequest(NamedTuple):
    """One operation of a checked document, as somebody asks for it."""

    document: Document
    query: str
    """The document's text."""
    variables: Mapping[str, Any] | None
    operation_name: str | None
    """As it was given; without it the only operation is meant."""
    context: Any


class Gate:
    """One per schema: it remembers the documents that it has checked."""

    def __init__(self, limits: Limits) -> None:
        self.documents = DocumentCache(limits)

    def check_rate(self, context: object) -> None:
        """Raises RateLimited: whoever asks has used up everything."""
        if isinstance(context, Context):
            context.services.rate_limits.check(context.viewer, context.client_address)

    def admit(self, request: OperationRequest) -> tuple[list[GraphQLError], Cost | None]:
        """Why the operation may not run, and what it costs; without errors it has been charged."""
        errors, cost = self._find_refusals(request)
        context = request.context
        if not isinstance(context, Context):
            return errors, cost
        limits, caller = context.services.rate_limits, (context.viewer, context.client_address)
        if errors:
            limits.charge_refused(*caller)
        elif cost is not None:
            try:
                limits.charge(*caller, cost.total)
            except RequestError as refusal:
                return [refusal], cost
        return errors, cost

    def _find_refusals(self, request: OperationRequest) -> tuple[list[GraphQLError], Cost | None]:
        document, query, variables, operation_name, context = request
        if not shows_schema(context) and (refusal := find_introspection(document.node, query)):
            return [refusal], None
        if document.errors:
            return list(document.errors), None
        if len(document.operations) > 1 and operation_name is None:
            text = "The document has several operations: name one in `operationName`."
            return [bad_input(text)], None
        if excess := find_excess_of_values(variables):
            return [RequestError(ErrorCode.QUERY_TOO_COMPLEX, excess)], None
        cost = document.find_cost(operation_name, variables)
        too_much = cost.find_excess()
        return ([too_much] if too_much else []), cost


def find_caller(context: object) -> Hashable:
    """Whose share of the caches an operation uses."""
    return context.caller if isinstance(context, Context) else None


def tell_cost(cost: Cost | None) -> dict[str, Any]:
    """`extensions` of an answer."""
    if cost is None or not cost.data:
        return {}
    return {"cost": {"requested": cost.data, "limit": cost.limit}}
