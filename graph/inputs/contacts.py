"""Contact cards to send. The inputs have Meta's names, so that a card is the input itself."""

import dataclasses
from typing import Any

import strawberry

from whatsapp.outbox.content import OutgoingContacts


@strawberry.input(description="The name on a contact card.")
class ContactNameInput:
    formatted_name: str = strawberry.field(description="The full name, as the card shows it.")
    first_name: str | None = strawberry.field(default=None, description="First name.")
    last_name: str | None = strawberry.field(default=None, description="Last name.")
    middle_name: str | None = strawberry.field(default=None, description="Middle name.")
    prefix: str | None = strawberry.field(default=None, description="What precedes it: Dr.")
    suffix: str | None = strawberry.field(default=None, description="What follows it: Jr.")


@strawberry.input(description="A phone number on a contact card.")
class ContactPhoneInput:
    phone: str = strawberry.field(description="The number as the card shows it.")
    type: str | None = strawberry.field(
        default=None, description="What it is for: CELL, HOME, WORK and so on."
    )
    wa_id: str | None = strawberry.field(
        default=None,
        description="Digits of the number at WhatsApp: with it the card has a button to write.",
    )


@strawberry.input(description="An e-mail address on a contact card.")
class ContactEmailInput:
    email: str = strawberry.field(description="The address.")
    type: str | None = strawberry.field(
        default=None, description="What it is for: HOME, WORK and so on."
    )


@strawberry.input(description="A web page on a contact card.")
class ContactUrlInput:
    url: str = strawberry.field(description="The address of the page.")
    type: str | None = strawberry.field(
        default=None, description="What it is for: HOME, WORK and so on."
    )


@strawberry.input(description="A postal address on a contact card.")
class ContactAddressInput:
    street: str | None = strawberry.field(default=None, description="Street and house.")
    city: str | None = strawberry.field(default=None, description="City.")
    state: str | None = strawberry.field(default=None, description="State or province.")
    zip: str | None = strawberry.field(default=None, description="Postal code.")
    country: str | None = strawberry.field(default=None, description="Country.")
    country_code: str | None = strawberry.field(
        default=None, description="The country's two letters, by ISO 3166."
    )
    type: str | None = strawberry.field(
        default=None, description="What it is for: HOME, WORK and so on."
    )


@strawberry.input(description="Where somebody on a contact card works.")
class ContactOrganizationInput:
    company: str | None = strawberry.field(default=None, description="The company.")
    department: str | None = strawberry.field(default=None, description="The department.")
    title: str | None = strawberry.field(default=None, description="What they do there.")


@strawberry.input(description="A contact card. Texts have at most 500 characters, URLs 2000.")
class ContactCardInput:
    name: ContactNameInput = strawberry.field(description="The name.")
    phones: list[ContactPhoneInput] | None = strawberry.field(
        default=None, description="Phone numbers: at most 50."
    )
    emails: list[ContactEmailInput] | None = strawberry.field(
        default=None, description="E-mail addresses: at most 50."
    )
    urls: list[ContactUrlInput] | None = strawberry.field(
        default=None, description="Web pages: at most 50."
    )
    addresses: list[ContactAddressInput] | None = strawberry.field(
        default=None, description="Postal addresses: at most 50."
    )
    org: ContactOrganizationInput | None = strawberry.field(
        default=None, description="Where they work."
    )
    birthday: str | None = strawberry.field(default=None, description="The birthday as YYYY-MM-DD.")


def read_cards(cards: list[ContactCardInput]) -> OutgoingContacts:
    return OutgoingContacts([_drop_missing(dataclasses.asdict(card)) for card in cards])


def _drop_missing(value: Any) -> Any:
    """Without what was not given; a list without entries was not given either."""
    if isinstance(value, list):
        return [_drop_missing(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: _drop_missing(inner) for key, inner in value.items() if inner not in (None, [])}
