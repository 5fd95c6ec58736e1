"""The limits, as the settings give them."""

from dataclasses import dataclass
from typing import Self

from whatsapp.settings import Settings

# Values in `variables`, at any depth: each is checked against its type before anything runs.
MAX_VARIABLE_VALUES = 10_000
# Tokens of a document from somebody without a credential, who can read the schema only. GraphiQL's
# introspection query has 183.
MAX_ANONYMOUS_TOKENS = 400
# Characters of such a document, which a parser reads one by one in comments and strings.
MAX_ANONYMOUS_CHARACTERS = 4096
# Pairs of fields that would have to be compared because they stand in one place of the answer.
MAX_COMPARISONS = 5_000
# GraphiQL's introspection query has a depth of 15, 229 fields and no alias.
MAX_INTROSPECTION_DEPTH = 15
MAX_INTROSPECTION_FIELDS = 500
MAX_INTROSPECTION_ALIASES = 4
# The full introspection query fits this many times into one operation.
MAX_INTROSPECTIONS = 2


@dataclass(frozen=True)
class Limits:
    """How much one operation may ask for, by the names of the settings."""

    characters: int
    tokens: int
    depth: int
    fields: int
    aliases: int
    directives: int
    root_fields: int
    mutations: int
    cost: int
    subscription_cost: int

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Self:
        """Those of the settings, or the defaults."""
        settings = settings or Settings.model_construct()
        return cls(
            characters=settings.query_characters,
            tokens=settings.query_tokens,
            depth=settings.query_depth,
            fields=settings.query_fields,
            aliases=settings.query_aliases,
            directives=settings.query_directives,
            root_fields=settings.query_root_fields,
            mutations=settings.query_mutations,
            cost=settings.query_cost,
            subscription_cost=settings.subscription_cost,
        )
