"""The gate: what every operation must pass before it runs, whoever executes it."""

import re
from collections.abc import Hashable, Mapping
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

# Parsing and validating a token takes some 30 µs, an object of an answer some 100. A caller without
# a credential pays for each token.
TOKENS_PER_OBJECT = 4
# Without a credential an operation reads next to nothing, and is a request all the same.
LEAST_ANONYMOUS_COST = 10


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

    def check_text(self, query: str, context: object) -> None:
        """Charges for the text of a new document; what is too long is not even parsed.

        Raises:
            RequestError: QUERY_TOO_COMPLEX, it is too long; UNAUTHENTICATED, it is too long for
                somebody without a credential.
            RateLimited
        """
        limits = self.documents.limits
        if len(query) > limits.characters:
            raise self._refuse_text(context, len(query), "characters", limits.characters)
        tokens, comments = count_tokens(query, most=limits.tokens)
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
        self, context: object, found: int | str, name: str, limit: int
    ) -> RequestError:
        if isinstance(context, Context):
            context.services.rate_limits.charge_refused(context.viewer, context.client_address)
        text = f"The document has {found} {name}; {limit} is the limit."
        return RequestError(ErrorCode.QUERY_TOO_COMPLEX, text)

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
                least = LEAST_ANONYMOUS_COST if context.viewer is None else 0
                limits.charge(*caller, max(least, cost.total))
            except RequestError as refusal:
                return [refusal], cost
            context.cost = cost.total
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


def get_caller(context: object) -> Hashable:
    """Whose share of the caches an operation uses."""
    return context.caller if isinstance(context, Context) else None


def format_cost(cost: Cost | None) -> dict[str, Any]:
    """`extensions` of an answer."""
    if cost is None or not cost.data:
        return {}
    return {"cost": {"requested": cost.data, "limit": cost.limit}}


# Names, numbers, strings and punctuators. Each alternative that has begun also ends, with or
# without its terminator, so that no text is read twice.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]|\\[^\n\r])*+"?'
    r"|(?P<comment>\#[^\n\r]*+)"
    r"|[_A-Za-z][_A-Za-z0-9]*+"
    r"|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
    r"|\.\.\.|[!$&()\[\]{}:=|@]",
    re.ASCII,
)


def count_tokens(text: str, *, most: int) -> tuple[int, int]:
    """The numbers of tokens and of comments, which are parsed too. Counting ends beyond `most`."""
    tokens = comments = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup is None:
            tokens += 1
        else:
            comments += 1
        if max(tokens, comments) > most:
            break
    return tokens, comments


def find_excess_of_values(variables: Mapping[str, Any] | None) -> str | None:
    """A sentence that names the limit, or None where they hold few enough values."""
    waiting: list[Any] = [variables]
    seen = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list):
            seen += len(value)
            if seen > MAX_VARIABLE_VALUES:
                return f"The variables hold {seen} values; {MAX_VARIABLE_VALUES} is the limit."
            waiting += value
    return None


_SCHEMA_FIELDS = {"__schema", "__type"}
_MENTION = re.compile(r"__(?:schema|type)\b", re.ASCII)


def shows_schema(context: object) -> bool:
    """Whether this server may be asked for its schema; without one, nobody else asks."""
    return not isinstance(context, Context) or context.services.settings.introspection


def find_introspection(document: DocumentNode, query: str) -> RequestError | None:
    """A refusal, if the document asks for the schema; `__typename` is data."""
    # The text tells soon that most documents don't.
    if not _MENTION.search(query):
        return None
    finder = _Finder()
    visit(document, finder)
    return forbidden("This server does not show its schema.") if finder.found else None


class _Finder(Visitor):
    found = False

    def enter_field(self, node: FieldNode, *_: object) -> object:
        self.found = self.found or node.name.value in _SCHEMA_FIELDS
        return BREAK if self.found else None
