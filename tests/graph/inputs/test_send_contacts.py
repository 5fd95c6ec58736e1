"""Sending contact cards."""

import copy
from typing import Any

import pytest

from models import Account, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.sending import check_refused, find_body, load_send, send

CARD: dict[str, Any] = {
    "name": {
        "formattedName": "Dr Ada M. Lovelace Jr",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "middleName": "M.",
        "prefix": "Dr",
        "suffix": "Jr",
    },
    "phones": [
        {"phone": "+49 30 5550100", "type": "HOME"},
        {"phone": "+1 (650) 555-0199", "type": "WORK", "waId": "16505550199"},
    ],
    "emails": [
        {"email": "ada@example.com", "type": "WORK"},
        {"email": "home@example.com", "type": "HOME"},
    ],
    "urls": [
        {"url": "https://shop.example.com", "type": "WORK"},
        {"url": "https://ada.example.com", "type": "HOME"},
    ],
    "addresses": [
        {
            "street": street,
            "city": "Berlin",
            "state": "BE",
            "zip": "10115",
            "country": "Germany",
            "countryCode": "de",
            "type": kind,
        }
        for street, kind in (("Hauptstr. 1", "HOME"), ("Nebenweg 2", "WORK"))
    ],
    "org": {"company": "Test shop", "department": "Sales", "title": "Buyer"},
    "birthday": "1990-02-28",
}
CONTENT = """query ($id: ID!) { message(id: $id) { content { ... on ContactsContent { origin
  contacts { name firstName lastName middleName prefix suffix company department jobTitle birthday
    phones { phone waId type } emails { value type } urls { value type }
    addresses { street city state zip country countryCode type } } } } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Whom shall I call?")


async def test_contact_card_is_sent_and_shown_whole(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    message = await send(agent, said, {"contacts": [CARD]})

    assert await find_body(meta, message["id"]) == load_send("contacts")
    assert (message["type"], message["text"]) == ("contacts", "Dr Ada M. Lovelace Jr")
    [shown] = (await agent(CONTENT, id=message["id"]))["message"]["content"]["contacts"]
    name = {"name": CARD["name"]["formattedName"], **CARD["name"]}
    org = {"company": "Test shop", "department": "Sales", "jobTitle": "Buyer"}
    del name["formattedName"]
    assert shown == {
        **name,
        **org,
        "birthday": "1990-02-28",
        "phones": [{"waId": None, **one} for one in CARD["phones"]],
        "emails": [{"value": one["email"], "type": one["type"]} for one in CARD["emails"]],
        "urls": [{"value": one["url"], "type": one["type"]} for one in CARD["urls"]],
        "addresses": CARD["addresses"],
    }


async def test_small_card_sends_only_given_fields(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    first: dict[str, Any] = {
        "name": {"formattedName": "Bob", "lastName": "Bob"},
        "emails": [],
        "org": None,
    }
    second = {"name": {"formattedName": "Eve"}, "phones": [{"phone": "112"}]}

    message = await send(agent, said, {"contacts": [first, second]})

    # WhatsApp refuses a name with only `formatted_name`.
    assert (await find_body(meta, message["id"]))["contacts"] == [
        {"name": {"formatted_name": "Bob", "last_name": "Bob"}},
        {"name": {"formatted_name": "Eve", "first_name": "Eve"}, "phones": [{"phone": "112"}]},
    ]
    assert message["text"] == "Bob, Eve"


# Path in the card, value, and the field named in the error.
REFUSED: list[tuple[list[Any], Any, list[str]]] = [
    (["name", "formattedName"], " ", ["name", "formattedName"]),
    (["name", "formattedName"], "x" * 501, ["name", "formattedName"]),
    (["name", "lastName"], "", ["name", "lastName"]),
    (["phones", 1, "phone"], "", ["phones", "1", "phone"]),
    (["phones", 1, "waId"], "+16505550199", ["phones", "1", "waId"]),
    (["phones", 1, "type"], "x" * 501, ["phones", "1", "type"]),
    (["phones"], [{"phone": "1"}] * 51, ["phones"]),
    (["emails", 0, "email"], "ada", ["emails", "0", "email"]),
    (["urls", 1, "url"], "h" * 2001, ["urls", "1", "url"]),
    (["addresses", 0, "countryCode"], "DEU", ["addresses", "0", "countryCode"]),
    (["addresses", 1], {}, ["addresses", "1"]),
    (["org"], {}, ["org"]),
    (["birthday"], "1990-02-30", ["birthday"]),
    (["birthday"], "28.02.1990", ["birthday"]),
    (["birthday"], "19900228", ["birthday"]),
]


async def test_malformed_contact_is_refused_with_field(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for [*path, last], value, field in REFUSED:
        with subtests.test(field=field):
            card = copy.deepcopy(CARD)
            inner: Any = card
            for step in path:
                inner = inner[step]
            inner[last] = value
            content = {"contacts": [CARD, card]}

            await check_refused(agent, meta, said, content, "contacts", "1", *field)


@pytest.mark.parametrize("count", [0, 258])
async def test_there_are_1_to_257_cards(
    agent: GraphQLClient, said: Message, meta: FakeMeta, count: int
) -> None:
    cards = [{"name": {"formattedName": "Bob"}}] * count

    await check_refused(agent, meta, said, {"contacts": cards}, "contacts")
