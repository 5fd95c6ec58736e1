"""Contact cards to send. The inputs use Meta's field names, so an input is the card itself."""

import dataclasses
from typing import Any

import strawberry

from whatsapp.outbox.content import OutgoingContacts


@strawberry.input(description="Name on a contact card.")
class ContactNameInput:
    formatted_name: str = strawberry.field(description="Full name as shown on the card.")
    first_name: str | None = strawberry.field(default=None, description="First name.")
    last_name: str | None = strawberry.field(default=None, description="Last name.")
    middle_name: str | None = strawberry.field(default=None, description="Middle name.")
    prefix: str | None = strawberry.field(default=None, description="Name prefix, such as Dr.")
    suffix: str | None = strawberry.field(default=None, description="Name suffix, such as Jr.")


@strawberry.input(description="Phone number on a contact card.")
class ContactPhoneInput:
    phone: str = strawberry.field(description="Phone number as shown on the card.")
    type: str | None = strawberry.field(
        default=None, description="Kind of number, such as CELL, HOME or WORK."
    )
    wa_id: str | None = strawberry.field(
        default=None,
        description="WhatsApp's id of the number, as digits; adds a button to message the contact.",
    )


@strawberry.input(description="E-mail address on a contact card.")
class ContactEmailInput:
    email: str = strawberry.field(description="E-mail address.")
    type: str | None = strawberry.field(
        default=None, description="Kind of address, such as HOME or WORK."
    )


@strawberry.input(description="Web page on a contact card.")
class ContactUrlInput:
    url: str = strawberry.field(description="URL of the page.")
    type: str | None = strawberry.field(
        default=None, description="Kind of page, such as HOME or WORK."
    )


@strawberry.input(description="Postal address on a contact card.")
class ContactAddressInput:
    street: str | None = strawberry.field(default=None, description="Street and house number.")
    city: str | None = strawberry.field(default=None, description="City.")
    state: str | None = strawberry.field(default=None, description="State or province.")
    zip: str | None = strawberry.field(default=None, description="Postal code.")
    country: str | None = strawberry.field(default=None, description="Country.")
    country_code: str | None = strawberry.field(
        default=None, description="Two-letter ISO 3166 country code."
    )
    type: str | None = strawberry.field(
        default=None, description="Kind of address, such as HOME or WORK."
    )


@strawberry.input(description="Organization on a contact card.")
class ContactOrganizationInput:
    company: str | None = strawberry.field(default=None, description="Company.")
    department: str | None = strawberry.field(default=None, description="Department.")
    title: str | None = strawberry.field(default=None, description="Job title.")


@strawberry.input(description="Contact card. Texts have up to 500 characters, URLs up to 2,000.")
class ContactCardInput:
    name: ContactNameInput = strawberry.field(description="Name on the card.")
    phones: list[ContactPhoneInput] | None = strawberry.field(
        default=None, description="Up to 50 phone numbers."
    )
    emails: list[ContactEmailInput] | None = strawberry.field(
        default=None, description="Up to 50 e-mail addresses."
    )
    urls: list[ContactUrlInput] | None = strawberry.field(
        default=None, description="Up to 50 web pages."
    )
    addresses: list[ContactAddressInput] | None = strawberry.field(
        default=None, description="Up to 50 postal addresses."
    )
    org: ContactOrganizationInput | None = strawberry.field(
        default=None, description="Organization of the contact."
    )
    birthday: str | None = strawberry.field(default=None, description="Birthday as YYYY-MM-DD.")


def read_cards(cards: list[ContactCardInput]) -> OutgoingContacts:
    return OutgoingContacts([_drop_missing(dataclasses.asdict(card)) for card in cards])


def _drop_missing(value: Any) -> Any:
    """Removes null values and empty lists."""
    if isinstance(value, list):
        return [_drop_missing(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: _drop_missing(inner) for key, inner in value.items() if inner not in (None, [])}
