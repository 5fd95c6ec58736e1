"""Inputs of which exactly one field must be given."""

from typing import Any

import pytest

from models import Account, Message
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.templates import by_name
from tests.fixtures.uploads import SEND

LINK = "https://example.com/a.png"


def media(kind: str, **source: Any) -> dict[str, Any]:
    return {kind: {"source": source}}


def flow(**reference: Any) -> dict[str, Any]:
    return {"interactive": {"flow": {"body": "?", "cta": "Go", "reference": reference}}}


def fill(**parameters: Any) -> dict[str, Any]:
    return {"template": by_name("order_shipped", parameters=parameters)}


# Contents with none, several and null fields.
REFUSED: list[dict[str, Any]] = [
    *({kind: {}} for kind in ("image", "video", "audio", "document", "sticker")),
    *(media(kind) for kind in ("image", "video", "audio", "document", "sticker")),
    *(media(kind, link=LINK, uploadId="x") for kind in ("image", "sticker")),
    media("image", link=None),
    {"image": {"link": LINK}},
    flow(),
    flow(flowId="1", flowName="booking"),
    {"template": {}},
    {"template": {"reference": {}}},
    {"template": {"reference": {"templateId": "x", **by_name("hello_world")["reference"]}}},
    {"template": {"reference": {"byName": {"name": "hello_world"}}}},
    {"template": {"templateId": "x"}},
    fill(header={"image": {"source": {}}}),
    fill(header={"video": {"source": {"link": LINK, "uploadId": "x"}}}),
    fill(header={"document": {"filename": "a.pdf"}}),
    fill(body=[{"value": {}}]),
    fill(body=[{"value": {"text": "a", "currency": None}}]),
    fill(buttons=[{"index": 0, "value": {}}]),
    fill(buttons=[{"index": 0, "value": {"payload": "a", "urlSuffix": "b"}}]),
]


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "When?")


async def test_exactly_one_field_is_required(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for content in REFUSED:
        with subtests.test(content=content):
            values = {"to": {"conversationId": conversation_id(said)}, "content": content}
            assert await agent.find_error_code(SEND, input=values) == "BAD_USER_INPUT"
    assert await Message.count() == 1
    assert meta.requests.list_sends() == []
