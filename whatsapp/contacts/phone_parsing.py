"""Phone numbers as people type them, parsed with Google's numbering plans (`phonenumbers`).

Only for what people type: a call takes about 30 µs, and Meta's own digits need no parsing.
"""

import unicodedata

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    is_possible_number_for_type_with_reason,
    is_valid_number,
)
from phonenumbers import ValidationResult as Length

from whatsapp.contacts.identities import list_phone_variants
from whatsapp.contacts.search_keys import SHORTEST_NUMBER, read_digits

# Longer text is no phone number, and parsing it would only cost time.
MAX_TYPED = 64
MAX_DIGITS = 15
_PLUS_SIGNS = "+＋"
_DIALLED_PLUS = "00"
_TRUNK_PREFIX = "(0)"
_KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)

PHONE_ADVICE = (
    "This is not a phone number of any country. Write it with its country code, such as"
    " +4915112345678."
)


def parse_phone(text: str) -> str | None:
    """Returns the digits of an E.164 number, or None if no country has such a number.

    The "+" is optional. The trunk prefix of "+44 (0)20 7946 0018" is dropped. In a range that
    is not assigned only the length is checked: plans change more often than servers are updated.
    """
    plain = "".join(one for one in text if unicodedata.category(one) != "Cf").strip()
    if len(plain) > MAX_TYPED or any(map(str.isalpha, plain)):
        return None
    try:
        number = phonenumbers.parse(f"+{_strip_prefix(plain)}")
    except NumberParseException:
        return None
    digits = phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")
    if number.extension or len(digits) > MAX_DIGITS:
        return None
    # Meta itself writes Mexican numbers with a 1 that the numbering plan no longer has.
    return digits if any(map(_is_possible, list_phone_variants(digits))) else None


def list_typed_pieces(text: str) -> list[str]:
    """Returns the digits of a typed number or of a piece of one, as search keys have them.

    A trunk prefix ("020 7946 0018") is part of no E.164 number, so the piece without it counts too.
    """
    digits = read_digits(text.replace(_TRUNK_PREFIX, ""))
    if digits is None:
        return []
    trunkless = digits.lstrip("0")
    pieces = [digits, trunkless] if len(trunkless) >= SHORTEST_NUMBER else [digits]
    if text.startswith((*_PLUS_SIGNS, _DIALLED_PLUS)) and (number := parse_phone(text)):
        pieces.append(number)
    return list(dict.fromkeys(filter(None, pieces)))


def _strip_prefix(text: str) -> str:
    stripped = text.lstrip(_PLUS_SIGNS)
    return stripped if stripped != text else text.removeprefix(_DIALLED_PLUS)


def _is_possible(digits: str) -> bool:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return False
    return is_valid_number(number) or any(
        is_possible_number_for_type_with_reason(number, kind) == Length.IS_POSSIBLE
        for kind in _KINDS
    )
