"""A template that is filled in wrongly is refused by its field, in the send and in the preview."""

from typing import Any

import pytest

from models import Account, Contact, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.templates import OFFER, SHIPPED, get_template, send, sync

PREVIEW = """query ($id: ID!, $p: TemplateParametersInput) {
  previewTemplate(templateId: $id, parameters: $p) {
    content { name body } userErrors { code message field } } }"""
PICTURE = {"image": {"link": "https://shop.example/a.jpg"}}
TEXTS = [{"text": "Ana"}, {"text": "A-1001"}]
SUFFIX = [{"index": 0, "urlSuffix": "A-1001"}]
NAMED = OFFER["parameters"]["body"]  # type: ignore[index]
CARD = {
    "header": PICTURE,
    "body": [{"text": "9 €"}],
    "buttons": [{"index": 1, "urlSuffix": "BOOT"}],
}


def money(**values: Any) -> dict[str, Any]:
    given = {"code": "EUR", "amount": "1", "fallbackValue": "1 €"} | values
    return {"body": [{"currency": given}, {"text": "x"}], "buttons": SUFFIX}


def date(**values: Any) -> dict[str, Any]:
    given = {"fallbackValue": "today"} | values
    return {"body": [{"dateTime": given}, {"text": "x"}], "buttons": SUFFIX}


def line(text: str) -> dict[str, Any]:
    return {"body": [{"text": text}, {"text": "x"}], "buttons": SUFFIX}


def button(index: int = 0, **value: Any) -> dict[str, Any]:
    return {"body": TEXTS, "buttons": [{"index": index, **value}]}


def location(**values: Any) -> dict[str, Any]:
    place = {"latitude": 1, "longitude": 2, "name": "Shop", "address": "Street 1"} | values
    return {"header": {"location": place}, "body": [{"text": "x"}]}


