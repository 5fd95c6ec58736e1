"""A template that is filled in wrongly is refused by its field, in the send and in the preview."""

from typing import Any

import pytest

from models import Account, Contact, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.templates import OFFER, by_name, get_template, send, sync, texts

PREVIEW = """query ($template: TemplateInput!, $account: ID) {
  previewTemplate(template: $template, accountId: $account) {
    content { name body } userErrors { code message field } } }"""
PICTURE = {"image": {"source": {"link": "https://shop.example/a.jpg"}}}
FAR = "https://x.test/" + "a" * 2048
VIDEO = {"video": {"source": {"link": "https://x.test/a.mp4"}}}
TEXTS = texts("Ana", "A-1001")
SUFFIX = [{"index": 0, "value": {"urlSuffix": "A-1001"}}]
NAMED = OFFER["parameters"]["body"]
CARD = {
    "header": PICTURE,
    "body": texts("9 €"),
    "buttons": [{"index": 1, "value": {"urlSuffix": "BOOT"}}],
}


def money(**values: Any) -> dict[str, Any]:
    given = {"code": "EUR", "amount": "1", "fallbackValue": "1 €"} | values
    return {"body": [{"value": {"currency": given}}, {"value": {"text": "x"}}], "buttons": SUFFIX}


def date(**values: Any) -> dict[str, Any]:
    given = {"fallbackValue": "today"} | values
    return {"body": [{"value": {"dateTime": given}}, {"value": {"text": "x"}}], "buttons": SUFFIX}


def line(text: str) -> dict[str, Any]:
    return {"body": texts(text, "x"), "buttons": SUFFIX}


def button(index: int = 0, **value: Any) -> dict[str, Any]:
    return {"body": TEXTS, "buttons": [{"index": index, "value": value}]}


def location(**values: Any) -> dict[str, Any]:
    place = {"latitude": 1, "longitude": 2, "name": "Shop", "address": "Street 1"} | values
    return {"header": {"location": place}, "body": texts("x")}


