"""Limits of operations."""

from dataclasses import dataclass
from typing import Self

from whatsapp.settings import Settings

# Values in `variables`, at any depth; each is checked against its type.
MAX_VARIABLE_VALUES = 10_000
# Tokens of an anonymous document, which can read the schema only. GraphiQL's introspection query
# has 183.
MAX_ANONYMOUS_TOKENS = 400
# Characters of an anonymous document; comments and strings are not counted as tokens.
MAX_ANONYMOUS_CHARACTERS = 4096
# Pairs of fields with the same response name, which validation compares.
MAX_COMPARISONS = 5_000
# GraphiQL's introspection query has a depth of 15, 229 fields and no alias.
MAX_INTROSPECTION_DEPTH = 15
MAX_INTROSPECTION_FIELDS = 500
MAX_INTROSPECTION_ALIASES = 4
# Multiple of the cost of the full introspection query.
MAX_INTROSPECTIONS = 2


@dataclass(frozen=True)
class Limits:
    """Maximum size and cost of an operation."""

    depth: int
    cost: int
    """Objects in the response."""
    tokens: int = 1000
    """Names, values and brackets in a document."""
    subscription_cost: int = 500
    """Objects in an event of a subscription."""
    characters: int = 16_384
    """Length of a document."""
    fields: int = 2000
    """Fields, counted wherever a fragment is spread."""
    aliases: int = 30
    directives: int = 50
    root_fields: int = 10
    mutations: int = 4
    """Root fields of a mutation, which run serially."""

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Self:
        """Returns the limits of the settings, or the default limits."""
        settings = settings or Settings.model_construct()
        return cls(depth=settings.query_depth, cost=settings.query_cost)
