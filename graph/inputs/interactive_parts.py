"""What interactive messages have in common: a header, a body and a footer."""

from typing import Any

import strawberry
from strawberry import Maybe

from whatsapp.errors import InvalidInput
from whatsapp.outbox.content.interactive import Header, MediaHeader, TextHeader

BODY = "The text: 1 to 1024 characters."
LIST_BODY = "The text: 1 to 4096 characters."
FOOTER = "Small print below it: at most 60 characters."
HEADER = "What stands above the text."


@strawberry.input(description="A picture or video above the text.")
class HeaderMediaInput:
    link: str = strawberry.field(
        description="Where WhatsApp fetches the file: https:// or http://, at most 2000 characters."
    )


@strawberry.input(description="A document above the text.")
class HeaderDocumentInput:
    link: str = strawberry.field(
        description="Where WhatsApp fetches the file: https:// or http://, at most 2000 characters."
    )
    filename: str | None = strawberry.field(
        default=None, description="The name that the customer sees: at most 240 characters."
    )


@strawberry.input(one_of=True, description="What stands above the text; exactly one.")
class InteractiveHeaderInput:
    text: Maybe[str] = strawberry.field(description="A text: 1 to 60 characters.")
    image: Maybe[HeaderMediaInput] = strawberry.field(description="A picture.")
    video: Maybe[HeaderMediaInput] = strawberry.field(description="A video.")
    document: Maybe[HeaderDocumentInput] = strawberry.field(description="A document.")


def read_header(header: InteractiveHeaderInput | None, *, field: list[str]) -> Header | None:
    """Raises InvalidInput: there is not exactly one."""
    if header is None:
        return None
    ways: dict[str, Maybe[Any]] = {
        kind: getattr(header, kind) for kind in ("text", "image", "video", "document")
    }
    given = {kind: way.value for kind, way in ways.items() if way is not None}
    if len(given) != 1:
        raise InvalidInput("Exactly one kind of header is needed.", field=field)
    [(kind, value)] = given.items()
    if kind == "text":
        return TextHeader(value)
    return MediaHeader(kind, value.link, getattr(value, "filename", None))
