"""Phone numbers and user ids as WhatsApp writes them."""

import pytest

from whatsapp.contacts.identities import is_bsuid, list_phone_variants, normalize_phone


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+1 (650) 555-1234", "16505551234"),
        ("16505551234", "16505551234"),
        ("0650 555 1234", None),
        ("+1650", None),
        ("١٦٥٠٥٥٥١٢٣٤", None),
        ("1650555123412345", None),
        ("US.13491208655302741918", None),
    ],
)
def test_phone_numbers_of_meta_are_read_as_digits(text: str, digits: str | None) -> None:
    assert normalize_phone(text) == digits


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),
        ("5491123456789", "541123456789"),
        ("5215512345678", "525512345678"),
    ],
)
def test_both_national_forms_find_each_other(one: str, other: str) -> None:
    assert list_phone_variants(one) == [one, other]
    assert list_phone_variants(other) == [other, one]


@pytest.mark.parametrize(
    "digits", ["551131234567", "5511931234567", "555121234567", "5511912345678", "5521951234567"]
)
def test_brazilian_landline_is_no_form_of_mobile(digits: str) -> None:
    assert list_phone_variants(digits) == [digits]


def test_other_countries_have_one_form() -> None:
    assert list_phone_variants("16505551234") == ["16505551234"]


def test_user_ids_are_distinguished_from_numbers() -> None:
    assert is_bsuid("US.13491208655302741918")
    assert is_bsuid("BR.ENT.abc123")
    assert not is_bsuid("16505551234")
    assert not is_bsuid("us.123")
