"""Checks that several content types share: limits of texts, by Meta's documentation."""

from whatsapp.errors import InvalidInput
from whatsapp.values import is_unicode


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
