"""Search words of texts: in lower case and without accents."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

MAX_WORD = 40
# These bound the index entries of a message. See docs/decisions/0039.
MAX_MESSAGE_WORDS = 500
MAX_MESSAGE_WORD = 20
# In scripts without spaces, a word may begin at each character.
MAX_UNSPACED = 8
# Scripts without spaces: Thai, Lao, Myanmar, Khmer, Hangul (decomposed), kana, Han, Yi, Tangut.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00016fe0-\U00018fff\U0001b000-\U0001b2ff"
    "\U00020000-\U0003fffd]+"
)
APOSTROPHES = frozenset("'’ʼ`")
_APOSTROPHES = re.compile(f"[{''.join(sorted(APOSTROPHES))}]")
ASCII_WORD = re.compile(r"[a-z0-9]+", re.ASCII)


def list_words(text: str) -> list[str]:
    """Returns the words of a text, in lower case and without accents."""
    return [word[:MAX_WORD] for word in _split(text)]


def join_apostrophes(text: str) -> str:
    """Removes apostrophes: O'Brien becomes OBrien."""
    return _APOSTROPHES.sub("", text)


def is_unspaced(word: str) -> bool:
    """Returns True if a part of the word is in a script without spaces."""
    return not word.isascii() and bool(_UNSPACED.search(word))


def split_scripts(word: str) -> list[str]:
    """Splits a word where a script without spaces begins or ends: 2024年 becomes 2024 and 年."""
    if not is_unspaced(word):
        return [word]
    parts, end = [], 0
    for match in _UNSPACED.finditer(word):
        parts += [word[end : match.start()], match.group()]
        end = match.end()
    return [part for part in (*parts, word[end:]) if part]


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
    return [*dict.fromkeys(chain.from_iterable(map(list_prefixes, list_searched_parts(text))))]


def list_searched_parts(text: str) -> list[str]:
    """Returns the different words of a search text, split by script."""
    words = _split(join_apostrophes(text))
    return [*dict.fromkeys(chain.from_iterable(map(split_scripts, words)))]


def list_prefixes(part: str) -> list[str]:
    """Returns prefixes of index entries that a message with this part of a search text has."""
    if not is_unspaced(part):
        return [part[:MAX_MESSAGE_WORD]]
    return [part[at : at + MAX_UNSPACED] for at in range(0, len(part), MAX_UNSPACED)]


def _list_message_keys(word: str) -> Iterator[str]:
    for part in split_scripts(word):
        if is_unspaced(part):
            yield from (part[at : at + MAX_UNSPACED] for at in range(len(part)))
        else:
            yield part[:MAX_MESSAGE_WORD]


def _split(text: str) -> list[str]:
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    return "".join(part if is_of_word(part) else " " for part in fold(text)).split()


def fold(text: str) -> str:
    """Returns the text in lower case without accents; each character is folded by itself."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(part for part in decomposed if not unicodedata.combining(part))
    return plain.casefold()


def is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in {"Mc", "Mn"}
