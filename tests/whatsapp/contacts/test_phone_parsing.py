"""Phone numbers as people type them."""

import pytest

from whatsapp.contacts.identities import list_typed_pieces, parse_phone


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+44 (0)20 7946 0018", "442079460018"),
        ("+44 020 7946 0018", "442079460018"),
        ("004915112345678", "4915112345678"),
        ("+39 06 12345678", "390612345678"),
        ("+54 11 15-2345-6789", "5491123456789"),
        ("5215512345678", "5215512345678"),
        ("551187654321", "551187654321"),
        ("1 (650) 555-1234", "16505551234"),
        ("+1.650.555.1234", "16505551234"),
        ("\u202a+1 650 555 1234\u202c", "16505551234"),
        ("+١٦٥٠٥٥٥١٢٣٤", "16505551234"),
        # Numbers of Meta's own examples, which no company may assign.
        ("15550001111", "15550001111"),
    ],
)
def test_typed_number_becomes_digits(text: str, digits: str) -> None:
    assert parse_phone(text) == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "1",
        "0650 555 1234",
        "(0)20 7946 0018",
        "+44 7946 001",
        "+1650",
        "+1650555123412345",
        "+999 123 456 789",
        "+49151123456789012",
        "+1 650 555 1234 x12",
        "+1 650 555 1234;ext=12",
        "+1 800 FLOWERS",
        "tel:+16505551234",
        "US.13491208655302741918",
        "+16505551234, +16505551235",
        "1" * 10_000,
    ],
)
def test_impossible_number_is_refused(text: str) -> None:
    assert parse_phone(text) is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("7946 0018", ["79460018"]),
        ("020 7946 0018", ["02079460018", "2079460018"]),
        ("+44 (0)20 79", ["442079"]),
        ("+44 020 7946 0018", ["4402079460018", "442079460018"]),
        ("00", ["00"]),
        ("Ada 7", []),
    ],
)
def test_typed_piece_becomes_search_pieces(text: str, pieces: list[str]) -> None:
    assert list_typed_pieces(text) == pieces
