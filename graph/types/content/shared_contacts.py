"""Contact cards in a message."""

from collections.abc import Mapping
from typing import Any

import strawberry

from graph.types.content.content_interface import Content
from graph.types.content.reading import read_object, read_objects, read_text, read_texts


@strawberry.type(description="Phone number on a contact card.")
class SharedPhone:
    phone: str | None = strawberry.field(description="Phone number as written on the card.")
    wa_id: str | None = strawberry.field(
        description="WhatsApp's id of the number, as digits; null if the number is not on WhatsApp."
    )
    type: str | None = strawberry.field(description="Kind of number, such as MOBILE or WORK.")


@strawberry.type(description="E-mail address or web page on a contact card.")
class SharedLink:
    value: str = strawberry.field(description="Address or URL.")
    type: str | None = strawberry.field(description="Kind of address, such as HOME or WORK.")


@strawberry.type(description="Postal address on a contact card.")
class SharedAddress:
    street: str | None = strawberry.field(description="Street and house number.")
    city: str | None = strawberry.field(description="City.")
    state: str | None = strawberry.field(description="State or province.")
    zip: str | None = strawberry.field(description="Postal code.")
    country: str | None = strawberry.field(description="Country.")
    country_code: str | None = strawberry.field(description="Two-letter ISO 3166 country code.")
    type: str | None = strawberry.field(description="Kind of address, such as HOME or WORK.")


@strawberry.type(description="Contact card.")
class SharedContact:
    name: str | None = strawberry.field(description="Full name as shown on the card.")
    first_name: str | None = strawberry.field(description="First name.")
    last_name: str | None = strawberry.field(description="Last name.")
    middle_name: str | None = strawberry.field(description="Middle name.")
    prefix: str | None = strawberry.field(description="Name prefix, such as Dr.")
    suffix: str | None = strawberry.field(description="Name suffix, such as Jr.")
    company: str | None = strawberry.field(description="Company.")
    department: str | None = strawberry.field(description="Department.")
    job_title: str | None = strawberry.field(description="Job title.")
    birthday: str | None = strawberry.field(description="Birthday as YYYY-MM-DD.")
    phones: list[SharedPhone] = strawberry.field(description="Phone numbers.")
    emails: list[SharedLink] = strawberry.field(description="E-mail addresses.")
    urls: list[SharedLink] = strawberry.field(description="Web pages.")
    addresses: list[SharedAddress] = strawberry.field(description="Postal addresses.")
    vcard: str | None = strawberry.field(description="Complete card as vCard text.")


@strawberry.type(description="Shared contact cards.")
class ContactsContent(Content):
    contacts: list[SharedContact] = strawberry.field(description="Contact cards.")
    origin: str | None = strawberry.field(
        description="Origin of the cards: contact_request if they answer a request, or other."
    )


_ADDRESS_KEYS = ("street", "city", "state", "zip", "country", "country_code", "type")


def read_contacts(content: Mapping[str, Any]) -> ContactsContent | None:
    """Returns None without a readable card."""
    cards = read_objects(content, "contacts")
    if not cards:
        return None
    return ContactsContent(
        contacts=[_read_card(card) for card in cards],
        origin=read_text(content, "origin") or read_text(cards[0], "origin"),
    )


def _read_card(card: Mapping[str, Any]) -> SharedContact:
    name, org = read_object(card, "name"), read_object(card, "org")
    return SharedContact(
        name=read_text(name, "formatted_name"),
        **read_texts(name, "first_name", "last_name", "middle_name", "prefix", "suffix"),
        **read_texts(org, "company", "department"),
        job_title=read_text(org, "title"),
        birthday=read_text(card, "birthday"),
        phones=[
            SharedPhone(**read_texts(phone, "phone", "wa_id", "type"))
            for phone in read_objects(card, "phones")
        ],
        emails=_read_links(card, "emails", "email"),
        urls=_read_links(card, "urls", "url"),
        addresses=[
            SharedAddress(**read_texts(address, *_ADDRESS_KEYS))
            for address in read_objects(card, "addresses")
        ],
        vcard=read_text(card, "vcard"),
    )


def _read_links(card: Mapping[str, Any], key: str, name: str) -> list[SharedLink]:
    links = [(read_text(link, name), link) for link in read_objects(card, key)]
    return [
        SharedLink(value=value, type=read_text(link, "type"))
        for value, link in links
        if value is not None
    ]