UPLOADED = {"image": {"uploadId": encode_id("UploadedMedia", "6b0000000000000000000000")}}
BODY_0, BUTTON_0 = ["body", "0"], ["buttons", "0"]
# Template, input, the wrong field below `parameters`, and words of the error.
WRONG: list[tuple[str, Any, list[str], str]] = [
    ("order_shipped", None, ["body"], "2 variables, 0 values"),
    ("order_shipped", {"body": TEXTS[:1], "buttons": SUFFIX}, ["body"], "2 variables, 1 values"),
    ("order_shipped", {"body": [*TEXTS, *TEXTS], "buttons": SUFFIX}, ["body"], "4 values"),
    ("order_shipped", {"body": TEXTS}, ["buttons"], "needs urlSuffix"),
    ("order_shipped", {"header": {"text": "x"}, "body": TEXTS}, ["header"], "no header"),
    ("order_shipped", {"body": [{**TEXTS[0], "name": "1"}, TEXTS[1]]}, [*BODY_0, "name"], "num"),
    ("order_shipped", {"body": [{}, TEXTS[1]]}, BODY_0, "exactly one"),
    (
        "order_shipped",
        {"body": TEXTS, "buttons": SUFFIX, "cards": [CARD]},
        ["cards"],
        "0 cards, 1",
    ),
    ("order_shipped", line(" "), [*BODY_0, "text"], "blank"),
    ("order_shipped", line("a\nb"), [*BODY_0, "text"], "line breaks"),
    ("order_shipped", line("a\tb"), [*BODY_0, "text"], "tabs"),
    ("order_shipped", line("a     b"), [*BODY_0, "text"], "4 spaces"),
    ("order_shipped", line("a\0b"), [*BODY_0, "text"], "character"),
    ("order_shipped", line("x" * 1020), ["body"], "1024 are allowed"),
    ("order_shipped", button(0, payload="x"), [*BUTTON_0, "payload"], "takes urlSuffix"),
    ("order_shipped", button(0), BUTTON_0, "exactly one"),
    ("order_shipped", button(1, urlSuffix="x"), [*BUTTON_0, "index"], "1 buttons"),
    ("order_shipped", button(-1, urlSuffix="x"), [*BUTTON_0, "index"], "counted from 0"),
    ("order_shipped", button(0, urlSuffix="a b"), [*BUTTON_0, "urlSuffix"], "Remove the spaces"),
    ("order_shipped", button(0, urlSuffix="x" * 1990), ["buttons"], "2000 characters"),
    (
        "order_shipped",
        {"body": TEXTS, "buttons": SUFFIX * 2},
        ["buttons", "1", "index"],
        "given twice",
    ),
    ("order_shipped", money(code="eur"), [*BODY_0, "currency", "code"], "three letters"),
    ("order_shipped", money(amount="1.2345"), [*BODY_0, "currency", "amount"], "three decimals"),
    ("order_shipped", money(amount="NaN"), [*BODY_0, "currency", "amount"], "out of range"),
    ("order_shipped", money(amount="1e30"), [*BODY_0, "currency", "amount"], "out of range"),
    ("order_shipped", money(fallbackValue=""), [*BODY_0, "currency", "fallbackValue"], "blank"),
    ("order_shipped", date(month=13), [*BODY_0, "dateTime", "month"], "between 1 and 12"),
    ("order_shipped", date(dayOfWeek=0), [*BODY_0, "dateTime", "dayOfWeek"], "between 1 and 7"),
    ("order_shipped", date(fallbackValue=" "), [*BODY_0, "dateTime", "fallbackValue"], "blank"),
    ("login_code", {"body": [{"text": "1" * 16}]}, [*BODY_0, "text"], "15 are allowed"),
    ("spring_offer", {"body": NAMED}, ["header"], "must be given: image"),
    ("spring_offer", {"body": NAMED, "header": {"text": "x"}}, ["header"], "image"),
    (
        "spring_offer",
        {"body": NAMED, "header": {"document": {"link": "https://x.test/a.pdf"}}},
        ["header"],
        "image",
    ),
    (
        "spring_offer",
        {"body": NAMED, "header": {"image": {}}},
        ["header", "image"],
        "Give exactly one of link and uploadId",
    ),
    (
        "boots_carousel",
        {"body": [{"text": "x"}], "cards": [CARD, {**CARD, "header": UPLOADED}]},
        ["cards", "1", "header", "image"],
        "by link",
    ),
    (
        "spring_offer",
        {"body": NAMED, "header": {"image": {"link": "ftp://x.test/a"}}},
        ["header", "image", "link"],
        "https://",
    ),
    ("spring_offer", {"header": PICTURE, "body": NAMED[:1]}, ["body"], "missing for: discount"),
    (
        "spring_offer",
        {"header": PICTURE, "body": [{"text": "Ana"}, NAMED[1]]},
        [*BODY_0, "name"],
        "first_name, discount",
    ),
    (
        "spring_offer",
        {"header": PICTURE, "body": [{"name": "nope", "text": "x"}, NAMED[1]]},
        [*BODY_0, "name"],
        "no variable 'nope'",
    ),
    (
        "spring_offer",
        {"header": PICTURE, "body": [NAMED[0], NAMED[0]]},
        ["body", "1", "name"],
        "given twice",
    ),
    ("hello_world", {"header": {"text": "x"}}, ["header"], "no variable"),
    ("appointment_confirmed", {"body": []}, ["header"], "text for {{day}}"),
    ("appointment_confirmed", {"header": {"text": "x" * 60}}, ["header", "text"], "60 are allowed"),
    (
        "table_booking",
        {"buttons": [{"index": 0, "flow": {"data": {"$a": 1}}}]},
        [*BUTTON_0, "flow", "data"],
        "start with $",
    ),
    (
        "table_booking",
        {"buttons": [{"index": 0, "flow": {"data": [1]}}]},
        [*BUTTON_0, "flow", "data"],
        "JSON object",
    ),
    (
        "table_booking",
        {"buttons": [{"index": 0, "flow": {"token": ""}}]},
        [*BUTTON_0, "flow", "token"],
        "blank",
    ),
    (
        "product_video",
        {"header": {"video": {"link": "https://x.test/a.mp4"}}, "body": [{"text": "x"}]},
        ["buttons"],
        "needs couponCode",
    ),
    (
        "product_video",
        {
            "header": {"video": {"link": "https://x.test/a.mp4"}},
            "body": [{"text": "x"}],
            "buttons": [{"index": 0, "couponCode": "x" * 16}],
        },
        [*BUTTON_0, "couponCode"],
        "15 are allowed",
    ),
    ("pick_up_here", location(latitude=91), ["header", "location", "latitude"], "between"),
    ("pick_up_here", location(name=""), ["header", "location", "name"], "blank"),
    ("flash_sale", {"body": [{"text": "x"}]}, ["offerExpiresAt"], "when the offer expires"),
    (
        "flash_sale",
        {"body": [{"text": "x"}], "offerExpiresAt": "2020-01-01T00:00:00Z"},
        ["offerExpiresAt"],
        "in the future",
    ),
    ("hello_world", {"offerExpiresAt": "2099-01-01T00:00:00Z"}, ["offerExpiresAt"], "no offer"),
    ("boots_carousel", {"body": [{"text": "x"}], "cards": [CARD]}, ["cards"], "2 cards, 1"),
    (
        "boots_carousel",
        {"body": [{"text": "x"}], "cards": [CARD, {**CARD, "body": []}]},
        ["cards", "1", "body"],
        "1 variables",
    ),
    (
        "boots_carousel",
        {"body": [{"text": "x"}], "cards": [CARD, {**CARD, "buttons": []}]},
        ["cards", "1", "buttons"],
        "needs urlSuffix",
    ),
    (
        "boots_carousel",
        {"body": [{"text": "x"}], "cards": [{**CARD, "body": [{"text": "a\nb"}]}, CARD]},
        ["cards", "0", "body", "0", "text"],
        "line breaks",
    ),
    (
        "login_code",
        {"body": [{"text": "1"}], "buttons": [{"index": 0, "urlSuffix": "2"}]},
        ["buttons"],
        "same code",
    ),
]


