"""Checks that several content types share: limits of texts, by Meta's documentation."""

from collections.abc import Hashable, Sequence, Sized
from urllib.parse import urlsplit

from whatsapp.common.values import is_unicode
from whatsapp.errors import InvalidInput

# Meta, "Template components": URL buttons. Its other pages state none.
URL_LIMIT = 2000


def check_text(text: str, *, limit: int, field: list[str]) -> None:
    """Raises InvalidInput for a text that is blank, too long, or that can't be stored and sent."""
    if not text.strip():
        raise InvalidInput("The text is blank.", field=field)
    if len(text) > limit:
        raise InvalidInput(
            f"The text has {len(text)} characters, {limit} are allowed.", field=field
        )
    if "\0" in text or not is_unicode(text):
        raise InvalidInput("The text has a character that can't be sent.", field=field)


def check_optional_text(text: str | None, *, limit: int, field: list[str]) -> None:
    """As `check_text`, of a text that may be missing."""
    if text is not None:
        check_text(text, limit=limit, field=field)


def check_count(values: Sized, *, limit: int, what: str, field: list[str]) -> None:
    """Raises InvalidInput for none, or too many."""
    if not 1 <= len(values) <= limit:
        raise InvalidInput(
            f"There are {len(values)} {what}, 1 to {limit} are allowed.", field=field
        )


def check_different(values: Sequence[tuple[Hashable, list[str]]], *, what: str) -> None:
    """Raises InvalidInput for the first value that was there before; each comes with its field."""
    seen: set[Hashable] = set()
    for value, field in values:
        if value in seen:
            raise InvalidInput(f"Another one has the same {what}.", field=field)
        seen.add(value)


def check_url(url: str, *, field: list[str]) -> None:
    """Raises InvalidInput for what is no address of a web page or file."""
    check_text(url, limit=URL_LIMIT, field=field)
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise InvalidInput(
            "An address begins with https:// or http:// and has no blanks.", field=field
        )
