"""The gate: rate limit, size, introspection and cost checks before every operation."""

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from graphql import BREAK, DocumentNode, FieldNode, GraphQLError, Visitor, visit

from graph.core.context import Context
from graph.core.errors import ErrorCode, RequestError, bad_input, forbidden, unauthenticated
from graph.limits.bounds import (
    MAX_ANONYMOUS_CHARACTERS,
    MAX_ANONYMOUS_TOKENS,
    MAX_VARIABLE_VALUES,
    Limits,
)
from graph.limits.document import Cost, Document, DocumentCache
from graph.limits.places import Places
from telemetry.metrics.operations import COST

# Parsing and validating a token takes about 30 µs, an object of a response about 100 µs. Anonymous
# callers pay for each token.
TOKENS_PER_OBJECT = 4
# An anonymous operation reads little, but is a request.
MIN_ANONYMOUS_COST = 10


class OperationRequest(NamedTuple):
    """A request for an operation of a checked document."""

    document: Document
    query: str
    """Text of the document."""
    variables: Mapping[str, Any] | None
    operation_name: str | None
    """None for the only operation of the document."""
    context: Any


class Gate:
    """Checks the operations of a schema, and caches its documents."""

    def __init__(self, limits: Limits, places: Places) -> None:
        self.documents = DocumentCache(limits)
        self._places = places

    def check_rate(self, context: object) -> None:
        """Raises RateLimited if the caller's bucket is empty, or too many operations wait."""
        if isinstance(context, Context):
            context.services.rate_limits.check(context.viewer, context.client_address)
            self._places.check(context)

    def check_text(self, query: str, context: object) -> None:
        """Charges for the text of a new document, before it is parsed.

        Raises:
            RequestError: QUERY_TOO_COMPLEX, the text is too long; UNAUTHENTICATED, it is too long
                for an anonymous caller.
            RateLimited
        """
        limits = self.documents.limits
        if len(query) > limits.characters:
            raise self._refuse_text(context, len(query), "characters", limits.characters)
        tokens, comments = count_tokens(query, limit=limits.tokens)
        for number, name in ((tokens, "tokens"), (comments, "comments")):
            if number > limits.tokens:
                raise self._refuse_text(context, f"more than {limits.tokens}", name, limits.tokens)
        if not isinstance(context, Context):
            return
        rates, caller = context.services.rate_limits, (context.viewer, context.client_address)
        is_long = tokens > MAX_ANONYMOUS_TOKENS or len(query) > MAX_ANONYMOUS_CHARACTERS
        if context.viewer is None and is_long:
            rates.charge_refused(*caller)
            raise unauthenticated()
        rates.charge(*caller, tokens if context.viewer is None else tokens // TOKENS_PER_OBJECT)

    def _refuse_text(
        self, context: object, count: int | str, name: str, limit: int
    ) -> RequestError:
        if isinstance(context, Context):
            context.services.rate_limits.charge_refused(context.viewer, context.client_address)
        text = f"The document has {count} {name}; {limit} is the limit."
        return RequestError(ErrorCode.QUERY_TOO_COMPLEX, text)

    def admit(self, request: OperationRequest) -> tuple[list[GraphQLError], Cost | None]:
        """Returns refusals and the cost of an operation; charges the cost if nothing is refused."""
        errors, cost = self._find_refusals(request)
        context = request.context
        if not isinstance(context, Context):
            return errors, cost
        limits, caller = context.services.rate_limits, (context.viewer, context.client_address)
        if errors:
            limits.charge_refused(*caller)
        elif cost is not None:
            try:
                minimum = MIN_ANONYMOUS_COST if context.viewer is None else 0
                limits.charge(*caller, max(minimum, cost.charged))
            except RequestError as refusal:
                # Its traceback would have the caller's frame, which holds the refusal: a cycle.
                return [refusal.with_traceback(None)], cost
            context.cost = cost.total
            COST.inc(cost.charged)
        return errors, cost

    def describe_cost(
        self, cost: Cost | None, errors: Iterable[GraphQLError], context: object
    ) -> dict[str, Any]:
        """Returns `extensions` of a response: the cost and the caller's budget.

        They are empty without data, unless a limit was exceeded.
        """
        if not (cost is not None and cost.data) and not _is_over_limit(errors):
            return {}
        budget = None
        if isinstance(context, Context):
            rates = context.services.rate_limits
            budget = rates.describe(context.viewer, context.client_address)
        return {
            "cost": {
                "requested": cost.data if cost else None,
                "limit": cost.limit if cost else self.documents.limits.cost,
                "used": budget.used if budget else None,
                "remaining": budget.remaining if budget else None,
                "restoreRate": budget.per_second if budget else None,
                "resetAt": budget.reset_at if budget else None,
            }
        }

    def _find_refusals(self, request: OperationRequest) -> tuple[list[GraphQLError], Cost | None]:
        document, query, variables, operation_name, context = request
        if not allows_introspection(context) and (
            refusal := find_introspection(document.node, query)
        ):
            return [refusal], None
        if document.errors:
            return list(document.errors), None
        if len(document.operations) > 1 and operation_name is None:
            text = "The document has several operations; name one in `operationName`."
            return [bad_input(text)], None
        if excess := find_excess_values(variables):
            return [RequestError(ErrorCode.QUERY_TOO_COMPLEX, excess)], None
        cost = document.find_cost(operation_name, variables)
        cost_error = cost.find_excess()
        return ([cost_error] if cost_error else []), cost


def get_caller(context: object) -> Hashable:
    """Returns the owner of the operation's cache entries."""
    return context.caller if isinstance(context, Context) else None


_LIMIT_CODES = frozenset({ErrorCode.QUERY_TOO_COMPLEX.value, ErrorCode.RATE_LIMITED.value})


def _is_over_limit(errors: Iterable[GraphQLError]) -> bool:
    return any((error.extensions or {}).get("code") in _LIMIT_CODES for error in errors)


# Names, numbers, strings and punctuators. A string matches with or without its terminator, so that
# there is no backtracking.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]|\\[^\n\r])*+"?'
    r"|(?P<comment>\#[^\n\r]*+)"
    r"|[_A-Za-z][_A-Za-z0-9]*+"
    r"|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
    r"|\.\.\.|[!$&()\[\]{}:=|@]",
    re.ASCII,
)


