"""Header, body and footer of interactive messages."""

from typing import Any

import strawberry
from strawberry import Maybe

from whatsapp.errors import InvalidInput
from whatsapp.outbox.content.interactive import Header, MediaHeader, TextHeader

BODY = "Body text of 1 to 1,024 characters."
LIST_BODY = "Body text of 1 to 4,096 characters."
FOOTER = "Footer of up to 60 characters, shown below the body."
HEADER = "Header above the body."


@strawberry.input(description="Image or video above the body.")
class HeaderMediaInput:
    link: str = strawberry.field(
        description="URL from which WhatsApp downloads the file: http:// or https://, up to"
        " 2,000 characters."
    )


@strawberry.input(description="Document above the body.")
class HeaderDocumentInput:
    link: str = strawberry.field(
        description="URL from which WhatsApp downloads the file: http:// or https://, up to"
        " 2,000 characters."
    )
    filename: str | None = strawberry.field(
        default=None, description="File name shown to the customer, up to 240 characters."
    )


@strawberry.input(one_of=True, description="Header above the body; exactly one kind must be given.")
class InteractiveHeaderInput:
    text: Maybe[str] = strawberry.field(description="Text of 1 to 60 characters.")
    image: Maybe[HeaderMediaInput] = strawberry.field(description="Image.")
    video: Maybe[HeaderMediaInput] = strawberry.field(description="Video.")
    document: Maybe[HeaderDocumentInput] = strawberry.field(description="Document.")


def read_header(header: InteractiveHeaderInput | None, *, field: list[str]) -> Header | None:
    """Raises InvalidInput unless exactly one kind of header is given."""
    if header is None:
        return None
    kinds: dict[str, Maybe[Any]] = {
        kind: getattr(header, kind) for kind in ("text", "image", "video", "document")
    }
    given = {kind: value.value for kind, value in kinds.items() if value is not None}
    if len(given) != 1:
        raise InvalidInput("Give exactly one kind of header.", field=field)
    [(kind, value)] = given.items()
    if kind == "text":
        return TextHeader(value)
    return MediaHeader(kind, value.link, getattr(value, "filename", None))
