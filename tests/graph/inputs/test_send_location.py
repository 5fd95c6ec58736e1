"""Sending a place."""

from typing import Any

import pytest

from models import Account, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.sending import check_refused, find_body, load_send, send

PLACE = {"latitude": 52.52, "longitude": 13.405}
NAMED = PLACE | {"name": "Test shop", "address": "Alexanderplatz 1, Berlin"}
CONTENT = """query ($id: ID!) { message(id: $id) { text type content { __typename
  ... on LocationContent { latitude longitude name address url } } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Where are you?")


async def test_place_arrives_as_meta_wants_it(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    message = await send(agent, said, {"location": NAMED})

    assert await find_body(meta, message["id"]) == load_send("location")
    assert (message["type"], message["text"]) == ("location", "Test shop")
    shown = (await agent(CONTENT, id=message["id"]))["message"]["content"]
    assert shown == {"__typename": "LocationContent", **NAMED, "url": None}


async def test_place_without_name_has_no_such_keys(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    message = await send(agent, said, {"location": PLACE | {"name": None}})

    assert (await find_body(meta, message["id"]))["location"] == PLACE
    assert message["text"] == "[location]"


REFUSED: list[tuple[dict[str, Any], str]] = [
    (PLACE | {"latitude": 90.1}, "latitude"),
    (PLACE | {"latitude": -91}, "latitude"),
    (PLACE | {"longitude": 180.5}, "longitude"),
    (NAMED | {"name": "x" * 1001}, "name"),
    (NAMED | {"name": " "}, "name"),
    (NAMED | {"address": "x" * 1001}, "address"),
    (NAMED | {"address": "a\0b"}, "address"),
]


async def test_out_of_range_location_is_refused(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for place, field in REFUSED:
        with subtests.test(place=place):
            await check_refused(agent, meta, said, {"location": place}, "location", field)


async def test_ends_of_ranges_are_places_too(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    message = await send(agent, said, {"location": {"latitude": -90, "longitude": 180}})

    body = await find_body(meta, message["id"])
    assert body["location"] == {"latitude": -90, "longitude": 180}
