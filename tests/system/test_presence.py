"""Presence over several processes, one of which is killed."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from pymongo.asynchronous.database import AsyncDatabase

from models import Presence, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.presence import PRESENCE, read_event, wait_for_viewers
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.servers import ServerProcess
from tests.fixtures.world import NUMBER, connect_number
from tests.graph.socket_kit import open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing

VIEWERS = """query ($id: ID!) {
  conversation(id: $id) { viewers { agent { name isOnline } isTyping } } }"""
TYPING = """mutation ($id: ID!) { setTyping(input: {conversationId: $id, colleaguesOnly: true}) {
  userErrors { code } } }"""


async def test_presence_ends_with_killed_process(
    database: AsyncDatabase[dict[str, Any]],
    keyring: KeyRing,
    make_server: Callable[..., ServerProcess],
) -> None:
    account = await connect_number(keyring, NUMBER)
    conversation = conversation_id(await write_message(account, "15550001111", "one"))
    _, ada = await create_api_key(DEFAULT_WORKSPACE_ID, name="Ada", role=Role.AGENT)
    _, bob = await create_api_key(DEFAULT_WORKSPACE_ID, name="Bob", role=Role.AGENT)
    one, other = make_server(), make_server()
    one.start(wait_for="")
    other.start()
    one.wait_for("/readyz")
    async with (
        open_socket(one.port, token=ada) as at_one,
        open_socket(other.port, token=bob) as at_other,
        httpx.AsyncClient(base_url=other.url, trust_env=False, timeout=60) as http,
    ):
        await at_one.subscribe(PRESENCE, conversation=conversation)
        await read_event(at_one)
        await at_other.subscribe(PRESENCE, account=None)
        await wait_for_viewers(at_other, [("Ada", False)])
        answering = asyncio.create_task(answer_pings(at_one))
        client = GraphQLClient(http, bob)
        shown = (await client(VIEWERS, id=conversation))["conversation"]["viewers"]
        # By the other process than that of the socket, to which it is shown.
        await GraphQLClient(http, ada)(TYPING, id=conversation)
        await wait_for_viewers(at_other, [("Ada", True)])

        one.kill()
        answering.cancel()
        await wait_for_viewers(at_other, [])
        after = (await client(VIEWERS, id=conversation))["conversation"]["viewers"]

    assert shown == [{"agent": {"name": "Ada", "isOnline": True}, "isTyping": False}]
    assert after == []
    # One document for each process, however many agents it serves.
    assert await Presence.count() <= 2


async def answer_pings(ws: Any) -> None:
    while True:
        await read_event(ws)
