"""Words of texts, as searches find them: in lower case and without accents."""

import re
import unicodedata

MAX_WORD = 40
# A message is found by so many of its first words, each of so many characters: they bound what one
# message adds to the index. See docs/decisions/0039.
MAX_MESSAGE_WORDS = 100
MAX_MESSAGE_WORD = 20
# Of a script without spaces: a word may begin at each character.
MAX_UNSPACED = 8
# Written without spaces: a name begins anywhere in them.
_UNSPACED_WIDTHS = frozenset({"W", "F"})
# Thai, Lao, Myanmar and Khmer are narrow, and have no spaces either.
_UNSPACED_NARROW = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_APOSTROPHES = re.compile(r"['’ʼ`]")
_ASCII_WORD = re.compile(r"[a-z0-9]+", re.ASCII)


def list_words(text: str) -> list[str]:
    """The words of a text, in lower case and without accents."""
    return [word[:MAX_WORD] for word in _split(text)]


def join_apostrophes(text: str) -> str:
    """The text with O'Brien as OBrien."""
    return _APOSTROPHES.sub("", text)


def is_unspaced(word: str) -> bool:
    return any(unicodedata.east_asian_width(one) in _UNSPACED_WIDTHS for one in word)


def list_message_words(text: str | None) -> list[str]:
    """What a message of this text is found by, sorted."""
    found: dict[str, None] = {}
    joined = join_apostrophes(text or "")
    for word in [*_split(text or ""), *(_split(joined) if joined != text else ())]:
        for key in _list_message_keys(word):
            found[key] = None
            if len(found) == MAX_MESSAGE_WORDS:
                return sorted(found)
    return sorted(found)


def list_searched_words(text: str) -> list[str]:
    """Beginnings of words of the messages that a search for this text finds, all of them."""
    found: dict[str, None] = {}
    for word in _split(join_apostrophes(text)):
        if not _has_no_spaces(word):
            found[word[:MAX_MESSAGE_WORD]] = None
            continue
        for at in range(0, len(word), MAX_UNSPACED):
            found[word[at : at + MAX_UNSPACED]] = None
    return [*found]


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
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    return "".join(one if _is_of_word(one) else " " for one in plain.casefold()).split()


def _is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in {"Mc", "Mn"}
