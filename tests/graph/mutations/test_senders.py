"""Senders of messages: agents, servers for agents or for themselves, and the app on the phone."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models import Account, Message, MessageStatus, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.agents import create_agents
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.waiting import eventually
from whatsapp.auth.api_keys import create_api_key

SENDER = """id sender { __typename ... on AgentSender { agent { name } via }
  ... on ApiKeySender { name } ... on BusinessAppSender { account { name } } }"""
SEND = f"""mutation ($input: SendMessageInput!) {{ sendMessage(input: $input) {{
  message {{ {SENDER} }} userErrors {{ code field }} }} }}"""
RETRY = f"""mutation ($id: ID!) {{ retryMessage(input: {{messageId: $id}}) {{
  message {{ {SENDER} }} userErrors {{ code }} }} }}"""
CANCEL = "mutation ($id: ID!) { cancelMessage(input: {messageId: $id}) { userErrors { code } } }"
HISTORY = f"""query ($id: ID!) {{ conversation(id: $id) {{
  messages {{ nodes {{ {SENDER} }} }} }} }}"""
APP = "WhatsApp Business app"
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Question")


async def make_server(http: Any, name: str, role: Role = Role.AGENT) -> GraphQLClient:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name=name, role=role, for_server=True)
    return GraphQLClient(http, token)


async def send(client: GraphQLClient, said: Message, agent_id: str | None = None) -> dict[str, Any]:
    to, content = {"conversationId": conversation_id(said)}, {"text": {"body": "Hi"}}
    given = {"to": to, "content": content, "onBehalfOfAgentId": agent_id}
    payload: dict[str, Any] = (await client(SEND, input=given))["sendMessage"]
    return payload


def show_sender(payload: dict[str, Any]) -> dict[str, Any]:
    assert payload["userErrors"] == []
    sender: dict[str, Any] = payload["message"]["sender"]
    return sender


def by_agent(name: str, via: str | None = None) -> dict[str, Any]:
    return {"__typename": "AgentSender", "agent": {"name": name}, "via": via}


async def test_sender_is_agent_or_server(
    client: Any, admin: GraphQLClient, agent: GraphQLClient, said: Message
) -> None:
    server = await make_server(client, "backend")
    (kim,) = map(id_of, await create_agents("Kim"))

    assert show_sender(await send(agent, said)) == by_agent("test agent")
    assert show_sender(await send(server, said)) == {
        "__typename": "ApiKeySender",
        "name": "backend",
    }
    assert show_sender(await send(server, said, kim)) == by_agent("Kim", "backend")
    assert show_sender(await send(admin, said, kim)) == by_agent("Kim", "test admin")
    own = (await agent("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    assert show_sender(await send(agent, said, own)) == by_agent("test agent")


async def test_sending_for_another_agent_is_refused(
    client: Any, agent: GraphQLClient, said: Message, other_account: Account
) -> None:
    server = await make_server(client, "backend")
    kim, elsewhere = await create_agents("Kim"), await create_agents("x", accounts=[other_account])
    given = {"to": {"conversationId": conversation_id(said)}, "content": {"text": {"body": "Hi"}}}

    code = await agent.find_error_code(SEND, input=given | {"onBehalfOfAgentId": id_of(kim[0])})
    refused = await send(server, said, id_of(elsewhere[0]))

    assert code == "FORBIDDEN"
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "field": ["onBehalfOfAgentId"]}]
    assert await Message.find({"direction": "OUTBOUND"}).count() == 0


async def test_idempotency_key_covers_agent(client: Any, said: Message) -> None:
    server = await make_server(client, "backend")
    kim, lee = map(id_of, await create_agents("Kim", "Lee"))

    async def send_once(agent_id: str | None) -> dict[str, Any]:
        to, content = {"conversationId": conversation_id(said)}, {"text": {"body": "Hi"}}
        given = {"to": to, "content": content, "idempotencyKey": "a"}
        given |= {} if agent_id is None else {"onBehalfOfAgentId": agent_id}
        payload: dict[str, Any] = (await server(SEND, input=given))["sendMessage"]
        return payload

    first, again, other = [await send_once(agent_id) for agent_id in (kim, kim, lee)]

    assert again == first
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await send_once(None))["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def have_failed() -> bool:
    outbound = await Message.find({"direction": "OUTBOUND"}).to_list()
    return all(message.status is MessageStatus.FAILED for message in outbound)


async def test_retry_names_who_retries(
    client: Any, agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026, times=None))
    server = await make_server(client, "backend")
    (kim,) = map(id_of, await create_agents("Kim"))
    failed = []
    for _ in range(2):
        sent = (await send(server, said, kim))["message"]["id"]
        failed.append(sent)
    await eventually(have_failed)

    by_server, by_other = [
        (await caller(RETRY, id=message_id))["retryMessage"]
        for caller, message_id in zip((server, agent), failed, strict=True)
    ]

    assert show_sender(by_server) == by_agent("Kim", "backend")
    assert show_sender(by_other) == by_agent("test agent")


async def test_key_named_as_app_is_no_phone(client: Any, said: Message) -> None:
    server = await make_server(client, APP)
    await send(server, said)
    # As version 0.1 stored it.
    account = await Account.get(said.account_id)
    assert account is not None
    outbound: dict[str, Any] = {"direction": "OUTBOUND", "unread": False, "status_rank": 60}
    await write_message(account, "15550001111", "from the phone", sent_by=APP, **outbound)

    shown = await server(HISTORY, id=conversation_id(said))

    senders = [node["sender"] for node in shown["conversation"]["messages"]["nodes"]]
    assert len(senders) == 3
    for sender in (
        {"__typename": "ApiKeySender", "name": APP},
        {"__typename": "BusinessAppSender", "account": {"name": account.name}},
        None,
    ):
        assert sender in senders


async def test_agents_of_page_are_read_together(
    counter: CommandCounter, client: Any, agent: GraphQLClient, said: Message
) -> None:
    server = await make_server(client, "backend")
    for kim in map(id_of, await create_agents("Kim", "Lee", "Max")):
        await send(server, said, kim)
    await agent("{ __typename }")  # the first request reads the retired agents

    for _ in range(2):
        with counter.counting():
            await agent(HISTORY, id=conversation_id(said))
        assert [target for _, target in counter.reads].count("agents") == 1


async def test_messages_are_filtered_by_sender(
    admin: GraphQLClient, agent: GraphQLClient, said: Message
) -> None:
    (kim,) = map(id_of, await create_agents("Kim"))
    of_kim = (await send(admin, said, kim))["message"]["id"]
    await send(agent, said)
    listing = """query ($id: ID!, $filter: MessageFilter) {
      conversation(id: $id) { messages(filter: $filter) { nodes { id } } }
      searchMessages(text: "hi", filter: $filter) { nodes { id } } }"""
    conversation = conversation_id(said)

    found = await admin(listing, id=conversation, filter={"senderId": kim})

    assert found["conversation"]["messages"]["nodes"] == [{"id": of_kim}]
    assert found["searchMessages"]["nodes"] == [{"id": of_kim}]
    wrong = {"senderId": conversation}
    assert await admin.find_error_code(listing, id=conversation, filter=wrong) == "BAD_USER_INPUT"
