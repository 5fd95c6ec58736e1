"""Interactive messages: the parts that all kinds share."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from whatsapp.common.values import check_body
from whatsapp.errors import InvalidInput, RefusalCollector
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.text import URL_LIMIT, check_optional_text
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# Meta, "Interactive reply buttons messages", and the page of each other kind.
BODY_LIMIT = 1024
# Meta, "Interactive list messages".
BODY_LIMITS = {"list": 4096}
HEADER_LIMIT = 60
FOOTER_LIMIT = 60
# Meta, "Document messages".
FILENAME_LIMIT = 240
FIELD = ["content", "interactive"]
# All other kinds may have a file in the header.
_TEXT_HEADERS = frozenset({"list"})


class InteractiveAction(Protocol):
    """The buttons or list of an interactive message."""

    @property
    def name(self) -> str:
        """The field of the input."""

    @property
    def type(self) -> str:
        """Meta's name of this kind of interactive message."""

    def build(self) -> dict[str, Any]:
        """Returns Meta's object under `action`."""

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""


@dataclass(frozen=True)
class MediaHeader:
    """An image, video or document above the body; a document may have a file name."""

    kind: str
    link: str
    filename: str | None = None

    def build(self) -> dict[str, Any]:
        optional_fields = {} if self.filename is None else {"filename": self.filename}
        return {"type": self.kind, self.kind: {"link": self.link, **optional_fields}}

    def check(self, field: list[str]) -> None:
        place = [*field, self.kind]
        with RefusalCollector() as collect:
            collect(check_body, self.link, limit=URL_LIMIT, field=[*place, "link"])
            filename_field = [*place, "filename"]
            collect(check_optional_text, self.filename, limit=FILENAME_LIMIT, field=filename_field)


@dataclass(frozen=True)
class TextHeader:
    text: str

    def build(self) -> dict[str, Any]:
        return {"type": "text", "text": self.text}

    def check(self, field: list[str]) -> None:
        check_body(self.text, limit=HEADER_LIMIT, field=[*field, "text"])


Header = TextHeader | MediaHeader


@dataclass(frozen=True)
class OutgoingInteractive:
    type: ClassVar[str] = "interactive"
    needs_window: ClassVar[bool] = True
    references: ClassVar[References] = References()
    action: InteractiveAction
    body: str
    header: Header | None = None
    footer: str | None = None

    def describe(self) -> dict[str, Any]:
        content: dict[str, Any] = {"type": self.action.type}
        if self.header is not None:
            content["header"] = self.header.build()
        content["body"] = {"text": self.body}
        if self.footer is not None:
            content["footer"] = {"text": self.footer}
        return content | {"action": self.action.build()}

    def check(self) -> None:
        """Raises InvalidInput."""
        field = [*FIELD, self.action.name]
        limit = BODY_LIMITS.get(self.action.type, BODY_LIMIT)
        with RefusalCollector() as collect:
            if self.header is not None:
                collect(self._check_header, self.header, [*field, "header"])
            collect(check_body, self.body, limit=limit, field=[*field, "body"])
            collect(check_optional_text, self.footer, limit=FOOTER_LIMIT, field=[*field, "footer"])
            collect(self.action.check, field)

    def _check_header(self, header: Header, field: list[str]) -> None:
        if isinstance(header, MediaHeader) and self.action.type in _TEXT_HEADERS:
            raise InvalidInput("Use a text as header of a list.", field=field)
        header.check(field)

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - needs no look-up
        return ResolvedContent(self.describe(), self.body)


def check_tap_id(text: str, *, limit: int, field: list[str]) -> None:
    """Raises InvalidInput. WhatsApp refuses ids with surrounding spaces."""
    check_body(text, limit=limit, field=field)
    if text != text.strip():
        raise InvalidInput("Remove spaces around the id.", field=field)
