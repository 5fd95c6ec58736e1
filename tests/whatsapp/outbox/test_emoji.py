"""What counts as one emoji."""

import pytest

from whatsapp.outbox.emoji import has_emoji, is_emoji

ONE = [
    "👍",
    "❤️",
    "❤",
    "👍🏽",
    "👨\u200d👩\u200d👧\u200d👦",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🇩🇪",
    "1️⃣",
    "#️⃣",
    "🏳️\u200d🌈",
    "🫠",
    "☺️",
    "❤️\u200d🔥",
    "✔️",
    "🩷",
    "©️",
]
OTHERS = ["", "a", "1", "#", "→", "👍👍", "👍 ", "x👍", "🇩", "🇩🇪🇫🇷", "\u200d", "👍\u200d", "\ufe0f"]


@pytest.mark.parametrize("text", ONE)
def test_one(text: str) -> None:
    assert is_emoji(text)
    assert has_emoji(f"Go {text} now")


@pytest.mark.parametrize("text", OTHERS)
def test_none_or_several(text: str) -> None:
    assert not is_emoji(text)


def test_signs_are_text() -> None:
    assert not has_emoji("Book © 2026™ #1")


def test_an_endless_one_is_none() -> None:
    assert not is_emoji("👍" + "\u200d👍" * 20)