UPLOADED = {
    "image": {"source": {"uploadId": encode_id("UploadedMedia", "6b0000000000000000000000")}}
}
BODY_0, BUTTON_0 = ["body", "0"], ["buttons", "0"]
VALUE_0, PRESSED_0 = [*BODY_0, "value"], [*BUTTON_0, "value"]
# Template, input, the wrong field below `parameters`, and words of the error.
WRONG: list[tuple[str, Any, list[str], str]] = [
    ("order_shipped", None, ["body"], "2 variables, 0 values"),
    ("order_shipped", {"body": TEXTS[:1], "buttons": SUFFIX}, ["body"], "2 variables, 1 values"),
    ("order_shipped", {"body": [*TEXTS, *TEXTS], "buttons": SUFFIX}, ["body"], "4 values"),
    ("order_shipped", {"body": TEXTS}, ["buttons"], "needs urlSuffix"),
    ("order_shipped", {"header": {"text": "x"}, "body": TEXTS}, ["header"], "no header"),
    ("order_shipped", {"body": [{**TEXTS[0], "name": "1"}, TEXTS[1]]}, [*BODY_0, "name"], "num"),
    (
        "order_shipped",
        {"body": TEXTS, "buttons": SUFFIX, "cards": [CARD]},
        ["cards"],
        "0 cards, 1",
    ),
    ("order_shipped", line(" "), [*VALUE_0, "text"], "blank"),
    ("order_shipped", line("a\nb"), [*VALUE_0, "text"], "line breaks"),
    ("order_shipped", line("a\tb"), [*VALUE_0, "text"], "tabs"),
    ("order_shipped", line("a     b"), [*VALUE_0, "text"], "4 spaces"),
    ("order_shipped", line("a\0b"), [*VALUE_0, "text"], "character"),
    ("order_shipped", line("x" * 1020), ["body"], "1024 are allowed"),
    ("order_shipped", button(0, payload="x"), [*PRESSED_0, "payload"], "takes urlSuffix"),
    ("order_shipped", button(1, urlSuffix="x"), [*BUTTON_0, "index"], "1 buttons"),
    ("order_shipped", button(-1, urlSuffix="x"), [*BUTTON_0, "index"], "counted from 0"),
    (
        "order_shipped",
        button(0, urlSuffix="a b"),
        [*PRESSED_0, "urlSuffix"],
        "Remove the spaces",
    ),
    ("order_shipped", button(0, urlSuffix="x" * 1990), ["buttons"], "2000 characters"),
    (
        "order_shipped",
        {"body": TEXTS, "buttons": SUFFIX * 2},
        ["buttons", "1", "index"],
        "given twice",
    ),
    ("order_shipped", money(code="eur"), [*VALUE_0, "currency", "code"], "three letters"),
    (
        "order_shipped",
        money(amount="1.2345"),
        [*VALUE_0, "currency", "amount"],
        "three decimals",
    ),
    (
        "order_shipped",
        money(amount="9" * 30),
        [*VALUE_0, "currency", "amount"],
        "out of range",
    ),
    (
        "order_shipped",
        money(fallbackValue=""),
        [*VALUE_0, "currency", "fallbackValue"],
        "blank",
    ),
    ("order_shipped", date(month=13), [*VALUE_0, "dateTime", "month"], "between 1 and 12"),
    (
        "order_shipped",
        date(dayOfWeek=0),
        [*VALUE_0, "dateTime", "dayOfWeek"],
        "between 1 and 7",
    ),
    (
        "order_shipped",
        date(fallbackValue=" "),
        [*VALUE_0, "dateTime", "fallbackValue"],
        "blank",
    ),
    (
        "login_code",
        {"body": texts("1" * 16)},
        [*VALUE_0, "text"],
        "15 are allowed",
    ),
    ("spring_offer", {"body": NAMED}, ["header"], "must be given: image"),
    ("spring_offer", {"body": NAMED, "header": {"text": "x"}}, ["header"], "image"),
    (
        "spring_offer",
        {"body": NAMED, "header": {"document": {"source": {"link": "https://x.test/a.pdf"}}}},
        ["header"],
        "image",
    ),
    (
        "boots_carousel",
        {"body": texts("x"), "cards": [CARD, {**CARD, "header": UPLOADED}]},
        ["cards", "1", "header", "image", "source"],
        "by link",
    ),
    (
        "spring_offer",
        {"body": NAMED, "header": {"image": {"source": {"link": FAR}}}},
        ["header", "image", "source", "link"],
        "2048 are allowed",
    ),
    ("spring_offer", {"header": PICTURE, "body": NAMED[:1]}, ["body"], "missing for: discount"),
    (
        "spring_offer",
        {"header": PICTURE, "body": [{"value": {"text": "Ana"}}, NAMED[1]]},
        [*BODY_0, "name"],
        "first_name, discount",
    ),
    (
        "spring_offer",
        {"header": PICTURE, "body": [{"name": "nope", "value": {"text": "x"}}, NAMED[1]]},
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
        {"buttons": [{"index": 0, "value": {"flow": {"data": {"$a": 1}}}}]},
        [*PRESSED_0, "flow", "data"],
        "start with $",
    ),
    (
        "table_booking",
        {"buttons": [{"index": 0, "value": {"flow": {"data": [1]}}}]},
        [*PRESSED_0, "flow", "data"],
        "JSON object",
    ),
    (
        "table_booking",
        {"buttons": [{"index": 0, "value": {"flow": {"token": ""}}}]},
        [*PRESSED_0, "flow", "token"],
        "blank",
    ),
    (
        "product_video",
        {
            "header": VIDEO,
            "body": texts("x"),
        },
        ["buttons"],
        "needs couponCode",
    ),
    (
        "product_video",
        {
            "header": VIDEO,
            "body": texts("x"),
            "buttons": [{"index": 0, "value": {"couponCode": "x" * 16}}],
        },
        [*PRESSED_0, "couponCode"],
        "15 are allowed",
    ),
    ("pick_up_here", location(latitude=91), ["header", "location", "latitude"], "between"),
    ("pick_up_here", location(name=""), ["header", "location", "name"], "blank"),
    (
        "flash_sale",
        {"body": texts("x")},
        ["offerExpiresAt"],
        "when the offer expires",
    ),
    (
        "flash_sale",
        {"body": texts("x"), "offerExpiresAt": "2020-01-01T00:00:00Z"},
        ["offerExpiresAt"],
        "in the future",
    ),
    ("hello_world", {"offerExpiresAt": "2099-01-01T00:00:00Z"}, ["offerExpiresAt"], "no offer"),
    (
        "boots_carousel",
        {"body": texts("x"), "cards": [CARD]},
        ["cards"],
        "2 cards, 1",
    ),
    (
        "boots_carousel",
        {"body": texts("x"), "cards": [CARD, {**CARD, "body": []}]},
        ["cards", "1", "body"],
        "1 variables",
    ),
    (
        "boots_carousel",
        {"body": texts("x"), "cards": [CARD, {**CARD, "buttons": []}]},
        ["cards", "1", "buttons"],
        "needs urlSuffix",
    ),
    (
        "boots_carousel",
        {
            "body": texts("x"),
            "cards": [{**CARD, "body": texts("a\nb")}, CARD],
        },
        ["cards", "0", "body", "0", "value", "text"],
        "line breaks",
    ),
    (
        "login_code",
        {
            "body": texts("1"),
            "buttons": [{"index": 0, "value": {"urlSuffix": "2"}}],
        },
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
            template = by_name(name, parameters=parameters)

            sent = await send(agent, account, template)
            shown = await agent(PREVIEW, template=template, account=id_of(account))

            await check_refused(sent, ["content", "template", "parameters", *field], words)
            assert sent["message"] is None
            preview = shown["previewTemplate"]
            await check_refused(preview, ["template", "parameters", *field], words)
            assert preview["content"] is None
    await check_untouched(meta)


UNSENDABLE: list[tuple[dict[str, Any], list[str], str]] = [
    (by_name("nope"), ["reference", "byName", "name"], "run syncTemplates"),
    (by_name("hello_world", "fr"), ["reference", "byName", "name"], "run syncTemplates"),
    (by_name("hello_world", ""), ["reference", "byName", "name"], "run syncTemplates"),
    (
        {"reference": {"templateId": "x"}},
        ["reference", "templateId"],
        "no such template",
    ),
    (by_name("appointment_reminder"), [], "PAUSED"),
    (by_name("cheap_loans"), [], "REJECTED (ABUSIVE_CONTENT)"),
    (by_name("product_picks"), [], "button of type MPM"),
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


async def test_preview_equals_sent_message(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    paused = id_of(await get_template("appointment_reminder"))
    body = texts("tomorrow", "10:00")
    named = by_name("appointment_reminder", parameters={"body": body})

    by_id = await agent(PREVIEW, template=named | {"reference": {"templateId": paused}})
    shown = await agent(PREVIEW, template=named, account=id_of(account))

    assert by_id == shown
    assert shown["previewTemplate"] == {
        "content": {"name": "appointment_reminder", "body": "See you tomorrow at 10:00."},
        "userErrors": [],
    }
    await check_untouched(meta)


async def test_preview_of_unknown_template(
    agent: GraphQLClient, account: Account, other_account: Account, subtests: pytest.Subtests
) -> None:
    await sync(agent, account)
    known = {"templateId": id_of(await get_template("hello_world"))}
    by_id = ["template", "reference", "templateId"]
    cases: list[tuple[Any, Account | None, str, list[str]]] = [
        ({"templateId": "VGVtcGxhdGU6eA=="}, None, "NOT_FOUND", by_id),
        (known, other_account, "NOT_FOUND", by_id),
        (by_name("hello_world")["reference"], None, "INVALID_INPUT", ["accountId"]),
        (
            by_name("hello_world")["reference"],
            other_account,
            "TEMPLATE_INVALID",
            ["template", "reference", "byName", "name"],
        ),
    ]
    for reference, owner, code, field in cases:
        with subtests.test(reference=reference, owner=owner):
            account_id = None if owner is None else id_of(owner)

            shown = await agent(PREVIEW, template={"reference": reference}, account=account_id)

            [error] = shown["previewTemplate"]["userErrors"]
            assert (error["code"], error["field"]) == (code, field)
            assert shown["previewTemplate"]["content"] is None
