"""How WhatsApp names a person: phone digits with their national variants, and user ids."""

import re

from models import Identity, IdentityKind

# CC. + up to 128 alphanumerics, the parent with ENT. in between (Meta, May 2026).
BSUID_PATTERN = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_PHONE_PUNCTUATION = re.compile(r"[\s().\-/]")
_PHONE = re.compile(r"[1-9][0-9]{6,14}")
_BRAZIL_WITH_9 = re.compile(r"55[0-9]{2}9[6-9][0-9]{7}")
_BRAZIL_WITHOUT_9 = re.compile(r"55[0-9]{2}[6-9][0-9]{7}")


def normalize_phone(text: str) -> str | None:
    """Returns the digits of a number as Meta writes it, or None if it is not one.

    Numbers that people type are read by `whatsapp.contacts.phone_parsing`.
    """
    stripped = _PHONE_PUNCTUATION.sub("", text).removeprefix("+")
    return stripped if _PHONE.fullmatch(stripped) else None


def is_bsuid(text: str) -> bool:
    return bool(BSUID_PATTERN.fullmatch(text))


def list_phone_variants(digits: str) -> list[str]:
    """The given digits first, then the other form that the same phone may have at WhatsApp.

    Brazil writes mobile numbers with and without a 9 after the area code, Argentina 54 and 549,
    Mexico 52 and 521. Meta may give either form for the same person. Brazil's 9 was put before
    mobile numbers, which began with 6 to 9; a number that begins with 2 to 5 is a landline.
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
    """The identities under which the same person may already be known."""
    if identity.kind is not IdentityKind.WA_ID:
        return [identity]
    return [
        Identity(kind=IdentityKind.WA_ID, value=value)
        for value in list_phone_variants(identity.value)
    ]
