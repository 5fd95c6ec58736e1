"""Sending templates: Meta's request, the stored message, opt-outs."""

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import (
    Account,
    Contact,
    Conversation,
    IdentityKind,
    Message,
    OutboxState,
    Role,
    Template,
    User,
)
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.sending import load_send
from tests.fixtures.templates import (
    HELLO,
    OFFER,
    PHONE,
    SHIPPED,
    add_template,
    by_name,
    find_body,
    get_template,
    send,
    sync,
    texts,
    wait_for_status,
)
from tests.fixtures.waiting import eventually

RETRY = """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
  message { id text retryOf { id } } userErrors { code message } } }"""
IMAGE = {"type": "HEADER", "format": "IMAGE"}
THREE = {"type": "BODY", "text": "{{1}}, {{2}}, {{3}}."}
QUICK = [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "QUICK_REPLY", "text": "No"}]
MONEY = {"code": "USD", "amount": "100.99", "fallbackValue": "$100.99"}
DATE = {
    "fallbackValue": "February 25, 1977",
    "calendar": "GREGORIAN",
    "year": 1977,
    "month": 2,
    "dayOfMonth": 25,
    "dayOfWeek": 5,
    "hour": 15,
    "minute": 33,
}
TEXT_MONEY_DATE = [
    {"value": {"text": "text-string"}},
    {"value": {"currency": MONEY}},
    {"value": {"dateTime": DATE}},
]
PICTURE = {"image": {"source": {"link": "https://shop.example/spring.jpg"}}}
CARD = {
    "components": [
        IMAGE,
        {"type": "BODY", "text": "{{1}}"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Reserve"},
                {"type": "URL", "text": "Look", "url": "https://shop.example/{{1}}"},
            ],
        },
    ]
}
FLOW = {"token": "token-1", "data": {"table": "7"}}
LIMITED = {"text": "Ends soon!", "has_expiration": True}
COPY_AND_SHOP = [
    {"type": "COPY_CODE", "text": "Copy offer code"},
    {"type": "URL", "text": "Shop now", "url": "https://shop.example/?code={{1}}"},
]


def buttons(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(listed)}


def fill_card(number: int) -> dict[str, Any]:
    return {
        "header": {"image": {"source": {"link": f"https://shop.example/{number}.jpg"}}},
        "body": texts(f"{number}0 €"),
        "buttons": [
            {"index": 0, "value": {"payload": f"reserve-{number}"}},
            {"index": 1, "value": {"urlSuffix": f"BOOT-{number}"}},
        ],
    }


