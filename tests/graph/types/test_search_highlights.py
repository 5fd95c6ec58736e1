"""Highlights of found messages, and words at every place and in every script."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Account
from models.messages.words import list_message_words, list_searched_parts, list_searched_words
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from whatsapp.messages.highlights import find_highlights

SEARCH = """query ($text: String!) { searchMessages(text: $text) {
  edges { highlights { start length } node { text } } } }"""
ONLY_HIGHLIGHTS = """query ($text: String!) { searchMessages(text: $text) {
  edges { highlights { start length } } } }"""

LONG = " ".join(f"word{number}" for number in range(400)) + " history"
# Search text, message and its highlighted parts.
FOUND = [
    ("hist", "History of a prehistory, in histories", ["Hist", "hist"]),
    ("hist", LONG, ["hist"]),
    ("shop cof", "The coffee-shop", ["cof", "shop"]),
    ("brul", "😀😀 Crème brûlée", ["brûl"]),
    ("creme", "cre\u0300me fraîche", ["cre\u0300me"]),
    ("obri", "Ask O’Brien's son", ["O’Bri"]),
    ("brien", "Ask O’Brien's son", ["Brien"]),
    ("strass", "In der Lindenstraße, Straße 5", ["Straß"]),
    ("都庁", "東京都庁に行きます" * 40, ["都庁"] * 40),
    ("東京都庁に行きますか", "明日は東京都庁に行きますか", ["東京都庁に行きますか"]),
    ("kubernetes 部", "Kubernetes部署", ["Kubernetes部"]),
    ("역", "역사 공부", ["역"]),
    ("ครับ", "สวัสดีครับ", ["ครับ"]),
    ("शर्म", "हिन्दी शर्मा", ["शर्म"]),
    ("пет", "Иван Петров", ["Пет"]),
    ("4711", "Order 4711-99", ["4711"]),
]


async def test_found_words_are_highlighted(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    for text in dict.fromkeys(text for _, text, _ in FOUND):
        await write_message(account, "15550001111", text)

    for searched, text, parts in FOUND:
        with subtests.test(searched=searched, text=text):
            edges = (await admin(SEARCH, text=searched))["searchMessages"]["edges"]
            [highlights] = [e["highlights"] for e in edges if e["node"]["text"] == text]
            assert [cut(text, highlight) for highlight in highlights] == parts
            alone = (await admin(ONLY_HIGHLIGHTS, text=searched))["searchMessages"]["edges"]
            assert [edge["highlights"] for edge in alone] == [edge["highlights"] for edge in edges]


def cut(text: str, highlight: dict[str, int]) -> str:
    """Cuts like JavaScript's `slice`, in UTF-16 code units."""
    units = text.encode("utf-16-le")
    start = highlight["start"] * 2
    return units[start : start + highlight["length"] * 2].decode("utf-16-le")


TEXTS = st.text(st.sampled_from("aBé\u0301ßİ'’ -東が역ั😀ﬁ½1"), max_size=20)


@given(text=TEXTS, searched=TEXTS)
def test_highlights_agree_with_index(text: str, searched: str) -> None:
    words, prefixes = list_message_words(text), list_searched_words(searched)
    is_found = bool(prefixes) and all(
        any(word.startswith(prefix) for word in words) for prefix in prefixes
    )

    found: list[Any] = find_highlights(text, list_searched_parts(searched))

    assert bool(found) or not is_found
    ends = [start + length for start, length in found]
    assert all(length > 0 for _, length in found)
    assert all(end < start for end, (start, _) in zip(ends, found[1:], strict=False))
    assert not ends or ends[-1] <= len(text.encode("utf-16-le")) // 2
