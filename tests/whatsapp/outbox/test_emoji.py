"""Recognition of emoji in reactions and button labels."""

import emoji
import pytest

from whatsapp.outbox.content.interactive_requests import has_emoji
from whatsapp.outbox.content.reaction import is_emoji

EMOJI = [
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
NOT_ONE_EMOJI = [
    "",
    "a",
    "1",
    "#",
    "→",
    "👍👍",
    "👍 ",
    "x👍",
    "🇩",
    "🇩🇪🇫🇷",
    "\u200d",
    "👍\u200d",
    "\ufe0f",
]


@pytest.mark.parametrize("text", EMOJI)
def test_single_emoji_is_accepted(text: str) -> None:
    assert is_emoji(text)
    assert has_emoji(f"Go {text} now")


@pytest.mark.parametrize("text", NOT_ONE_EMOJI)
def test_other_text_is_no_single_emoji(text: str) -> None:
    assert not is_emoji(text)


def test_legal_signs_are_text() -> None:
    assert not has_emoji("Book © 2026™ #1")


def test_endless_sequence_is_refused() -> None:
    assert not is_emoji("👍" + "\u200d👍" * 20)
    assert not is_emoji("👍" + "\ufe0f" * 40)


def test_variation_selectors_are_optional() -> None:
    bare = {sequence.replace("\ufe0f", "") for sequence in emoji.EMOJI_DATA}

    assert [sequence for sequence in bare | set(emoji.EMOJI_DATA) if not is_emoji(sequence)] == []
