"""Sending messages that the customer can tap on."""

import copy
import json
from typing import Any

import httpx
import pytest

from models import Account, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.sending import SEND, check_refused, find_body, load_send, send
from tests.fixtures.waiting import eventually

BODY = "Shall we deliver today?"
BUTTONS: dict[str, Any] = {
    "body": BODY,
    "buttons": [{"id": "yes", "title": "Yes please"}, {"id": "no", "title": "No thanks"}],
}
LIST: dict[str, Any] = {
    "header": {"text": "Delivery"},
    "body": "When shall we come?",
    "footer": "All times are local",
    "button": "Choose a time",
    "sections": [
        {
            "title": title,
            "rows": [
                {
                    "id": f"day{day}-slot{slot}",
                    "title": hour,
                    "description": f"Slot {slot} of day {day}",
                }
                for slot, hour in ((1, "9 h"), (2, "14 h"))
            ],
        }
        for day, title in ((1, "Today"), (2, "Tomorrow"))
    ],
}
CTA_URL = {"body": BODY, "displayText": "See the parcel", "url": "https://shop.example.com/p/1"}
FLOW: dict[str, Any] = {
    "header": {"text": "Appointments"},
    "body": "Book your appointment",
    "footer": "It takes a minute",
    "cta": "Book now",
    "token": "order-17",
    "screen": "WELCOME",
    "data": {"customer": "Ada"},
}
BY_ID = {"reference": {"flowId": "1"}}
NOT_SHOWN = "Not shown in draft"
DRAFT = {
    "header": {"text": NOT_SHOWN},
    "body": NOT_SHOWN,
    "footer": NOT_SHOWN,
    "cta": NOT_SHOWN,
    "mode": "DRAFT",
}
LINK = "https://shop.example.com/file"
FAR = "https://x/" + "y" * 1991


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "When?")


async def send_interactive(
    client: GraphQLClient, said: Message, meta: FakeMeta, **kind: Any
) -> dict[str, Any]:
    message = await send(client, said, {"interactive": kind})
    assert message["text"] == next(iter(kind.values()))["body"]
    return await find_body(meta, message["id"])


