"""Ranges of a message's text that match a search, for highlighting.

Patterns of a search find its words in the folded text, so that a page of long messages holds up
other requests only for some milliseconds.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice

from models.messages.words import (
    APOSTROPHES,
    MAX_MESSAGE_WORD,
    fold,
    is_of_word,
    is_unspaced,
    join_apostrophes,
    list_prefixes,
)

# A message of 4,096 characters may have a searched letter that often.
MAX_HIGHLIGHTS = 100
_LAST_BMP_CHARACTER = "\uffff"
_MARKED = re.compile(b"\x01+")
# Bounds the cache of folded characters.
_MAX_FOLDED = 20_000

Range = tuple[int, int]


def find_highlights(text: str, searched_parts: Sequence[str]) -> list[Range]:
    """Returns (start, length) of the text's first matches, in order and without overlaps.

    Both are in UTF-16 code units. `searched_parts` is a result of `list_searched_parts`.
    """
    search = _prepare_search(tuple(searched_parts))
    marks = bytearray(len(text))
    for start, end in search.list_matches([*_fold_text(text)]):
        marks[start:end] = b"\x01" * (end - start)
    offsets = _list_utf16_offsets(text)
    return [
        (offsets[match.start()], offsets[match.end()] - offsets[match.start()])
        for match in islice(_MARKED.finditer(marks), MAX_HIGHLIGHTS)
    ]


@dataclass(frozen=True)
class _FoldedText:
    """A text with a space instead of each character that is not of a word.

    Texts with and without apostrophes in their words are searched, because both are indexed.
    """

    folded: str
    locate: Callable[[int, int], Range]
    """Returns (start, end) in the text of a range of folded characters."""
    is_joined: bool = False
    """True without apostrophes: neighbours may have been apart."""


@dataclass(frozen=True)
class _UnspacedPart:
    """A part of a search text in a script without spaces, which may begin anywhere."""

    part: str
    run: re.Pattern[str]
    """Matches all occurrences that overlap or follow at once."""

    def list_matches(self, texts: Iterable[_FoldedText]) -> Iterator[Range]:
        length = len(self.part)
        for text in texts:
            for match in self.run.finditer(text.folded):
                start, end = match.span()
                if not text.is_joined:
                    yield text.locate(start, end)
                    continue
                for at in range(start, end - length + 1):
                    if text.folded.startswith(self.part, at):
                        yield text.locate(at, at + length)


@dataclass(frozen=True)
class _Search:
    """The parts of a search text."""

    words: re.Pattern[str] | None
    """Matches a space and a part that begins a word."""
    anywhere: re.Pattern[str] | None
    """Matches a part anywhere, for texts in which a word may begin behind another script."""
    long_parts: Sequence[str]
    """Parts that may go on behind the indexed prefix."""
    unspaced: Sequence[tuple[_UnspacedPart, Sequence[_UnspacedPart]]]
    """For each part in a script without spaces: the whole, and the pieces that the index has."""

    def list_matches(self, texts: Sequence[_FoldedText]) -> Iterator[Range]:
        for text in texts:
            yield from self._list_words(text)
        for whole, pieces in self.unspaced:
            matches = [*whole.list_matches(texts)]
            # The index compares longer parts piece by piece.
            yield from matches or (match for piece in pieces for match in piece.list_matches(texts))

    def _list_words(self, text: _FoldedText) -> Iterator[Range]:
        is_mixed = is_unspaced(text.folded)
        pattern = self.anywhere if is_mixed else self.words
        if pattern is None:
            return
        # A space is also added before the first word.
        spaced = f" {text.folded}"
        for match in pattern.finditer(spaced):
            start, end = match.start(1) - 1, match.end(1) - 1
            if is_mixed and spaced[start] != " " and not is_unspaced(spaced[start]):
                continue
            if end - start == MAX_MESSAGE_WORD:
                lengths = [_count_equal(text.folded, start, part) for part in self.long_parts]
                end = max(end, start + max(lengths, default=0))
            yield text.locate(start, end)


def _count_equal(folded: str, start: int, part: str) -> int:
    compared = zip(folded[start : start + len(part)], part, strict=False)
    return sum(accumulate((a == b for a, b in compared), min))


@lru_cache(maxsize=128)
def _prepare_search(parts: tuple[str, ...]) -> _Search:
    spaced = [part for part in parts if not is_unspaced(part)]
    # The longest first, so that a word is matched as far as possible.
    prefixes = sorted({part[:MAX_MESSAGE_WORD] for part in spaced}, key=len, reverse=True)
    choices = "|".join(map(re.escape, prefixes))
    return _Search(
        re.compile(f" ({choices})") if prefixes else None,
        re.compile(f"({choices})") if prefixes else None,
        [part for part in spaced if len(part) > MAX_MESSAGE_WORD],
        [
            (_prepare_unspaced(part), [_prepare_unspaced(piece) for piece in list_prefixes(part)])
            for part in parts
            if is_unspaced(part)
        ],
    )


def _prepare_unspaced(part: str) -> _UnspacedPart:
    # An occurrence may overlap the end of the previous one; only the remaining part is needed.
    shared = [size for size in range(len(part) - 1, -1, -1) if part.endswith(part[:size])]
    tails = "|".join(re.escape(part[size:]) for size in shared)
    return _UnspacedPart(part, re.compile(f"{re.escape(part)}(?:{tails})*"))


class _FoldedCharacters(dict[int, str]):
    """The folded characters by code point, with a space for each character outside words."""

    def __init__(self) -> None:
        super().__init__()
        self.irregular: set[str] = set()
        """Characters that are not folded to one character."""

    def __missing__(self, code: int) -> str:
        folded = "".join(part if is_of_word(part) else " " for part in fold(chr(code)))
        if len(folded) != 1:
            self.irregular.add(chr(code))
        if len(self) >= _MAX_FOLDED:
            self.clear()
        self[code] = folded
        return folded


_FOLDED = _FoldedCharacters()


def _fold_text(text: str) -> Iterator[_FoldedText]:
    folded = text.translate(_FOLDED)
    yield _FoldedText(folded, _make_locate(text))
    joined = join_apostrophes(text)
    if joined == text:
        return
    # For each apostrophe the number of other characters before it.
    before = [at - number for number, at in enumerate(_list_apostrophes(text))]
    locate = _make_locate(joined)

    def locate_joined(start: int, end: int) -> Range:
        start, end = locate(start, end)
        return start + bisect_right(before, start), end + bisect_right(before, end - 1)

    yield _FoldedText(joined.translate(_FOLDED), locate_joined, is_joined=True)


def _list_apostrophes(text: str) -> Iterator[int]:
    return (at for at, character in enumerate(text) if character in APOSTROPHES)


def _make_locate(text: str) -> Callable[[int, int], Range]:
    """Returns the function that finds a range of folded characters in the text.

    It is used after the text was folded.
    """
    ends: list[int] = []

    def locate(start: int, end: int) -> Range:
        if not ends:
            ends.extend(accumulate(len(_FOLDED[ord(character)]) for character in text))
        first, last = bisect_right(ends, start), bisect_right(ends, end - 1)
        # An accent, which is folded to nothing, belongs to the letter before it.
        return first, bisect_right(ends, ends[last], lo=last)

    def locate_regular(start: int, end: int) -> Range:
        return start, end

    is_regular = text.isascii() or _FOLDED.irregular.isdisjoint(text)
    return locate_regular if is_regular else locate


def _list_utf16_offsets(text: str) -> Sequence[int]:
    """Returns the offset of each character and of the end, in UTF-16 code units."""
    if len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text):
        return range(len(text) + 1)
    return [0, *accumulate(2 if character > _LAST_BMP_CHARACTER else 1 for character in text)]
