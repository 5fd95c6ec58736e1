"""Identities of a person at WhatsApp: phone numbers with national variants, and user ids.

Numbers typed by people are parsed with Google's numbering plans (`phonenumbers`), which takes about
30 µs a call; Meta's digits need no parsing.
"""

import re
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

from models import Identity, IdentityKind

# CC. + up to 128 alphanumerics, the parent with ENT. in between (Meta, May 2026).
BSUID_PATTERN = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_PHONE_PUNCTUATION = re.compile(r"[\s().\-/]")
SHORTEST_NUMBER = 3
_NOT_DIGITS = re.compile(r"[\s().+\-/]")
_PHONE = re.compile(r"[1-9][0-9]{6,14}")
_BRAZIL_WITH_9 = re.compile(r"55[0-9]{2}9[6-9][0-9]{7}")
_BRAZIL_WITHOUT_9 = re.compile(r"55[0-9]{2}[6-9][0-9]{7}")


def normalize_phone(text: str) -> str | None:
    """Returns the digits of a number in Meta's format, or None if it is not a number."""
    stripped = _PHONE_PUNCTUATION.sub("", text).removeprefix("+")
    return stripped if _PHONE.fullmatch(stripped) else None


def read_digits(text: str) -> str | None:
    """Returns the digits of a phone number or a part of one, or None for other text."""
    digits = _NOT_DIGITS.sub("", text)
    return digits if digits.isascii() and digits.isdigit() else None


def is_bsuid(text: str) -> bool:
    return bool(BSUID_PATTERN.fullmatch(text))


def list_phone_variants(digits: str) -> list[str]:
    """Returns the given digits, then the other form of the same phone at WhatsApp, if any.

    Meta may use either form: in Brazil with or without a 9 after the area code, in Argentina 54 or
    549, in Mexico 52 or 521. Brazil's 9 applies to mobile numbers, which begin with 6 to 9 without
    it; 2 to 5 are landlines.
    """
    variants = [digits]
    if _BRAZIL_WITH_9.fullmatch(digits):
        variants.append(digits[:4] + digits[5:])
    elif _BRAZIL_WITHOUT_9.fullmatch(digits):
        variants.append(digits[:4] + "9" + digits[4:])
    elif digits.startswith("549") and len(digits) == 13:
        variants.append("54" + digits[3:])
    elif digits.startswith("54") and len(digits) == 12:
        variants.append("549" + digits[2:])
    elif digits.startswith("521") and len(digits) == 13:
        variants.append("52" + digits[3:])
    elif digits.startswith("52") and len(digits) == 12:
        variants.append("521" + digits[2:])
    return variants


def list_lookups(identity: Identity) -> list[Identity]:
    """Returns the identities under which the same person may be stored."""
    if identity.kind is not IdentityKind.WA_ID:
        return [identity]
    return [
        Identity(kind=IdentityKind.WA_ID, value=value)
        for value in list_phone_variants(identity.value)
    ]


# Longer text is not a phone number and is not parsed.
MAX_TYPED = 64
MAX_DIGITS = 15
_PLUS_SIGNS = "+＋"
_DIALLED_PLUS = "00"
_TRUNK_PREFIX = "(0)"
_KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)

PHONE_ADVICE = (
    "The phone number is invalid; use the international format with country code, such as"
    " +4915112345678."
)


def parse_phone(text: str) -> str | None:
    """Returns the digits of an E.164 number, or None if no country has such a number.

    The "+" is optional. The trunk prefix of "+44 (0)20 7946 0018" is dropped. In unassigned ranges
    only the length is checked, because numbering plans change faster than servers are updated.
    """
    plain = "".join(char for char in text if unicodedata.category(char) != "Cf").strip()
    if len(plain) > MAX_TYPED or any(map(str.isalpha, plain)):
        return None
    try:
        number = phonenumbers.parse(f"+{_strip_prefix(plain)}")
    except NumberParseException:
        return None
    digits = phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")
    if number.extension or len(digits) > MAX_DIGITS:
        return None
    # Meta writes Mexican numbers with a 1 that the numbering plan no longer has.
    return digits if any(map(_is_possible, list_phone_variants(digits))) else None


def list_typed_pieces(text: str) -> list[str]:
    """Returns the digits of a typed number or a part of one, in the form of search keys.

    Also returned without a trunk prefix ("020 7946 0018"), which E.164 numbers do not have.
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