# Meta's example, its template, and the input of an app.
EXAMPLES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "template_text": ([THREE], {"body": TEXT_MONEY_DATE}),
    "template_shipping_confirmation": ([THREE], {"body": TEXT_MONEY_DATE}),
    "template_media": ([IMAGE, THREE], {"header": PICTURE, "body": TEXT_MONEY_DATE}),
    "template_interactive": (
        [IMAGE, THREE, buttons(*QUICK)],
        {
            "header": PICTURE,
            "body": TEXT_MONEY_DATE,
            "buttons": [
                {"index": 1, "value": {"payload": "9rwnB8RbYmPF5t2Mn09x4h"}},
                {"index": 0, "value": {"payload": "aGlzIHRoaXMgaXMgY29v"}},
            ],
        },
    ),
    "template_issue_resolution": (
        [{"type": "BODY", "text": "Hi {{1}}"}, buttons(*QUICK)],
        {
            "body": texts("*Mr. Jones*"),
            "buttons": [
                {"index": 0, "value": {"payload": "true"}},
                {"index": 1, "value": {"payload": "false"}},
            ],
        },
    ),
    "template_catalog": (
        [THREE, buttons({"type": "CATALOG", "text": "View catalog"})],
        {
            "body": [
                {"value": {"text": "100"}},
                {"value": {"text": "400"}},
                {"value": {"text": "3"}},
            ],
            "buttons": [{"index": 0, "value": {"thumbnailProductRetailerId": "2lc20305pt"}}],
        },
    ),
    "template_flow": (
        [{"type": "BODY", "text": "Hello"}, buttons({"type": "FLOW", "text": "Book"})],
        {
            "buttons": [
                {"index": 0, "value": {"flow": {"token": "token-1", "data": {"table": "7"}}}}
            ]
        },
    ),
    "template_named": (
        [
            {"type": "HEADER", "format": "TEXT", "text": "See you {{day}}"},
            {"type": "BODY", "text": "{{first_name}}, your order {{order_number}}."},
        ],
        {
            "header": {"text": "on Monday"},
            "body": [
                {"name": "order_number", "value": {"text": "SKBUP2-4CPIG9"}},
                {"name": "first_name", "value": {"text": "Jessica"}},
            ],
        },
    ),
    "template_location": (
        [{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "Order {{1}}"}],
        {
            "header": {
                "location": {
                    "latitude": 37.483307,
                    "longitude": -122.148981,
                    "name": "Pablo Morales",
                    "address": "1 Hacker Way, Menlo Park, CA 94025",
                }
            },
            "body": texts("SKBUP2"),
        },
    ),
    "template_carousel": (
        [{"type": "BODY", "text": "{{1}}, look:"}, {"type": "CAROUSEL", "cards": [CARD, CARD]}],
        {"body": texts("Pablo"), "cards": [fill_card(0), fill_card(1)]},
    ),
    "template_offer": (
        [
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": LIMITED},
            {"type": "BODY", "text": "All that is {{1}}"},
            buttons(*COPY_AND_SHOP),
        ],
        {
            "offerExpiresAt": "2099-01-01T00:00:00Z",
            "body": texts("red"),
            "buttons": [
                {"index": 0, "value": {"couponCode": "RED50"}},
                {"index": 1, "value": {"urlSuffix": "RED50"}},
            ],
        },
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
async def test_what_meta_gets_equals_its_example(
    agent: GraphQLClient, account: Account, meta: FakeMeta, name: str
) -> None:
    components, parameters = EXAMPLES[name]
    body = load_send(name)
    is_named = name == "template_named"
    add_template(
        meta,
        body["template"]["name"],
        *components,
        parameter_format="NAMED" if is_named else "POSITIONAL",
    )
    await sync(agent, account)
    template = by_name(body["template"]["name"], parameters=parameters)

    done = await send(agent, account, template)

    assert done["userErrors"] == []
    assert await find_body(meta) == body


async def test_sendable_demo_templates_are_accepted(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    await sync(agent, account)
    queried = await agent(
        """query ($id: ID!) { templates(accountId: $id, filter: {sendable: true}) { edges { node {
          id name parameters { place kind name cardIndex buttonIndex example required } } } } }""",
        id=id_of(account),
    )
    sendable = [edge["node"] for edge in queried["templates"]["edges"]]
    assert len(sendable) == len(meta.templates.templates) - 3

    for number, node in enumerate(sendable):
        with subtests.test(template=node["name"]):
            parameters = fill_form(node["parameters"])
            template = {"reference": {"templateId": node["id"]}, "parameters": parameters}
            done = await send(agent, account, template, to={"phoneNumber": f"1650555{number:04}"})
            assert done["userErrors"] == [], node["name"]

    await wait_for_status("READ", count=len(sendable))


def fill_form(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Fills in parameters from the template's parameter list only."""
    filled: dict[str, Any] = {}
    cards: dict[int, dict[str, Any]] = {}
    for one in (one for one in parameters if one["required"]):
        card = one["cardIndex"]
        part = filled if card is None else cards.setdefault(card, {})
        text = one["example"] or "x"
        if one["place"] == "HEADER":
            part["header"] = fill_header(one["kind"], text)
        elif one["place"] == "BODY":
            named = {} if one["name"].isdigit() else {"name": one["name"]}
            part.setdefault("body", []).append({"value": {"text": text}, **named})
        elif one["place"] == "BUTTON":
            field = {"URL_SUFFIX": "urlSuffix", "COUPON_CODE": "couponCode"}[one["kind"]]
            button = {"index": one["buttonIndex"], "value": {field: text}}
            part.setdefault("buttons", []).append(button)
        else:
            part["offerExpiresAt"] = "2099-01-01T00:00:00Z"
    return filled | ({"cards": [cards[index] for index in sorted(cards)]} if cards else {})


def fill_header(kind: str, example: str) -> dict[str, Any]:
    if kind == "TEXT":
        return {"text": example}
    if kind == "LOCATION":
        return {"location": {"latitude": 1, "longitude": 2, "name": "Shop", "address": "Street 1"}}
    return {kind.lower(): {"source": {"link": example}}}


async def test_somebody_never_written_to_becomes_contact(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)

    # Dialled with the ninth digit that WhatsApp leaves out of this customer's wa_id.
    done = await send(agent, account, SHIPPED, to={"phoneNumber": "+5551987654321"})

    assert done["userErrors"] == []
    [message] = await wait_for_status("READ")
    assert message.text == "Hi Ana, your order A-1001 is on its way."
    [contact] = await Contact.find().to_list()
    known = {one.value for one in contact.identities if one.kind is IdentityKind.WA_ID}
    [answer] = [one.answer for one in meta.requests.list_sends()]
    assert known == {"5551987654321", answer["contacts"][0]["wa_id"]}
    # A contact without inbound messages has no user.
    assert contact.user_id is None
    assert (await User.count(), await Conversation.count()) == (0, 1)


async def test_template_opens_no_window_and_needs_none(
    agent: GraphQLClient, account: Account
) -> None:
    await sync(agent, account)
    old = await write_message(account, PHONE, "x", at=utc_now() - timedelta(hours=25))
    to = {"conversationId": conversation_id(old)}

    sent = await send(agent, account, HELLO, to=to)
    text = await agent(
        """mutation ($to: RecipientInput!) { sendMessage(input: {to: $to,
          content: {text: {body: "x"}}}) { userErrors { code } } }""",
        to=to,
    )

    assert sent["userErrors"] == []
    assert text["sendMessage"]["userErrors"] == [{"code": "WINDOW_CLOSED"}]


async def test_history_keeps_sent_template_text(agent: GraphQLClient, account: Account) -> None:
    await sync(agent, account)
    done = await send(agent, account, OFFER)
    await collection(Template).update_many({}, {"$set": {"components": [], "status": "DELETED"}})

    shown = await agent(
        """query ($id: ID!) { message(id: $id) { text content { ... on TemplateContent {
          name category header { mediaKind link } body footer buttons { buttonType title }
          template { status } } } } }""",
        id=done["message"]["id"],
    )

    body = "Ana, everything green is 20 % off until Sunday."
    assert shown["message"] == {
        "text": body,
        "content": {
            "name": "spring_offer",
            "category": "MARKETING",
            "header": {"mediaKind": "IMAGE", "link": "https://shop.example/spring.jpg"},
            "body": body,
            "footer": None,
            "buttons": [
                {"buttonType": "QUICK_REPLY", "title": "Show me"},
                {"buttonType": "QUICK_REPLY", "title": "Stop promotions"},
            ],
            "template": {"status": "DELETED"},
        },
    }


async def test_code_is_copied_into_its_button(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    code = by_name("login_code", parameters={"body": texts("4711")})

    done = await send(agent, account, code)

    assert done["message"]["content"]["buttons"][0]["url"].endswith("&code=otp4711")
    components = (await find_body(meta))["template"]["components"]
    assert components[1]["parameters"] == [{"type": "text", "text": "4711"}]

    longest = {**code, "parameters": {"body": texts("1" * 15)}}
    assert (await send(agent, account, longest))["userErrors"] == []
    await eventually(lambda: has_accepted(meta, 2))


async def has_accepted(meta: FakeMeta, number: int) -> bool:
    return len(meta.requests.list_sends()) == number


async def test_code_goes_to_phone_numbers_only(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    code = by_name("login_code", parameters={"body": texts("4711")})
    to = {"businessScopedUserId": "US.13491208655302741918"}

    refused = await send(agent, account, code, to=to)
    taken = await send(agent, account, HELLO, to=to)

    [error] = refused["userErrors"]
    assert (error["code"], error["field"]) == ("TEMPLATE_INVALID", ["to"])
    assert "131062" in error["message"]
    assert taken["userErrors"] == []
    assert await Message.count() == 1


async def opt_out(*, value: bool = True) -> None:
    await collection(Contact).update_many({}, {"$set": {"marketing_opt_out": value}})


async def test_who_wants_no_marketing_gets_none(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    await write_message(account, PHONE, "Stop it")
    await opt_out()

    refused = await send(agent, account, OFFER)
    useful = await send(agent, account, HELLO)

    assert [error["code"] for error in refused["userErrors"]] == ["OPTED_OUT"]
    assert (refused["message"], useful["userErrors"]) == (None, [])
    assert await Message.find({"direction": "OUTBOUND"}).count() == 1
    await wait_for_status("READ")
    names = [one.body["template"]["name"] for one in meta.requests.list_sends()]
    assert names == ["hello_world"]


async def test_opt_out_stops_queued_messages(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    # The first message is retried and holds up the second in the conversation.
    held_up = meta.faults.add(FaultRule(kind=FaultKind.THROTTLE, code=131056, times=None))
    await send(agent, account, HELLO)
    await eventually(lambda: is_hit(held_up))
    await send(agent, account, OFFER)

    await opt_out()
    meta.faults.clear()

    [_, refused] = await wait_for_status("FAILED")
    assert [error.code for error in refused.errors] == [131050]
    await wait_for_status("READ")
    names = [one.body["template"]["name"] for one in meta.requests.list_sends()]
    assert names == ["hello_world"]


async def is_hit(rule: FaultRule) -> bool:
    return rule.hits > 0


# As the answer to the send, or later as a status.
@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.STATUS_FAILED])
async def test_refusal_by_meta_records_opt_out(
    agent: GraphQLClient, account: Account, meta: FakeMeta, kind: FaultKind
) -> None:
    await sync(agent, account)
    meta.faults.add(FaultRule(kind=kind, code=131050))
    await send(agent, account, OFFER)
    await wait_for_status("FAILED")

    async def is_known() -> bool:
        [contact] = await Contact.find().to_list()
        return contact.marketing_opt_out

    await eventually(is_known)
    again = await send(agent, account, OFFER)
    assert [error["code"] for error in again["userErrors"]] == ["OPTED_OUT"]


async def fail_once(agent: GraphQLClient, account: Account, meta: FakeMeta) -> str:
    await sync(agent, account)
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026))
    done = await send(agent, account, OFFER)
    await wait_for_status("FAILED")
    message_id: str = done["message"]["id"]
    return message_id


async def test_failed_template_can_be_sent_again(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    failed = await fail_once(agent, account, meta)

    again = (await agent(RETRY, id=failed))["retryMessage"]

    assert again["userErrors"] == []
    assert again["message"]["retryOf"] == {"id": failed}
    await wait_for_status("READ")
    first, second = await Message.find({"direction": "OUTBOUND"}).sort("+_id").to_list()
    assert (first.content, first.text) == (second.content, second.text)


async def test_retry_is_checked_anew(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    failed = await fail_once(agent, account, meta)
    offer = {"name": "spring_offer"}

    await opt_out()
    opted_out = (await agent(RETRY, id=failed))["retryMessage"]
    await opt_out(value=False)
    await collection(Template).update_one(offer, {"$set": {"status": "PAUSED"}})
    paused = (await agent(RETRY, id=failed))["retryMessage"]
    await collection(Template).delete_one(offer)
    gone = (await agent(RETRY, id=failed))["retryMessage"]

    refusals = [one["userErrors"][0]["code"] for one in (opted_out, paused, gone)]
    assert refusals == ["OPTED_OUT", "TEMPLATE_INVALID", "TEMPLATE_INVALID"]
    assert await Message.find({"direction": "OUTBOUND"}).count() == 1
    assert await Message.find({"outbox_state": {"$ne": OutboxState.DONE.value}}).count() == 0


async def test_idempotency_key_holds_although_template_changed(
    agent: GraphQLClient, account: Account
) -> None:
    await sync(agent, account)
    first = await send(agent, account, SHIPPED, idempotencyKey="k")
    await collection(Template).update_many({}, {"$set": {"status": "PAUSED"}})

    same = await send(agent, account, SHIPPED, idempotencyKey="k")
    other = await send(agent, account, HELLO, idempotencyKey="k")

    assert same["message"]["id"] == first["message"]["id"]
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_sendable_template_is_found_by_name(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    old = await get_template("hello_world")
    newest = dataclasses.replace(meta.templates.templates[0], id="1")
    meta.templates.templates[0] = newest
    earlier = utc_now() - timedelta(minutes=1)
    change = {"synced_at": earlier, "created_at": earlier}
    await collection(Template).update_many({}, {"$set": change})
    await sync(agent, account)

    done = await send(agent, account, HELLO)

    assert done["message"]["content"]["template"] == {"status": "APPROVED"}
    assert (await Template.get(old.id)).status == "DELETED"  # type: ignore[union-attr]


async def test_templates_of_other_accounts_do_not_exist(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    account: Account,
    other_account: Account,
    subtests: pytest.Subtests,
) -> None:
    admin = await make_client(Role.ADMIN)
    await sync(admin, other_account)
    theirs = id_of(await get_template("hello_world"))

    references = ({"templateId": theirs}, HELLO["reference"], {"templateId": "nonsense"})
    for template in ({"reference": reference} for reference in references):
        with subtests.test(template=template):
            done = await send(admin, account, template)
            assert [error["code"] for error in done["userErrors"]] == ["TEMPLATE_INVALID"]
    assert await Message.count() == 0
