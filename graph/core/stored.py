"""Fields that show what is stored: a value of the document itself, or the document it refers to.

They are declared by what they read. Resolvers would do the same, but only of what is declared can a
plan (`graph.execution`) tell beforehand which fields of a document it needs, and read many at once.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import strawberry
from beanie import Document
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from graph.core.context import Info
from graph.core.errors import vanished
from graph.core.loaders import Lookup
from models.database.reading import find_whole_class

NEEDS = "needs"
LINK = "link"

# The GraphQL type that shows the documents of a class; `shows` fills it.
_TYPES: dict[type[Document], Any] = {}


def shows(document_class: type[Document]) -> Callable[[type], type]:
    """Class decorator: this GraphQL type shows these documents, by its `from_document`."""

    def register(node_class: type) -> type:
        _TYPES[document_class] = node_class
        return node_class

    return register


def show(document: Document | None) -> Any:
    """What shows the document in the graph; None for None."""
    return None if document is None else _TYPES[find_whole_class(document)].from_document(document)


def find_document_class(node_class: type) -> type[Document] | None:
    """Whose documents the GraphQL type shows, or None if it shows no document."""
    return next((kind for kind, shown in _TYPES.items() if shown is node_class), None)


class StoredField(StrawberryField):
    """Shows one attribute of `document`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nobody gives it when an object is made: the document has it.
        self.init = self.repr = self.compare = False

    @property
    def get_value(self) -> Callable[[Any], Any]:
        return attrgetter(f"document.{self.metadata['attribute']}")

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        return getattr(source.document, self.metadata["attribute"])


def stored(attribute: str, *, description: str, needs: Collection[str] | None = None) -> Any:
    """A field that is this attribute of the document.

    `needs` are the stored fields behind it, where the attribute is a property of the document.
    """
    metadata = {"attribute": attribute, NEEDS: frozenset(needs or [attribute])}
    return StoredField(description=description, metadata=metadata)


def reads(*fields: str) -> dict[str, frozenset[str]]:
    """`metadata` of a field with a resolver that reads only these fields of its document."""
    return {NEEDS: frozenset(fields)}


Refresh = Callable[[Info, Sequence[Any], list[Any]], Awaitable[list[Any]]]


@dataclass(frozen=True)
class Link:
    """What a `linked` field refers to."""

    key: str
    """The document's attribute that names it."""
    lookup: Lookup[Any, Any]
    missing: str | None = None
    """What an error calls it where there is none; without this the field is null then."""
    shown: str | None = None
    """The attribute of what it names that the field shows; without it, all of it."""
    refresh: Refresh | None = None
    """Reads anew what was found too old for the documents that name it."""

    def finish(self, found: Any) -> Any:
        if found is None and self.missing is not None:
            raise vanished(self.missing)
        if found is not None and self.shown is not None:
            return getattr(found, self.shown)
        return show(found) if isinstance(found, Document) else found


def linked(
    key: str,
    lookup: Lookup[Any, Any],
    *,
    description: str,
    missing: str | None = None,
    needs: Collection[str] | None = None,
    shown: str | None = None,
    refresh: Refresh | None = None,
) -> Any:
    """A field that is what `key`, an attribute of the document, names: another document, or a value
    that is worked out for many documents at once. `missing`, `shown` and `refresh` as in `Link`,
    `needs` as in `stored`.
    """
    link = Link(key, lookup, missing, shown, refresh)

    async def resolve(self: Any, info: Info) -> Any:
        value = getattr(self.document, key)
        found = None if value is None else await lookup.one(info, value)
        if refresh is not None:
            (found,) = await refresh(info, [self.document], [found])
        return link.finish(found)

    return strawberry.field(
        resolver=StrawberryResolver(resolve),
        description=description,
        metadata={LINK: link, NEEDS: frozenset(needs or [key])},
    )
