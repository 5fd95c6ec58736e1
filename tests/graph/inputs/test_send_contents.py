"""Rules for all content types: replies, idempotency, retries."""

from datetime import timedelta
from typing import Any

import pytest

from models import Account, Message
from models.database.base import utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.sending import find_body, send, send_to, wait_for_status

CONTENTS: dict[str, dict[str, Any]] = {
    "text": {"text": {"body": "Hello"}},
    "location": {"location": {"latitude": 1.5, "longitude": 2.5}},
    "contacts": {"contacts": [{"name": {"formattedName": "Ada"}}]},
    "buttons": {"interactive": {"buttons": {"body": "?", "buttons": [{"id": "y", "title": "Y"}]}}},
    "list": {
        "interactive": {
            "list": {
                "body": "?",
                "button": "Open",
                "sections": [{"rows": [{"id": "r", "title": "R"}]}],
            }
        }
    },
    "ctaUrl": {
        "interactive": {"ctaUrl": {"body": "?", "displayText": "Go", "url": "https://x.example"}}
    },
    "locationRequest": {"interactive": {"locationRequest": {"body": "Where?"}}},
    "contactRequest": {"interactive": {"contactRequest": {"body": "Who?"}}},
    "flow": {"interactive": {"flow": {"body": "?", "reference": {"flowId": "1"}, "cta": "Go"}}},
}
RETRY = """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
  message { id text type: typeName retryOf { id } } userErrors { code } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Question", wamid="wamid.QUESTION")


async def test_each_can_answer_message(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for name, content in CONTENTS.items():
        with subtests.test(name=name):
            plain = await send(agent, said, content)
            answer = await send(agent, said, content, replyToMessageId=id_of(said))

            body = await find_body(meta, answer["id"])
            assert body.pop("context") == {"message_id": "wamid.QUESTION"}
            assert body == await find_body(meta, plain["id"])


async def test_each_can_be_repeated_with_its_key(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for name, content in CONTENTS.items():
        with subtests.test(name=name):
            first = await send(agent, said, content, idempotencyKey=name)
            second = await send(agent, said, content, idempotencyKey=name)
            other = CONTENTS["flow" if name == "text" else "text"]
            reused = await send_to(agent, said, other, idempotencyKey=name)

            assert first["id"] == second["id"]
            assert [error["code"] for error in reused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    await find_body(meta, first["id"])
    assert set(meta.requests.accepted_counts.values()) == {1}
    assert await Message.count() == len(CONTENTS) + 1


async def test_each_content_is_retried_unchanged(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for name, content in CONTENTS.items():
        with subtests.test(name=name):
            meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026))
            failed = await send(agent, said, content, replyToMessageId=id_of(said))
            await wait_for_status(agent, failed["id"], "FAILED")
            wanted = meta.requests.requests[-1].body

            again = (await agent(RETRY, id=failed["id"]))["retryMessage"]["message"]

            body = await find_body(meta, again["id"])
            assert (again["text"], again["type"]) == (failed["text"], failed["type"])
            assert again["retryOf"] == {"id": failed["id"]}
            outside = ("to", "biz_opaque_callback_data")
            assert body == {key: value for key, value in wanted.items() if key not in outside}


async def test_each_needs_open_window(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    old = await write_message(account, "15550002222", "x", at=utc_now() - timedelta(hours=25))

    for name, content in CONTENTS.items():
        with subtests.test(name=name):
            payload = await send_to(agent, old, content)
            assert [error["code"] for error in payload["userErrors"]] == ["WINDOW_CLOSED"]

    assert (await Message.count(), meta.requests.list_sends()) == (1, [])
