"""Outgoing contact cards."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from whatsapp.common.values import check_body
from whatsapp.contacts.identities import parse_phone
from whatsapp.errors import InvalidInput, InvalidReason, RefusalCollector
from whatsapp.messages.message_preview import make_preview
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.text import URL_LIMIT, check_count
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# Meta's error 131009: "Contacts count exceeds max allowed count".
CARD_LIMIT = 257
# Ours: Meta states none.
ENTRY_LIMIT = 50
TEXT_LIMIT = 500
FIELD = ["content", "contacts"]
_BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_COUNTRY_CODE = re.compile(r"[A-Za-z]{2}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
Card = Mapping[str, Any]


@dataclass(frozen=True)
class OutgoingContacts:
    """1 to 257 cards in Meta's form, without keys that have no value."""

    type: ClassVar[str] = "contacts"
    needs_window: ClassVar[bool] = True
    references: ClassVar[References] = References()
    cards: list[dict[str, Any]]

    def describe(self) -> list[dict[str, Any]]:
        return [_complete_name(card) for card in self.cards]

    def check(self) -> None:
        """Raises InvalidInput."""
        check_count(self.cards, limit=CARD_LIMIT, noun="contacts", field=FIELD)
        with RefusalCollector() as collect:
            for index, card in enumerate(self.cards):
                collect(_check_card, card, field=[*FIELD, str(index)])

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - needs no look-up
        content = {"contacts": self.describe()}
        return ResolvedContent(content, make_preview("contacts", content))


def _complete_name(card: Card) -> dict[str, Any]:
    """Returns the card with a first name: WhatsApp requires one part of the name."""
    name = card["name"]
    return {
        **card,
        "name": name if len(name) > 1 else name | {"first_name": name["formatted_name"]},
    }


def _check_card(card: Card, *, field: list[str]) -> None:
    for key, entries in card.items():
        if isinstance(entries, list):
            check_count(entries, limit=ENTRY_LIMIT, noun=key, field=[*field, key])
    with RefusalCollector() as collect:
        for place, value in _list_values(card, field):
            collect(_check_value, value, place)


def _check_value(value: Any, field: list[str]) -> None:
    if not isinstance(value, str):
        raise InvalidInput(
            "Give at least one field of this object.", field=field, reason=InvalidReason.REQUIRED
        )
    check_body(value, limit=URL_LIMIT if field[-1] == "url" else TEXT_LIMIT, field=field)
    check = _CHECKS.get(field[-1])
    if check is not None:
        check(value, field)


def _list_values(value: Any, field: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yields every text and every empty object in `value`, with its field."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _list_values(inner, [*field, key])
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _list_values(inner, [*field, str(index)])
    else:
        yield field, value


def _check_birthday(text: str, field: list[str]) -> None:
    try:
        if _BIRTHDAY.fullmatch(text) and date.fromisoformat(text):
            return
    except ValueError:
        pass
    raise InvalidInput(
        "Use a date of the form YYYY-MM-DD.", field=field, reason=InvalidReason.MALFORMED
    )


def _check_email(text: str, field: list[str]) -> None:
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(
            "Use an e-mail address such as name@example.com.",
            field=field,
            reason=InvalidReason.MALFORMED,
        )


def _check_country_code(text: str, field: list[str]) -> None:
    if not _COUNTRY_CODE.fullmatch(text):
        raise InvalidInput(
            "Use a country code of two letters.", field=field, reason=InvalidReason.MALFORMED
        )


def _check_wa_id(text: str, field: list[str]) -> None:
    if parse_phone(text) != text:
        raise InvalidInput(
            "Use a phone number with its country code, in digits only.",
            field=field,
            reason=InvalidReason.MALFORMED,
        )


_CHECKS = {
    "birthday": _check_birthday,
    "email": _check_email,
    "country_code": _check_country_code,
    "wa_id": _check_wa_id,
}