def count_tokens(text: str, *, limit: int) -> tuple[int, int]:
    """Counts tokens and comments, both up to `limit` + 1."""
    tokens = comments = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup is None:
            tokens += 1
        else:
            comments += 1
        if max(tokens, comments) > limit:
            break
    return tokens, comments


def find_excess_values(variables: Mapping[str, Any] | None) -> str | None:
    """Describes the exceeded limit of values in `variables`, or returns None."""
    pending: list[Any] = [variables]
    count = 0
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list):
            count += len(value)
            if count > MAX_VARIABLE_VALUES:
                return f"The variables hold {count} values; {MAX_VARIABLE_VALUES} is the limit."
            pending += value
    return None


_SCHEMA_FIELDS = {"__schema", "__type"}
_SCHEMA_FIELD_IN_TEXT = re.compile(r"__(?:schema|type)\b", re.ASCII)


def allows_introspection(context: object) -> bool:
    """Checks whether introspection is allowed; always outside a server."""
    return not isinstance(context, Context) or context.services.settings.introspection


def find_introspection(document: DocumentNode, query: str) -> RequestError | None:
    """Returns a refusal if the document selects `__schema` or `__type`."""
    # A search in the text is faster than a visit of the document.
    if not _SCHEMA_FIELD_IN_TEXT.search(query):
        return None
    finder = _IntrospectionFinder()
    visit(document, finder)
    return (
        forbidden("Introspection is disabled on this server.") if finder.is_introspection else None
    )


class _IntrospectionFinder(Visitor):
    is_introspection = False

    def enter_field(self, node: FieldNode, *_: object) -> object:
        self.is_introspection = self.is_introspection or node.name.value in _SCHEMA_FIELDS
        return BREAK if self.is_introspection else None
