"""Search texts as MongoDB filters, safe against injection."""

from typing import Annotated, Any

import strawberry

from graph.core.errors import bad_input
from models.messages.words import join_apostrophes, list_searched_words, list_words
from whatsapp.contacts.identities import list_typed_pieces

MAX_SEARCH = 200
MAX_WORDS = 16
_LAST_CHARACTER = "\U0010ffff"

Search = Annotated[
    str | None,
    strawberry.argument(
        description="Prefixes of words in a name, ignoring case and accents, or part of a phone"
        " number; at most 200 characters."
    ),
]


def check_search(text: str) -> str:
    """Returns the text without surrounding whitespace.

    Raises:
        RequestError: BAD_USER_INPUT, the text is too long or has control characters.
    """
    stripped = text.strip()
    # No name has control characters, and a NUL ends a string in MongoDB's regular expressions.
    if len(stripped) > MAX_SEARCH or any(ord(character) < 32 for character in stripped):
        raise bad_input(f"Use at most {MAX_SEARCH} printable characters in a search text.")
    return stripped


def match_keys(text: str) -> dict[str, Any]:
    """Returns a filter for contacts or users by prefixes of words or part of a number.

    The filter is an index range and no pattern, so the text needs no escaping.
    """
    plain = join_apostrophes(check_search(text))
    if pieces := list_typed_pieces(plain):
        return {"$or": [_match_prefix(digits) for digits in pieces]}
    words = list_words(plain)
    if len(words) > MAX_WORDS:
        raise bad_input(f"Use at most {MAX_WORDS} words in a search text.")
    if not words:
        return {} if not plain else {"_id": None}
    return {"$and": [_match_prefix(word) for word in words]}


def match_words(text: str) -> dict[str, Any]:
    """Returns a filter for messages by prefixes of words; without words it matches nothing."""
    words = list_searched_words(check_search(text))
    if len(words) > MAX_WORDS:
        raise bad_input(f"Use at most {MAX_WORDS} words in a search text.")
    if not words:
        return {"_id": None}
    return {"$and": [_match_prefix(word, field="words") for word in words]}


def match_prefix(prefix: str) -> dict[str, Any]:
    """Returns the condition for texts with this prefix: an index range."""
    return {"$gte": prefix, "$lt": prefix + _LAST_CHARACTER}


def _match_prefix(word: str, *, field: str = "search_keys") -> dict[str, Any]:
    return {field: {"$elemMatch": match_prefix(word)}}
