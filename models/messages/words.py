"""Search words of texts: in lower case and without accents."""

import re
import unicodedata

MAX_WORD = 40
# These bound the index entries of a message. See docs/decisions/0039.
MAX_MESSAGE_WORDS = 100
MAX_MESSAGE_WORD = 20
# In scripts without spaces, a word may begin at each character.
MAX_UNSPACED = 8
# Width classes of scripts without spaces.
_UNSPACED_WIDTHS = frozenset({"W", "F"})
# Thai, Lao, Myanmar and Khmer: narrow scripts without spaces.
_UNSPACED_NARROW = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_APOSTROPHES = re.compile(r"['’ʼ`]")
_ASCII_WORD = re.compile(r"[a-z0-9]+", re.ASCII)


def list_words(text: str) -> list[str]:
    """Returns the words of a text, in lower case and without accents."""
    return [word[:MAX_WORD] for word in _split(text)]


def join_apostrophes(text: str) -> str:
    """Removes apostrophes: O'Brien becomes OBrien."""
    return _APOSTROPHES.sub("", text)


def is_unspaced(word: str) -> bool:
    return any(unicodedata.east_asian_width(character) in _UNSPACED_WIDTHS for character in word)


def list_message_words(text: str | None) -> list[str]:
    """Returns the search words of a message with this text, sorted."""
    words: dict[str, None] = {}
    joined = join_apostrophes(text or "")
    for word in [*_split(text or ""), *(_split(joined) if joined != text else ())]:
        for key in _list_message_keys(word):
            words[key] = None
            if len(words) == MAX_MESSAGE_WORDS:
                return sorted(words)
    return sorted(words)


def list_searched_words(text: str) -> list[str]:
    """Returns prefixes of words that a message must have to match a search for this text."""
    prefixes: dict[str, None] = {}
    for word in _split(join_apostrophes(text)):
        if not _has_no_spaces(word):
            prefixes[word[:MAX_MESSAGE_WORD]] = None
            continue
        for at in range(0, len(word), MAX_UNSPACED):
            prefixes[word[at : at + MAX_UNSPACED]] = None
    return [*prefixes]


def _list_message_keys(word: str) -> list[str]:
    if _has_no_spaces(word):
        return [word[at : at + MAX_UNSPACED] for at in range(len(word))]
    return [word[:MAX_MESSAGE_WORD]]


def _has_no_spaces(word: str) -> bool:
    return not word.isascii() and (is_unspaced(word) or bool(_UNSPACED_NARROW.search(word)))


def _split(text: str) -> list[str]:
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(part for part in decomposed if not unicodedata.combining(part))
    return "".join(part if _is_of_word(part) else " " for part in plain.casefold()).split()


def _is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in {"Mc", "Mn"}
