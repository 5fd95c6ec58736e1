"""A change of an agent is an event for all who share an account with it."""

from contextlib import AsyncExitStack

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.graph.live_kit import create_contact
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key

EVENTS = """subscription($account: ID, $after: String) {
  events(types: [AGENT_UPDATED, CONTACT_UPDATED], accountId: $account, after: $after) {
    account { id } ... on AgentUpdated { agent { name } }
    ... on ContactUpdated { contact { name } } } }"""
RENAME = """mutation ($id: ID!, $name: String!) {
  updateAgent(input: {agentId: $id, name: $name}) { userErrors { code } } }"""


async def test_rename_reaches_those_who_share_an_account(
    port: int, token: str, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    agents, readers = {}, {}
    scopes = {"ours": [account.id], "theirs": [other_account.id], "everyone": None}
    for name, account_ids in scopes.items():
        key, readers[name] = await create_api_key(
            DEFAULT_WORKSPACE_ID, name=name, role=Role.AGENT, account_ids=account_ids
        )
        agents[name] = encode_id("Agent", key.agent_id)
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    async with AsyncExitStack() as stack:
        sockets = {
            name: await stack.enter_async_context(open_socket(port, token=reader))
            for name, reader in (readers | {"narrowed": token}).items()
        }
        for name, ws in sockets.items():
            only = id_of(account) if name == "narrowed" else None
            await ws.subscribe(EVENTS, account=only, after=cursor)

        for name, agent_id in agents.items():
            await admin(RENAME, id=agent_id, name=f"{name}, renamed")
        await create_contact(account.id, name="last")
        await create_contact(other_account.id, name="last")
        live = {name: await read_names(ws) for name, ws in sockets.items()}
        # Replayed from the ring, with the same rights.
        await sockets["theirs"].subscribe(EVENTS, after=cursor)
        replayed = await read_names(sockets["theirs"])

    renamed = {name: f"{name}, renamed" for name in agents}
    shared = [renamed["everyone"], "last"]
    assert live == {
        "ours": [renamed["ours"], *shared],
        "theirs": [renamed["theirs"], *shared],
        "everyone": [renamed["ours"], renamed["theirs"], *shared],
        "narrowed": [renamed["ours"], *shared],
    }
    assert replayed == live["theirs"]


async def read_names(ws: SocketClient) -> list[str]:
    """Returns the names of changed agents up to the first contact, which has an account."""
    names: list[str] = []
    while not names or names[-1] != "last":
        event = (await ws.take(1))[0]["events"]
        names.append((event.get("agent") or event["contact"])["name"])
        assert (event["account"] is None) == ("agent" in event)
    return names
