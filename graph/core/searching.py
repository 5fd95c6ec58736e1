"""What people type into a search box, as MongoDB filters that can't be bent by what they type."""

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
        description="Beginnings of words of a name, in any case and without their accents, or a"
        " piece of a phone number; at most 200 characters."
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


def match_keys(text: str) -> dict[str, Any]:
    """A filter of contacts or users: each word begins one of their words, or a piece of a number.

    It is a range of the index and no pattern, so nothing in the text has a meaning of its own.
    """
    plain = join_apostrophes(check_search(text))
    if pieces := list_typed_pieces(plain):
        return {"$or": [_match_beginning(digits) for digits in pieces]}
    words = list_words(plain)
    if len(words) > MAX_WORDS:
        raise bad_input(f"A search has at most {MAX_WORDS} words.")
    if not words:
        return {} if not plain else {"_id": None}
    return {"$and": [_match_beginning(word) for word in words]}


def match_words(text: str) -> dict[str, Any]:
    """A filter of messages: each word begins one of their words. Without any it finds nothing."""
    words = list_searched_words(check_search(text))
    if len(words) > MAX_WORDS:
        raise bad_input(f"A search has at most {MAX_WORDS} words.")
    if not words:
        return {"_id": None}
    return {"$and": [_match_beginning(word, field="words") for word in words]}


def _match_beginning(word: str, *, field: str = "search_keys") -> dict[str, Any]:
    return {field: {"$elemMatch": {"$gte": word, "$lt": word + _LAST_CHARACTER}}}
