"""Decimal, PhoneNumber and URL: checked in requests, readable in responses."""

from typing import Any

import pytest

from models import Account, Message, User
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.templates import by_name, find_body, sync
from tests.fixtures.uploads import SEND

USER = """mutation ($phone: PhoneNumber) { createUser(input: {phone: $phone}) {
  user { phone } userErrors { code } } }"""
LITERAL = """mutation { createUser(input: {phone: "%s"}) {
  user { phone } userErrors { code } } }"""
LOOK = """query ($id: ID!) { conversation(id: $id) { messages { nodes { text
  referral { headline sourceUrl imageUrl }
  content { __typename
    ... on LocationContent { name place: url }
    ... on InteractiveContent { body link { displayText url } }
    ... on OrderContent { items { quantity price } } } } } } }"""


@pytest.mark.parametrize("typed", ["+49 151 1234-5678", "4915112345678", "+49 (0)151 12345678"])
async def test_phone_number_is_returned_as_e164(admin: GraphQLClient, typed: str) -> None:
    variable = await admin(USER, phone=typed)
    await collection(User).delete_many({})
    literal = await admin(LITERAL % typed)

    for shown in (variable, literal):
        assert shown["createUser"] == {"user": {"phone": "+4915112345678"}, "userErrors": []}


def phone(value: Any) -> tuple[dict[str, Any], str]:
    content = {"text": {"body": "x"}}
    return {"to": {"phoneNumber": value}, "content": content}, ".to.phoneNumber"


def link(value: Any) -> tuple[dict[str, Any], str]:
    content = {"image": {"source": {"link": value}}}
    return {"to": {"phoneNumber": "16505551234"}, "content": content}, ".content.image.source.link"


def page(value: Any) -> tuple[dict[str, Any], str]:
    button = {"body": "?", "displayText": "Go", "url": value}
    content = {"interactive": {"ctaUrl": button}}
    place = ".content.interactive.ctaUrl.url"
    return {"to": {"phoneNumber": "16505551234"}, "content": content}, place


def amount(value: Any) -> tuple[dict[str, Any], str]:
    money = {"code": "EUR", "amount": value, "fallbackValue": "1 €"}
    template = by_name("x", parameters={"body": [{"value": {"currency": money}}]})
    place = ".content.template.parameters.body[0].value.currency.amount"
    return {"to": {"phoneNumber": "16505551234"}, "content": {"template": template}}, place


REFUSED = [
    *map(phone, ["0650", "", "+1", "Ada", "+16505551234 ext. 5", 16505551234, "+" * 5000]),
    *map(link, ["ftp://example.com/x", "https://", "example.com/x", "//example.com", "", 7, {}]),
    *map(link, ["https://example.com:99999/x", "https://example.com/a b"]),
    *map(page, ["javascript:alert(1)", "https://x /", " https://example.com", "https://x/\n"]),
    *map(
        amount, ["NaN", "Infinity", "1e3", "1,5", "", "٣", True, 1e300, "9" * 31, "0." + "1" * 31]
    ),
]


async def test_refused_values_are_named_by_field(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for values, place in REFUSED:
        with subtests.test(place=place, values=values):
            answer = await agent.post(SEND, input=values | {"accountId": id_of(account)})

            [error] = answer["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert f"at {place}: " in error["message"]
    assert await Message.count() == 0
    assert meta.requests.list_sends() == []


async def test_refused_literals_have_place(agent: GraphQLClient, account: Account) -> None:
    mutation = """mutation {
      createUser(input: {name: "Ada", phone: "0650"}) { user { id } userErrors { code } } }"""

    [error] = (await agent.post(mutation))["errors"]

    assert error["message"].startswith("Invalid value at .phone: The phone number is invalid")
    assert error["locations"] == [{"line": 2, "column": 25}]
    assert await collection(User).count_documents({}) == 0


@pytest.mark.parametrize("written", ['"12.50"', "12.50", '"+12.5"', "12.500000000000000000"])
async def test_amount_keeps_its_digits(
    agent: GraphQLClient, account: Account, meta: FakeMeta, written: str
) -> None:
    await sync(agent, account)
    send_amount = """mutation ($id: ID!) { sendMessage(input: {accountId: $id,
      to: {phoneNumber: "16505551234"}, content: {template: {
        reference: {byName: {name: "order_shipped", language: "en_US"}}, parameters: {
          body: [{value: {text: "Ada"}}, {value: {currency: {
            code: "EUR", amount: %s, fallbackValue: "12,50 €"}}}],
          buttons: [{index: 0, value: {urlSuffix: "A-1"}}]}}}}) { userErrors { code message } } }"""

    done = await agent(send_amount % written, id=id_of(account))

    assert done["sendMessage"]["userErrors"] == []
    [body, _] = (await find_body(meta))["template"]["components"]
    assert body["parameters"][1]["currency"]["amount_1000"] == 12_500


async def store(account: Account, **values: Any) -> Message:
    message = await write_message(account, "15550001111", "Hello")
    await collection(Message).update_one({"_id": message.id}, {"$set": values})
    return message


async def test_bad_stored_values_are_null_alone(agent: GraphQLClient, account: Account) -> None:
    place = {"latitude": 1.5, "longitude": 2.5, "name": "Shop"}
    button = {"name": "cta_url", "parameters": {"display_text": "Go", "url": "javascript:alert(1)"}}
    offer = {"type": "cta_url", "body": {"text": "Look"}, "action": button}
    referral = {"headline": "Sale", "source_url": "fb.me/1", "image_url": "https://fb.me/a.png"}
    prices: list[Any] = [30, 24.5, "24.50", "1e999999", "NaN", {}, -0.1]
    items = [{"quantity": 2, "item_price": price} for price in prices]
    said = await store(account, referral=referral)
    await store(account, type="location", content=place | {"url": "example.com"})
    await store(account, type="location", content=place | {"url": "https://example.com/ä"})
    await store(account, type="interactive", content=offer)
    await store(account, type="order", content={"catalog_id": "1", "product_items": items})

    shown = await agent(LOOK, id=conversation_id(said))

    nodes = shown["conversation"]["messages"]["nodes"]
    contents = [node["content"] for node in nodes]
    assert nodes[-1]["referral"] == {
        "headline": "Sale",
        "sourceUrl": None,
        "imageUrl": "https://fb.me/a.png",
    }
    assert {content.get("place") for content in contents if "place" in content} == {
        None,
        "https://example.com/ä",
    }
    [link_content] = [one for one in contents if one["__typename"] == "InteractiveContent"]
    assert link_content == {
        "__typename": "InteractiveContent",
        "body": "Look",
        "link": {"displayText": "Go", "url": None},
    }
    [order] = [one for one in contents if one["__typename"] == "OrderContent"]
    assert [item["price"] for item in order["items"]] == [
        "30",
        "24.5",
        "24.50",
        None,
        None,
        None,
        "-0.1",
    ]