async def test_every_example_of_meta_is_made(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    by_id = {"reference": {"flowId": "1234567890"}}
    by_name = {"reference": {"flowName": "booking"}}
    examples: dict[str, dict[str, Any]] = {
        "buttons": {"buttons": BUTTONS},
        "list": {"list": LIST},
        "published_flow_by_id": {"flow": FLOW | by_id},
        "published_flow_by_name": {"flow": FLOW | by_name | {"mode": None, "action": None}},
        "draft_flow_by_id": {"flow": FLOW | DRAFT | by_id},
        "draft_flow_by_name": {"flow": FLOW | DRAFT | by_name},
    }

    for name, kind in examples.items():
        with subtests.test(name=name):
            body = await send_interactive(agent, said, meta, **kind)
            assert body == load_send(f"interactive_{name}")


async def test_links_and_requests(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    actions: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
        (
            "ctaUrl",
            CTA_URL,
            "cta_url",
            {
                "name": "cta_url",
                "parameters": {"display_text": "See the parcel", "url": CTA_URL["url"]},
            },
        ),
        (
            "locationRequest",
            {"body": BODY},
            "location_request_message",
            {"name": "send_location"},
        ),
        (
            "contactRequest",
            {"body": BODY},
            "request_contact_info",
            {"name": "request_contact_info"},
        ),
    ]

    for name, value, kind, action in actions:
        with subtests.test(name=name):
            body = await send_interactive(agent, said, meta, **{name: value})
            assert body["interactive"] == {"type": kind, "body": {"text": BODY}, "action": action}


async def test_data_exchange_flow_has_no_screen(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    flow = BY_ID | {"body": BODY, "cta": "Go", "action": "DATA_EXCHANGE"}

    body = await send_interactive(agent, said, meta, flow=flow)

    assert body["interactive"]["action"]["parameters"] == {
        "flow_message_version": "3",
        "flow_id": "1",
        "flow_cta": "Go",
        "flow_action": "data_exchange",
    }


async def test_files_stand_above_text(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    headers = {
        "image": {"link": LINK},
        "video": {"link": LINK},
        "document": {"link": LINK, "filename": "offer.pdf"},
    }

    for kind, file in headers.items():
        with subtests.test(kind=kind):
            value = BUTTONS | {"header": {kind: file}}
            body = await send_interactive(agent, said, meta, buttons=value)
            assert body["interactive"]["header"] == {"type": kind, kind: file}


CONTENT = """query ($id: ID!) { message(id: $id) { content { __typename ... on InteractiveContent {
  interactiveKind header { text mediaKind link mediaId filename } body footer
  buttons { replyId title } listButton sections { title rows { replyId title description } }
  link { displayText url } flow { flowId flowName cta flowToken isDraft screen data } } } } }"""
NOTHING: dict[str, Any] = {
    "__typename": "InteractiveContent",
    "header": None,
    "footer": None,
    "buttons": [],
    "listButton": None,
    "sections": [],
    "link": None,
    "flow": None,
}


def rename(choice: dict[str, Any]) -> dict[str, Any]:
    return {("replyId" if key == "id" else key): value for key, value in choice.items()}


def show_header(**values: str) -> dict[str, Any]:
    names = ("text", "mediaKind", "link", "mediaId", "filename")
    return dict.fromkeys(names) | values


async def test_sent_interactive_content_is_shown(
    agent: GraphQLClient, said: Message, subtests: pytest.Subtests
) -> None:
    sections = [
        {"title": one["title"], "rows": [rename(row) for row in one["rows"]]}
        for one in LIST["sections"]
    ]
    flow = {key: FLOW[key] for key in ("cta", "screen", "data")} | {"flowToken": "order-17"}
    file = {"document": {"link": LINK, "filename": "offer.pdf"}}
    shown: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"buttons": BUTTONS | {"header": file}},
            {
                "interactiveKind": "BUTTONS",
                "body": BODY,
                "header": show_header(mediaKind="DOCUMENT", link=LINK, filename="offer.pdf"),
                "buttons": [rename(one) for one in BUTTONS["buttons"]],
            },
        ),
        (
            {"list": LIST},
            {
                "interactiveKind": "LIST",
                "header": show_header(text="Delivery"),
                "body": LIST["body"],
                "footer": LIST["footer"],
                "listButton": "Choose a time",
                "sections": sections,
            },
        ),
        (
            {"ctaUrl": CTA_URL},
            {
                "interactiveKind": "CTA_URL",
                "body": BODY,
                "link": {"displayText": "See the parcel", "url": CTA_URL["url"]},
            },
        ),
        (
            {"locationRequest": {"body": BODY}},
            {"interactiveKind": "LOCATION_REQUEST", "body": BODY},
        ),
        (
            {"contactRequest": {"body": BODY}},
            {"interactiveKind": "CONTACT_REQUEST", "body": BODY},
        ),
        (
            {"flow": FLOW | BY_ID},
            {
                "interactiveKind": "FLOW",
                "header": show_header(text="Appointments"),
                "body": FLOW["body"],
                "footer": FLOW["footer"],
                "flow": {"flowId": "1", "flowName": None, "isDraft": False, **flow},
            },
        ),
    ]

    for kind, expected in shown:
        with subtests.test(kind=next(iter(kind))):
            message = await send(agent, said, {"interactive": kind})
            content = (await agent(CONTENT, id=message["id"]))["message"]["content"]
            assert content == NOTHING | expected


async def test_kind_without_name_here_shows_its_text(
    agent: GraphQLClient, account: Account
) -> None:
    content = {"type": "carousel", "body": {"text": "Look"}, "action": {"cards": [{}]}}
    message = await write_message(account, "15550001111", "", type="interactive", content=content)

    shown = (await agent(CONTENT, id=id_of(message)))["message"]["content"]

    assert shown == NOTHING | {"interactiveKind": "OTHER", "body": "Look"}