async def check_refused(
    payload: dict[str, Any], field: list[str], words: str, *, code: str = "TEMPLATE_INVALID"
) -> None:
    # Some of the wrong inputs also lack another value, which has an error of its own.
    messages = [
        error["message"]
        for error in payload["userErrors"]
        if (error["code"], error["field"]) == (code, field)
    ]
    assert len(messages) == 1, payload["userErrors"]
    assert words in messages[0], messages


async def check_untouched(meta: FakeMeta) -> None:
    assert await Message.count() == 0
    assert await Contact.count() == 0
    assert meta.requests.find({"endpoint": "messages"}) == []


async def test_wrong_values_are_refused_by_their_field(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    await sync(agent, account)
    for name, parameters, field, words in WRONG:
        with subtests.test(name=name, field=field):
            template = {"name": name, "language": "en_US", "parameters": parameters}
            document_id = id_of(await get_template(name))

            sent = await send(agent, account, template)
            previewed = await agent(PREVIEW, id=document_id, p=parameters)

            await check_refused(sent, ["content", "template", "parameters", *field], words)
            assert sent["message"] is None
            await check_refused(previewed["previewTemplate"], ["parameters", *field], words)
            assert previewed["previewTemplate"]["content"] is None
    await check_untouched(meta)


UNKNOWN = {"name": "nope", "language": "en_US"}
UNSENDABLE: list[tuple[dict[str, Any], list[str], str]] = [
    (UNKNOWN, ["name"], "run syncTemplates"),
    ({"name": "hello_world", "language": "fr"}, ["name"], "run syncTemplates"),
    ({"name": "hello_world"}, ["language"], "name and language"),
    ({"language": "en_US"}, ["name"], "name and language"),
    ({}, ["name"], "name and language"),
    ({"templateId": "x"}, ["templateId"], "no such template"),
    ({"templateId": "x", "name": "hello_world"}, ["templateId"], "no such template"),
    ({"name": "appointment_reminder", "language": "en_US"}, [], "PAUSED"),
    ({"name": "cheap_loans", "language": "en_US"}, [], "REJECTED (ABUSIVE_CONTENT)"),
    ({"name": "product_picks", "language": "en_US"}, [], "button of type MPM"),
]


async def test_unsendable_templates_are_refused(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    await sync(agent, account)
    for template, field, words in UNSENDABLE:
        with subtests.test(template=template):
            done = await send(agent, account, template)
            await check_refused(done, ["content", "template", *field], words)
    await check_untouched(meta)


async def test_template_id_and_name_exclude_each_other(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    document_id = id_of(await get_template("order_shipped"))

    done = await send(agent, account, {"templateId": document_id, **SHIPPED})

    await check_refused(done, ["content", "template", "templateId"], "not both")
    await check_untouched(meta)


@pytest.mark.parametrize("header", [{}, {"text": "x", **PICTURE}, {"text": None}])
async def test_header_takes_single_parameter(
    agent: GraphQLClient, account: Account, header: Any
) -> None:
    template = {"name": "x", "language": "en", "parameters": {"header": header}}
    values = {
        "accountId": id_of(account),
        "to": {"phoneNumber": "16505551234"},
        "content": {"template": template},
    }

    code = await agent.find_error_code(
        "mutation ($i: SendMessageInput!) { sendMessage(input: $i) { userErrors { code } } }",
        i=values,
    )

    assert code == "BAD_USER_INPUT"


async def test_preview_equals_sent_message(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    paused = id_of(await get_template("appointment_reminder"))
    good = {"body": [{"text": "tomorrow"}, {"text": "10:00"}]}

    shown = await agent(PREVIEW, id=paused, p=good)

    assert shown["previewTemplate"] == {
        "content": {"name": "appointment_reminder", "body": "See you tomorrow at 10:00."},
        "userErrors": [],
    }
    await check_untouched(meta)


async def test_preview_of_unknown_template(agent: GraphQLClient, account: Account) -> None:
    shown = await agent(PREVIEW, id="VGVtcGxhdGU6eA==", p=None)

    [error] = shown["previewTemplate"]["userErrors"]
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["templateId"])
