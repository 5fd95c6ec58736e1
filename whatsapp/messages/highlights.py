"""Ranges of a message's text that match a search, for highlighting."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from models.messages.words import (
    APOSTROPHES,
    ASCII_WORD,
    MAX_MESSAGE_WORD,
    fold,
    is_of_word,
    is_unspaced,
    list_prefixes,
    split_scripts,
)

# A message of 4,096 characters may have a searched letter that often.
MAX_HIGHLIGHTS = 100
_LAST_BMP_CHARACTER = "\uffff"

Range = tuple[int, int]


class _PlacedWord(NamedTuple):
    """A search word of a text, with the places of the text's folded characters."""

    word: str
    offset: int
    """Index of the word's first character in `starts` and `ends`."""
    starts: Sequence[int]
    ends: Sequence[int]

    def locate(self, at: int, length: int) -> Range:
        """Returns (start, end) in the text of these characters of the word."""
        first = self.offset + at
        return self.starts[first], self.ends[first + length - 1]


def find_highlights(text: str, searched_parts: Sequence[str]) -> list[Range]:
    """Returns (start, length) of the text's first matches, in order and without overlaps.

    Both are in UTF-16 code units. `searched_parts` is a result of `list_searched_parts`.
    """
    words = [word for joined in (False, True) for word in _place_words(text, joined=joined)]
    matches = _merge(sorted(set(_list_matches(words, searched_parts))))
    offsets = _list_utf16_offsets(text)
    return [
        (offsets[start], offsets[end] - offsets[start]) for start, end in matches[:MAX_HIGHLIGHTS]
    ]


def _list_matches(words: Sequence[_PlacedWord], parts: Iterable[str]) -> Iterator[Range]:
    for part in parts:
        if not is_unspaced(part):
            yield from _list_prefixed(words, part)
            continue
        whole = [*_list_occurrences(words, part)]
        # The index compares longer parts piece by piece.
        yield from whole or (
            match for piece in list_prefixes(part) for match in _list_occurrences(words, piece)
        )


def _list_prefixed(words: Iterable[_PlacedWord], part: str) -> Iterator[Range]:
    prefix = part[:MAX_MESSAGE_WORD]
    for word in words:
        if word.word.startswith(prefix):
            equal = accumulate((a == b for a, b in zip(word.word, part, strict=False)), min)
            yield word.locate(0, sum(equal))


def _list_occurrences(words: Iterable[_PlacedWord], part: str) -> Iterator[Range]:
    for word in words:
        at = word.word.find(part)
        while at >= 0:
            yield word.locate(at, len(part))
            at = word.word.find(part, at + 1)


def _place_words(text: str, *, joined: bool) -> Iterator[_PlacedWord]:
    """Returns the words like `list_message_words`, with or without apostrophes in them."""
    if joined and APOSTROPHES.isdisjoint(text):
        return
    if text.isascii() and not joined:
        starts, ends = range(len(text)), range(1, len(text) + 1)
        for match in ASCII_WORD.finditer(text.lower()):
            yield _PlacedWord(match.group(), match.start(), starts, ends)
        return
    pieces = [
        "" if joined and character in APOSTROPHES else _fold_character(character)
        for character in text
    ]
    places = _place_characters(text, pieces)
    folded = "".join(pieces)
    at = 0
    for word in folded.split():
        at = folded.index(word, at)
        for part in split_scripts(word):
            yield _PlacedWord(part, at, *places)
            at += len(part)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    """Returns the folded character, with spaces for what is not of a word."""
    return "".join(part if is_of_word(part) else " " for part in fold(character))


def _place_characters(text: str, pieces: Sequence[str]) -> tuple[Sequence[int], Sequence[int]]:
    """Returns the start and end in the text of each character of the joined pieces."""
    if all(len(piece) == 1 for piece in pieces):
        return range(len(pieces)), range(1, len(pieces) + 1)
    starts: list[int] = []
    ends: list[int] = []
    for at, piece in enumerate(pieces):
        starts += [at] * len(piece)
        ends += [at + 1] * len(piece)
        if not piece and ends and text[at] not in APOSTROPHES:
            # An accent belongs to the letter before it.
            ends[-1] = at + 1
    return starts, ends


def _merge(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _list_utf16_offsets(text: str) -> Sequence[int]:
    """Returns the offset of each character and of the end, in UTF-16 code units."""
    if text.isascii() or max(text) <= _LAST_BMP_CHARACTER:
        return range(len(text) + 1)
    return [0, *accumulate(2 if character > _LAST_BMP_CHARACTER else 1 for character in text)]
