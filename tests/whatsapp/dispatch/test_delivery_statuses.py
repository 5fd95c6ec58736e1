"""A send and its status webhooks, from the graph to Meta and back."""

from typing import Any

import pytest

from models import Account, Message, MessageStatus
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import CUSTOMER, WebhookClient, make_message

SEND = """
mutation Send($to: ID!, $text: String!) {
  sendMessage(input: {to: {conversationId: $to}, content: {text: {body: $text}}}) {
    message { id status }
    userErrors { code message }
  }
}
"""
CONVERSATIONS = "{ conversations(first: 1) { edges { node { id lastMessage { id } } } } }"
STATUS = "query Status($id: ID!) { message(id: $id) { status statusHistory { status } } }"


# With patience for a slow machine: an answer that is late would be another history.
pytestmark = with_timeouts(send_deadline_seconds=10.0)


@pytest.fixture
async def conversation_id(account: Account, webhook: WebhookClient, agent: GraphQLClient) -> str:
    """Creates a conversation with an open window."""
    await webhook.post_messages(make_message())

    async def find() -> str | None:
        edges = (await agent(CONVERSATIONS))["conversations"]["edges"]
        return edges[0]["node"]["id"] if edges and edges[0]["node"]["lastMessage"] else None

    found = await eventually(find)
    assert found is not None
    return found


async def send(agent: GraphQLClient, conversation_id: str) -> str:
    payload = (await agent(SEND, to=conversation_id, text="Hello"))["sendMessage"]
    assert payload["userErrors"] == []
    message_id: str = payload["message"]["id"]
    return message_id


async def wait_for_status(
    agent: GraphQLClient, message_id: str, status: str, *, after: str
) -> list[str]:
    """Returns the statuses of the message once it has the given status.

    `after` is the status set by the answer to its request; it may be stored after the webhooks'
    statuses.
    """

    async def look() -> list[str] | None:
        found: dict[str, Any] = (await agent(STATUS, id=message_id))["message"]
        history = [step["status"] for step in found["statusHistory"]]
        return history if found["status"] == status and after in history else None

    history = await eventually(look)
    assert history is not None
    return history


async def test_message_is_sent_delivered_and_read(
    agent: GraphQLClient, conversation_id: str, meta: FakeMeta
) -> None:
    message_id = await send(agent, conversation_id)

    history = await wait_for_status(agent, message_id, "READ", after="ACCEPTED")

    assert history == ["QUEUED", "SENDING", "ACCEPTED", "SENT", "DELIVERED", "READ"]
    assert [request.body["to"] for request in meta.requests.list_sends()] == [CUSTOMER]


async def test_statuses_that_come_before_answer_are_kept(
    agent: GraphQLClient, conversation_id: str, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.STATUS_BEFORE_ANSWER))

    message_id = await send(agent, conversation_id)

    await wait_for_status(agent, message_id, "READ", after="ACCEPTED")


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATED, FaultKind.RESET_AFTER])
async def test_statuses_settle_send_whose_answer_was_lost(
    agent: GraphQLClient, conversation_id: str, meta: FakeMeta, kind: FaultKind
) -> None:
    meta.faults.add(FaultRule(kind=kind))

    message_id = await send(agent, conversation_id)

    await wait_for_status(agent, message_id, "READ", after="UNKNOWN")
    stored = await Message.find_one({"direction": "OUTBOUND"})
    assert stored is not None
    assert (stored.wamid, stored.status) == (
        meta.requests.list_sends()[0].message_id,
        MessageStatus.READ,
    )


async def test_accepted_message_may_fail_later(
    agent: GraphQLClient, conversation_id: str, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.STATUS_FAILED, code=131026))

    message_id = await send(agent, conversation_id)

    history = await wait_for_status(agent, message_id, "FAILED", after="ACCEPTED")
    assert history[-1] == "FAILED"
