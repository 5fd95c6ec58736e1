"""An incremental parser of multipart forms."""

from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_HEADERS = 8
MAX_HEADER_BYTES = 2048


class MalformedForm(Exception):
    """The form is malformed; the message gives the reason."""


@dataclass(frozen=True)
class PartStart:
    name: str
    filename: str | None
    content_type: str | None


@dataclass(frozen=True)
class PartData:
    piece: bytes


class Form:
    """Parses a form into events; None is the end of a part."""

    def __init__(self, boundary: bytes) -> None:
        """Raises MalformedForm if the boundary is too long."""
        self._events: list[PartStart | PartData | None] = []
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._has_ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._add_name,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._add_data,
                    "on_part_end": lambda: self._events.append(None),
                    "on_end": self._end,
                },
                max_header_count=MAX_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise MalformedForm(str(error)) from None

    def feed(self, data: bytes) -> Iterator[PartStart | PartData | None]:
        """Parses the next bytes. Raises MalformedForm."""
        if self._has_ended:
            return
        self._events.clear()
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise MalformedForm(str(error)) from None
        yield from self._events

    def finish(self) -> None:
        """Raises MalformedForm if the end is missing."""
        if not self._has_ended:
            raise MalformedForm("the end is missing")

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise MalformedForm("a part has no name")
        filename = options.get(b"filename")
        content_type = self._headers.get(b"content-type")
        self._events.append(
            PartStart(
                name=_decode(options[b"name"]),
                filename=None if filename is None else _decode(filename),
                content_type=None if content_type is None else _decode(content_type),
            )
        )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _end(self) -> None:
        self._has_ended = True


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")