def change(kind: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(kind)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


ROW = {"id": "r", "title": "Row"}
# Kind, path, value, and the field named in the error if it differs.
REFUSED: list[tuple[str, dict[str, Any], list[Any], Any, list[str] | None]] = [
    ("buttons", BUTTONS, ["body"], " ", None),
    ("buttons", BUTTONS, ["body"], "x" * 1025, None),
    ("buttons", BUTTONS, ["footer"], "x" * 61, None),
    ("buttons", BUTTONS, ["footer"], "", None),
    ("buttons", BUTTONS, ["header"], {"text": "x" * 61}, ["header", "text"]),
    ("buttons", BUTTONS, ["header"], {"image": {"link": FAR}}, ["header", "image", "link"]),
    ("buttons", BUTTONS, ["header"], {"video": {"link": FAR}}, ["header", "video", "link"]),
    (
        "buttons",
        BUTTONS,
        ["header"],
        {"document": {"link": LINK, "filename": "x" * 241}},
        ["header", "document", "filename"],
    ),
    ("buttons", BUTTONS, ["buttons"], [], None),
    (
        "buttons",
        BUTTONS,
        ["buttons"],
        [{"id": str(one), "title": str(one)} for one in "1234"],
        None,
    ),
    ("buttons", BUTTONS, ["buttons", 1, "title"], "x" * 21, None),
    ("buttons", BUTTONS, ["buttons", 1, "title"], "", None),
    ("buttons", BUTTONS, ["buttons", 1, "title"], "Yes please", None),
    ("buttons", BUTTONS, ["buttons", 0, "id"], "x" * 257, None),
    ("buttons", BUTTONS, ["buttons", 0, "id"], " yes", None),
    ("buttons", BUTTONS, ["buttons", 1, "id"], "yes", None),
    ("list", LIST, ["body"], "x" * 4097, None),
    ("list", LIST, ["button"], "x" * 21, None),
    ("list", LIST, ["header"], {"image": {"link": LINK}}, None),
    ("list", LIST, ["sections"], [], None),
    ("list", LIST, ["sections"], [{"title": "s", "rows": [ROW]}] * 11, None),
    ("list", LIST, ["sections", 0, "title"], None, None),
    ("list", LIST, ["sections", 1, "title"], "x" * 25, None),
    ("list", LIST, ["sections", 1, "rows"], [], None),
    (
        "list",
        LIST,
        ["sections", 0, "rows"],
        [ROW | {"id": str(number)} for number in range(9)],
        ["sections"],
    ),
    ("list", LIST, ["sections", 1, "rows", 0, "id"], "day1-slot1", None),
    ("list", LIST, ["sections", 1, "rows", 0, "id"], "x" * 201, None),
    ("list", LIST, ["sections", 1, "rows", 0, "title"], "x" * 25, None),
    ("list", LIST, ["sections", 1, "rows", 1, "description"], "x" * 73, None),
    ("ctaUrl", CTA_URL, ["displayText"], "x" * 21, None),
    ("ctaUrl", CTA_URL, ["url"], FAR, None),
    ("locationRequest", {}, ["body"], "", None),
    ("contactRequest", {}, ["body"], "x" * 1025, None),
    ("flow", FLOW | {"reference": {}}, ["reference", "flowName"], "x" * 201, None),
    ("flow", FLOW | BY_ID, ["cta"], "x" * 31, None),
    ("flow", FLOW | BY_ID, ["cta"], "Go 👍", None),
    ("flow", FLOW | BY_ID, ["token"], "x" * 1001, None),
    ("flow", FLOW | BY_ID | {"data": None}, ["action"], "DATA_EXCHANGE", ["screen"]),
    ("flow", FLOW | BY_ID | {"screen": None}, ["action"], "DATA_EXCHANGE", ["data"]),
    ("flow", FLOW | BY_ID, ["data"], {}, None),
    ("flow", FLOW | BY_ID, ["data"], ["x"], None),
    ("flow", FLOW | BY_ID, ["data"], {"$x": 1}, None),
]


async def test_every_limit_is_refused_with_its_field(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for name, kind, path, value, named in REFUSED:
        with subtests.test(name=name, path=path):
            content = {"interactive": {name: change(kind, path, value)}}
            field = [str(step) for step in path] if named is None else named

            await check_refused(agent, meta, said, content, "interactive", name, *field)


LONGEST: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("buttons", BUTTONS, {"body": "x" * 1024, "footer": "x" * 60, "header": {"text": "x" * 60}}),
    ("buttons", BUTTONS, {"buttons": [{"id": "x" * 256, "title": "x" * 20}]}),
    ("list", LIST, {"body": "x" * 4096, "button": "x" * 20, "header": {"text": "x" * 60}}),
    (
        "list",
        LIST,
        {
            "sections": [
                {
                    "title": "x" * 24,
                    "rows": [{"id": "x" * 200, "title": "x" * 24, "description": "x" * 72}],
                }
            ]
        },
    ),
    ("ctaUrl", CTA_URL, {"body": "x" * 1024, "displayText": "x" * 20}),
    ("flow", FLOW | BY_ID, {"body": "x" * 1024, "cta": "x" * 30}),
]


async def test_longest_texts_that_meta_takes_are_sent(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for name, kind, values in LONGEST:
        with subtests.test(name=name):
            message = await send(agent, said, {"interactive": {name: kind | values}})

            body = await find_body(meta, message["id"])
            for text in values.values():
                if isinstance(text, str):
                    assert text in json.dumps(body)


@pytest.mark.parametrize("data", [{"x": float("inf")}, {"\ud800": 1}, {"x": "\ud800"}])
async def test_data_that_can_not_be_sent_is_refused(
    agent: GraphQLClient, said: Message, data: dict[str, Any]
) -> None:
    content = {"interactive": {"flow": FLOW | BY_ID | {"data": data}}}
    values = {"to": {"conversationId": conversation_id(said)}, "content": content}
    headers = {"Authorization": f"Bearer {agent.token}", "Content-Type": "application/json"}
    request = json.dumps({"query": SEND, "variables": {"input": values}})

    answer = await agent.http.post("/graphql", content=request, headers=headers)

    assert answer.status_code == 400 or "INVALID_INPUT" in answer.text
    assert await Message.count() == 1


async def test_exactly_one_kind_and_header_is_required(
    agent: GraphQLClient, said: Message, subtests: pytest.Subtests
) -> None:
    for interactive in (
        {},
        {"buttons": BUTTONS, "list": LIST},
        {"buttons": BUTTONS | {"header": {}}},
        {"buttons": BUTTONS | {"header": {"text": "x", "image": {"link": LINK}}}},
        {"buttons": None},
    ):
        with subtests.test(interactive=interactive):
            values = {
                "to": {"conversationId": conversation_id(said)},
                "content": {"interactive": interactive},
            }
            assert await agent.find_error_code(SEND, input=values) == "BAD_USER_INPUT"


TAPPED = """query ($id: ID!) { conversation(id: $id) { messages { edges { node { replyTo { id }
  content { ... on InteractiveReplyContent { replyKind replyId title response }
    ... on ContactsContent { origin contacts { phones { waId } } } } } } } } }"""


async def test_taps_of_customer_are_received(
    agent: GraphQLClient,
    said: Message,
    meta: FakeMeta,
    sandbox: httpx.AsyncClient,
    subtests: pytest.Subtests,
) -> None:
    card = {"name": {"formatted_name": "Ana"}, "phones": [{"wa_id": "15550001111"}]}
    form = {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "order-17"}'}
    taps: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        (
            {"buttons": BUTTONS},
            tap("button_reply", {"id": "yes", "title": "Yes please"}),
            show_tap("BUTTON", replyId="yes", title="Yes please"),
        ),
        (
            {"list": LIST},
            tap("list_reply", {"id": "day1-slot1", "title": "9 h"}),
            show_tap("LIST", replyId="day1-slot1", title="9 h"),
        ),
        (
            {"flow": FLOW | BY_ID},
            tap("nfm_reply", form),
            show_tap("FLOW", response={"flow_token": "order-17"}),
        ),
        (
            {"contactRequest": {"body": BODY}},
            {"type": "contacts", "contacts": [card], "raw": {"origin": "contact_request"}},
            {"origin": "contact_request", "contacts": [{"phones": [{"waId": "15550001111"}]}]},
        ),
    ]
    for kind, answer, shown in taps:
        with subtests.test(kind=next(iter(kind))):
            message = await send(agent, said, {"interactive": kind})
            await find_body(meta, message["id"])
            wamid = meta.requests.list_sends()[-1].message_id
            answer |= {"from": "15550001111", "context": {"id": wamid}}

            assert (await sandbox.post("/sandbox/inbound", json=answer)).json()[
                "webhook_status"
            ] == 200

            assert await wait_for_answer(agent, said, message["id"]) == shown


def tap(kind: str, reply: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


def show_tap(kind: str, **values: Any) -> dict[str, Any]:
    names = ("replyId", "title", "response")
    return {"replyKind": kind, **dict.fromkeys(names), **values}


async def wait_for_answer(client: GraphQLClient, said: Message, offer: str) -> dict[str, Any]:
    """Returns the content of the reply to a message."""

    async def look() -> list[dict[str, Any]]:
        shown = (await client(TAPPED, id=conversation_id(said)))["conversation"]["messages"]
        nodes = [edge["node"] for edge in shown["edges"]]
        return [node["content"] for node in nodes if node["replyTo"] == {"id": offer}]

    [content] = await eventually(look)
    return content
