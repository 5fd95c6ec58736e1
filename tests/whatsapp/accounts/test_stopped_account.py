"""An account that Meta refuses, as an operator sees it: why it stopped, and how it goes on."""

from typing import Any

import pytest

from models import Account
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message

SEND = """
mutation Send($to: ID!, $text: String!) {
  sendMessage(input: {to: {conversationId: $to}, content: {text: {body: $text}}}) {
    message { id }
    userErrors { code message }
  }
}
"""
CONVERSATIONS = "{ conversations(first: 1) { edges { node { id lastMessage { id } } } } }"
ACCOUNT = "{ accounts(first: 1) { edges { node { id health { state reason } } } } }"
STATUS = "query Status($id: ID!) { message(id: $id) { status errors { code } } }"
ENABLE = """
mutation Enable($id: ID!) {
  enableAccount(input: {accountId: $id}) { account { health { state } } userErrors { code } }
}
"""
UPDATE = """
mutation Update($id: ID!, $token: String!) {
  updateAccount(input: {accountId: $id, accessToken: $token}) {
    account { health { state } }
    userErrors { code }
  }
}
"""


pytestmark = with_timeouts(send_deadline_seconds=10.0)


@pytest.fixture
async def conversation_id(account: Account, webhook: WebhookClient, admin: GraphQLClient) -> str:
    await webhook.post_messages(make_message())

    async def find() -> str | None:
        edges = (await admin(CONVERSATIONS))["conversations"]["edges"]
        return edges[0]["node"]["id"] if edges and edges[0]["node"]["lastMessage"] else None

    found = await eventually(find)
    assert found is not None
    return found


async def query_account(admin: GraphQLClient) -> dict[str, Any]:
    node: dict[str, Any] = (await admin(ACCOUNT))["accounts"]["edges"][0]["node"]
    return node


async def wait_until_stopped(admin: GraphQLClient) -> dict[str, Any]:
    async def is_stopped() -> bool:
        return bool((await query_account(admin))["health"]["state"] == "STOPPED")

    await eventually(is_stopped)
    return await query_account(admin)


async def wait_until_read(admin: GraphQLClient, message_id: str) -> None:
    async def is_read() -> bool:
        return bool((await admin(STATUS, id=message_id))["message"]["status"] == "READ")

    await eventually(is_read)


async def send(admin: GraphQLClient, conversation_id: str, text: str = "Hello") -> Any:
    return (await admin(SEND, to=conversation_id, text=text))["sendMessage"]


async def test_new_token_sends_waiting_messages(
    admin: GraphQLClient, conversation_id: str, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=190, subcode=463))
    waiting = (await send(admin, conversation_id))["message"]["id"]
    stopped = await wait_until_stopped(admin)

    refused = await send(admin, conversation_id)
    calls = len(meta.requests.requests)
    token = "canary-access-token-A"
    mended = (await admin(UPDATE, id=stopped["id"], token=token))["updateAccount"]
    await wait_until_read(admin, waiting)

    assert "190" in stopped["health"]["reason"]
    assert [error["code"] for error in refused["userErrors"]] == ["ACCOUNT_STOPPED"]
    assert calls == 1
    assert mended["account"]["health"]["state"] == "OK"
    # The account's error is not an error of the message.
    assert (await admin(STATUS, id=waiting))["message"]["errors"] == []


async def test_enabled_account_goes_on_in_order(
    admin: GraphQLClient, conversation_id: str, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=368, text="A"))
    sent = [(await send(admin, conversation_id, text))["message"] for text in "AB"]
    stopped = await wait_until_stopped(admin)

    enabled = (await admin(ENABLE, id=stopped["id"]))["enableAccount"]
    if sent[1] is not None:  # it was queued before the account stopped
        await wait_until_read(admin, sent[1]["id"])
    await wait_until_read(admin, sent[0]["id"])

    assert "368" in stopped["health"]["reason"]
    assert enabled["userErrors"] == []
    texts = [one.body["text"]["body"] for one in meta.requests.list_sends()]
    assert texts == ["A", "B"][: len(texts)]
