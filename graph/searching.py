"""What people type into a search box, as MongoDB filters that can't be bent by what they type."""

import re
import unicodedata
from typing import Annotated, Any

import strawberry

from graph.errors import bad_input

MAX_SEARCH = 200
MAX_WORDS = 16
_NOT_DIGITS = re.compile(r"[\s().+\-/]")

Search = Annotated[
    str | None,
    strawberry.argument(
        description="Part of a name or of a number, in any case; at most 200 characters."
    ),
]


def check_search(text: str) -> str:
    """The text without surrounding blanks.

    Raises:
        RequestError: BAD_USER_INPUT, it is too long or has control characters.
    """
    stripped = text.strip()
    # MongoDB's regular expressions end at a NUL, and no name has control characters.
    if len(stripped) > MAX_SEARCH or any(ord(character) < 32 for character in stripped):
        raise bad_input(f"A search text has at most {MAX_SEARCH} characters, all printable.")
    return stripped


def match_text(text: str, *fields: str) -> list[dict[str, Any]]:
    """One filter for each field: it holds the text somewhere, in any case."""
    pattern = {"$regex": re.escape(check_search(text)), "$options": "i"}
    return [{field: pattern} for field in fields]


def match_digits(text: str, *fields: str) -> list[dict[str, Any]]:
    """One filter for each field, if the text is a piece of a phone number however it is written."""
    digits = _NOT_DIGITS.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return []
    return [{field: {"$regex": digits}} for field in fields]


def match_words(text: str) -> dict[str, Any] | None:
    """A full-text filter that wants every word; None where there is no word at all.

    Each word stands in quotes, so that `-` and `"` are characters and not operators.
    """
    plain = check_search(text).replace('"', " ").replace("\\", " ")
    words = [word for word in map(_trim, plain.split()) if any(map(str.isalnum, word))]
    if len(words) > MAX_WORDS:
        raise bad_input(f"A search has at most {MAX_WORDS} words.")
    if not words:
        return None
    return {"$text": {"$search": " ".join(f'"{word}"' for word in words)}}


def _trim(word: str) -> str:
    """The word without the punctuation around it: MongoDB finds quoted words only as they stand."""
    # Not by `\W`: the vowel signs that end words in India's scripts are no "word characters".
    return word.strip("".join(one for one in word if unicodedata.category(one)[0] in "PSC"))
