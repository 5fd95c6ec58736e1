"""Keeping the schema to oneself: no introspection, and errors that suggest no names."""

import re

from graphql import BREAK, DocumentNode, FieldNode, Visitor, visit

from graph.core.context import Context
from graph.core.errors import RequestError, forbidden

_SCHEMA_FIELDS = {"__schema", "__type"}
_MENTION = re.compile(r"__(?:schema|type)\b", re.ASCII)
# graphql-core ends its messages so.
_SUGGESTION = re.compile(r" Did you mean .*\?", re.DOTALL)


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


def hide_suggestions(message: str) -> str:
    return _SUGGESTION.sub("", message)
