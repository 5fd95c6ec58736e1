"""Demo data of a first start, created through the GraphQL API and webhooks."""

import asyncio
import time
from typing import cast

import httpx

from models import Account, Message, MessageStatus

# The ids of Meta's own examples, so that a payload copied from its documentation fits.
DEMO_PHONE_NUMBER_ID = "106540352242922"
DEMO_BUSINESS_ACCOUNT_ID = "419561257915477"
DEMO_DISPLAY_NUMBER = "15550783881"

CREATE_ACCOUNT = """
mutation CreateAccount($input: CreateAccountInput!) {
  createAccount(input: $input) { account { id } userErrors { code message } }
}
"""
CHECK_ACCOUNT = """
mutation CheckAccount($input: CheckAccountInput!) {
  checkAccount(input: $input) { account { id } userErrors { code message } }
}
"""
REPLY = """
mutation Reply($phone: String!, $accountId: ID!, $body: String!) {
  sendMessage(input: {
    accountId: $accountId, to: { phoneNumber: $phone }, content: { text: { body: $body } }
  }) { message { id } userErrors { code message } }
}
"""
CREATE_AGENT = """
mutation CreateAgent($name: String!) {
  createApiKey(input: { name: $name, role: AGENT }) {
    apiKey { agent { id } } userErrors { code message }
  }
}
"""
ASSIGN = """
mutation Assign($conversationId: ID!, $agentId: ID) {
  assignConversation(input: { conversationId: $conversationId, assigneeId: $agentId }) {
    conversation { id } userErrors { code message }
  }
}
"""
START = """
query Start {
  viewer { agent { id } }
  conversations(first: 10) { nodes { id contact { waId } } }
}
"""
Json = dict[str, object]
MINUTE = 60
HISTORY: list[tuple[str, str, int, Json]] = [
    ("16505551234", "Sheena Nelson", 55 * MINUTE, {"type": "text", "text": "Hi! Do you deliver?"}),
    ("16505551234", "Sheena Nelson", 54 * MINUTE, {"type": "text", "text": "To Palo Alto"}),
    (
        "447700900123",
        "Amir Haddad",
        30 * MINUTE,
        {
            "type": "location",
            "location": {
                "latitude": 37.44221,
                "longitude": -122.16165,
                "name": "Philz Coffee",
                "address": "101 Forest Ave, Palo Alto, CA 94301",
            },
        },
    ),
    ("447700900123", "Amir Haddad", 29 * MINUTE, {"type": "text", "text": "I'm waiting here ☕"}),
    (
        "5511987654321",
        "Lucía Gómez",
        5 * MINUTE,
        {"type": "text", "text": "¿Tienen en otro color?"},
    ),
]
REPLIES = [("16505551234", "We do, every day until 6 pm. Shall I book a slot for you?")]

AGENTS = ("Ana Silva", "Ben Okafor")
# The customer's number, and the agent: None for the owner of the printed API key. The others are
# assigned to nobody.
ASSIGNEES: dict[str, str | None] = {"16505551234": None, "447700900123": "Ana Silva"}


class SeedError(Exception):
    """Creating the demo data failed; the message has the server's answer."""


async def seed(*, server_url: str, sandbox_url: str, api_key: str) -> None:
    """Connects the demo account and sends customers' messages. Does nothing if accounts exist."""
    if await Account.find_one({"deleted_at": None}) is not None:
        return
    headers = {"Authorization": f"Bearer {api_key}"}
    async with httpx.AsyncClient(headers=headers, timeout=30, trust_env=False) as client:
        account_id = await _connect_account(client, server_url)
        for sender, name, age, message in HISTORY:
            await _write_as_customer(client, sandbox_url, sender, name, age, message)
        for phone, body in REPLIES:
            variables: Json = {"phone": phone, "accountId": account_id, "body": body}
            await _call(client, server_url, REPLY, variables, "sendMessage")
        await _assign_conversations(client, server_url)
    await _wait_until_read()


async def _assign_conversations(client: httpx.AsyncClient, server_url: str) -> None:
    """Creates the demo's agents, and assigns conversations to them."""
    own_id, conversations = await _find_conversations(client, server_url)
    agents: dict[str | None, object] = {None: own_id}
    for name in AGENTS:
        payload = await _call(client, server_url, CREATE_AGENT, {"name": name}, "createApiKey")
        agents[name] = cast("Json", payload["apiKey"]["agent"])["id"]
    for number, assignee in ASSIGNEES.items():
        variables = {"conversationId": conversations[number], "agentId": agents[assignee]}
        await _call(client, server_url, ASSIGN, variables, "assignConversation")


async def _find_conversations(
    client: httpx.AsyncClient, server_url: str
) -> tuple[str, dict[str, str]]:
    """Returns the id of the API key's agent, and ids of conversations by the customer's number.

    Waits for the conversations of `ASSIGNEES`.
    """
    for attempt in range(50):
        answer = await client.post(f"{server_url}/graphql", json={"query": START})
        start = answer.json()["data"]
        nodes = start["conversations"]["nodes"]
        conversations = {node["contact"]["waId"]: node["id"] for node in nodes}
        if conversations.keys() >= ASSIGNEES.keys():
            return start["viewer"]["agent"]["id"], conversations
        await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))
    raise SeedError("The demo's conversations were not created.")


async def _wait_until_read() -> None:
    """Waits for the demo's events, which would else be the first that a user sees live."""
    unread = {"direction": "OUTBOUND", "status_rank": {"$lt": MessageStatus.READ.rank}}
    for _ in range(100):
        if await Message.find_one(unread) is None:
            return
        await asyncio.sleep(0.1)


async def _connect_account(client: httpx.AsyncClient, server_url: str) -> str:
    account = {
        "name": "Demo shop",
        "phoneNumberId": DEMO_PHONE_NUMBER_ID,
        "businessAccountId": DEMO_BUSINESS_ACCOUNT_ID,
        "accessToken": "sandbox-access-token",
    }
    payload = await _call(client, server_url, CREATE_ACCOUNT, {"input": account}, "createAccount")
    account_id = str(payload["account"]["id"])
    # Meta names the number.
    await _call(
        client, server_url, CHECK_ACCOUNT, {"input": {"accountId": account_id}}, "checkAccount"
    )
    return account_id


async def _write_as_customer(
    client: httpx.AsyncClient,
    sandbox_url: str,
    sender: str,
    name: str,
    age: int,
    message: dict[str, object],
) -> None:
    timestamp = str(int(time.time()) - age)
    body = {"from": sender, "name": name, "timestamp": timestamp, **message}
    answer = await client.post(f"{sandbox_url}/sandbox/inbound", json=body)
    if answer.status_code != 200:
        raise SeedError(f"A demo message was refused: {answer.text[:300]}")


async def _call(
    client: httpx.AsyncClient, server_url: str, query: str, variables: dict[str, object], field: str
) -> dict[str, dict[str, object]]:
    # A reply needs the customer's message, which the server may still be processing.
    for attempt in range(50):
        answer = await client.post(
            f"{server_url}/graphql", json={"query": query, "variables": variables}
        )
        result = answer.json()
        payload: dict[str, dict[str, object]] = (result.get("data") or {}).get(field) or {}
        if payload and not payload["userErrors"]:
            return payload
        await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))
    raise SeedError(f"{field} was refused: {str(result)[:300]}")
