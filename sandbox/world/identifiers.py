"""Ids and phone numbers in Meta's forms: wamids, numeric ids, business-scoped user ids, wa_ids."""

import base64
import hashlib
import re
import secrets

USER_ID_PATTERN = re.compile(r"^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$")
_PUNCTUATION = re.compile(r"[\s().+-]")
_COUNTRIES = {
    "1": "US", "27": "ZA", "31": "NL", "33": "FR", "34": "ES", "39": "IT", "44": "GB", "49": "DE",
    "52": "MX", "54": "AR", "55": "BR", "62": "ID", "91": "IN", "234": "NG", "254": "KE",
}  # fmt: skip


def make_wamid(phone: str, *, outbound: bool) -> str:
    """Returns a message id like Meta's: base64 over the customer's number and a random part."""
    number = phone.encode()
    random_part = secrets.token_hex(10).upper().encode()
    direction = b"\x11" if outbound else b"\x12"
    packed = b"\x1c\x18" + bytes([len(number)]) + number + b"\x15\x02\x00" + direction
    packed += b"\x18" + bytes([len(random_part)]) + random_part + b"\x00"
    return "wamid." + base64.b64encode(packed).decode()


def make_numeric_id() -> str:
    """15 digits, as media and template ids have."""
    return str(10**14 + secrets.randbelow(9 * 10**14))


def make_user_id(phone: str, *, business_account_id: str) -> str:
    """Returns the customer's business-scoped user id, which differs between businesses."""
    digest = hashlib.sha256(f"{business_account_id}|{phone}".encode()).digest()
    return f"{find_country(phone)}.{int.from_bytes(digest[:8], 'big'):020d}"


def find_country(phone: str) -> str:
    codes = (_COUNTRIES.get(phone[:length]) for length in (3, 2, 1))
    return next((code for code in codes if code), "US")


def is_user_id(text: str) -> bool:
    return USER_ID_PATTERN.match(text) is not None


def read_phone(text: str) -> str | None:
    """Returns a phone number's digits, or None. Meta accepts "+", spaces, hyphens and brackets."""
    digits = _PUNCTUATION.sub("", text)
    plain = digits.isascii() and digits.isdigit()
    return digits if plain and 5 <= len(digits) <= 17 else None


def make_wa_id(phone: str) -> str:
    """Returns WhatsApp's id of a number, which may differ from the number dialled.

    Brazil: mobiles of area codes above 28 have no ninth digit. Mexico and Argentina: mobiles have
    an extra 1 or 9 behind the country code.
    """
    if phone.startswith("55") and len(phone) == 13 and phone[4] == "9" and int(phone[2:4]) > 28:
        return phone[:4] + phone[5:]
    if phone.startswith("52") and len(phone) == 12:
        return "521" + phone[2:]
    if phone.startswith("54") and len(phone) == 12 and phone[2] != "9":
        return "549" + phone[2:]
    return phone
