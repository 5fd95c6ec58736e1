"""Colleagues in a conversation: shown by their own subscription, and by typing."""

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from models import Account, Message, Presence, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.presence import PRESENCE, Viewers, name_viewers, read_event, wait_for_viewers
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.graph.socket_kit import SocketClient, open_socket
from tests.graph.stream_kit import open_stream
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.timeouts import Timeouts

VIEWERS = """query ($id: ID!) {
  conversation(id: $id) { viewers { agent { name } isTyping since } } }"""
TYPING = """mutation ($id: ID!, $only: Boolean!) {
  setTyping(input: {conversationId: $id, colleaguesOnly: $only}) { userErrors { code } } }"""
ONLINE = "{ agents(first: 9) { edges { node { name isOnline } } } }"
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "one")


async def make_agent(name: str, *accounts: Account) -> str:
    """Returns the API key of a new agent."""
    account_ids = [account.id for account in accounts] or None
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name=name, role=Role.AGENT, account_ids=account_ids
    )
    return token


@contextlib.asynccontextmanager
async def looking(port: int, token: str, conversation: str) -> AsyncIterator[SocketClient]:
    async with open_socket(port, token=token) as ws:
        await ws.subscribe(PRESENCE, conversation=conversation)
        yield ws


async def read_viewers(client: GraphQLClient, conversation: str) -> Viewers:
    return name_viewers((await client(VIEWERS, id=conversation))["conversation"]["viewers"])


async def test_looking_agents_see_each_other_until_they_leave(
    port: int, admin: GraphQLClient, said: Message
) -> None:
    conversation = conversation_id(said)
    ada, bob = await make_agent("Ada"), await make_agent("Bob")
    async with looking(port, ada, conversation) as ws:
        first = await read_event(ws)
        async with looking(port, bob, conversation) as other:
            await wait_for_viewers(ws, [("Ada", False), ("Bob", False)])
            await wait_for_viewers(other, [("Ada", False), ("Bob", False)])
            assert await read_viewers(admin, conversation) == [("Ada", False), ("Bob", False)]
        await wait_for_viewers(ws, [("Ada", False)])

    assert first["conversation"]["id"] == conversation
    assert name_viewers(first["viewers"]) == [("Ada", False)]

    async def has_left() -> bool:
        return not await read_viewers(admin, conversation) and not await Presence.count()

    await eventually(has_left)


async def test_second_tab_keeps_agent_in_conversation(port: int, said: Message) -> None:
    conversation = conversation_id(said)
    ada, bob = await make_agent("Ada"), await make_agent("Bob")
    async with looking(port, ada, conversation) as ws:
        async with looking(port, ada, conversation) as second:
            await read_event(second)
        async with looking(port, bob, conversation) as other:
            assert name_viewers((await read_event(other))["viewers"])[0] == ("Ada", False)
            await wait_for_viewers(ws, [("Ada", False), ("Bob", False)])


async def test_typing_is_shown_to_colleagues_alone_if_wanted(
    port: int, client: object, make_client: MakeClient, said: Message, meta: FakeMeta
) -> None:
    conversation, agent = conversation_id(said), await make_client(Role.AGENT)
    watcher = await make_agent("Watcher")
    async with looking(port, watcher, conversation) as ws:
        await read_event(ws)
        for only, requests in ((True, 0), (False, 1)):
            done = await agent(TYPING, id=conversation, only=only)
            assert done["setTyping"]["userErrors"] == []
            assert len(meta.requests.requests) == requests
        await wait_for_viewers(ws, [("Watcher", False), ("test agent", True)])
        # It ends by itself.
        await wait_for_viewers(ws, [("Watcher", False)])


async def test_refused_typing_is_not_shown(
    agent: GraphQLClient, admin: GraphQLClient, other_account: Account, make_client: MakeClient
) -> None:
    message = await write_message(other_account, "15550001111", "one")
    stranger = await make_client(Role.AGENT, [])
    conversation = conversation_id(message)

    done = await stranger(TYPING, id=conversation, only=True)

    assert [error["code"] for error in done["setTyping"]["userErrors"]] == ["NOT_FOUND"]
    assert await read_viewers(admin, conversation) == []


async def test_list_of_conversations_shows_visible_accounts_only(
    port: int, account: Account, other_account: Account, said: Message
) -> None:
    hidden = await write_message(other_account, "15550002222", "hidden")
    ada, limited = await make_agent("Ada"), await make_agent("Limited", account)
    async with (
        looking(port, ada, conversation_id(hidden)) as first,
        open_socket(port, token=limited) as ws,
        open_socket(port, token=ada) as everything,
    ):
        await read_event(first)
        await ws.subscribe(PRESENCE)
        await everything.subscribe(PRESENCE)
        seen = await read_event(everything)
        async with looking(port, ada, conversation_id(said)) as second:
            await read_event(second)
            event = await read_event(ws)
        left = await read_event(ws)

    assert seen["conversation"]["id"] == conversation_id(hidden)
    assert event["conversation"]["id"] == left["conversation"]["id"] == conversation_id(said)
    assert (name_viewers(event["viewers"]), left["viewers"]) == ([("Ada", False)], [])


async def test_server_without_agent_sees_but_is_not_shown(
    port: int, said: Message, admin: GraphQLClient
) -> None:
    _, token = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="server", role=Role.ADMIN, for_server=True
    )
    async with looking(port, token, conversation_id(said)) as ws:
        assert (await read_event(ws))["viewers"] == []


@with_timeouts(peer_ping_seconds=0.1, peer_silence_seconds=0.5, presence_poll_seconds=0.1)
async def test_silent_peer_is_not_shown_any_more(port: int, said: Message) -> None:
    conversation = conversation_id(said)
    ada, bob = await make_agent("Ada"), await make_agent("Bob")
    async with looking(port, ada, conversation) as lost, looking(port, bob, conversation) as ws:
        await read_event(lost, answers_pings=False)
        await wait_for_viewers(ws, [("Bob", False)])
        await lost.send({"type": "pong"})
        await wait_for_viewers(ws, [("Ada", False), ("Bob", False)])


async def test_event_stream_shows_its_agent(port: int, admin: GraphQLClient, said: Message) -> None:
    conversation = conversation_id(said)
    token = await make_agent("Ada")
    url = f"http://127.0.0.1:{port}"
    async with open_stream(url, token, PRESENCE, conversation=conversation) as stream:
        (event,) = await stream.take(1)
        assert name_viewers(event["presenceChanged"]["viewers"]) == [("Ada", False)]

    async def has_left() -> bool:
        return not await read_viewers(admin, conversation)

    await eventually(has_left)


@with_timeouts(peer_ping_seconds=0.1, peer_silence_seconds=1.0, presence_poll_seconds=0.1)
async def test_vanished_stream_reader_disappears(
    port: int, admin: GraphQLClient, said: Message
) -> None:
    conversation = conversation_id(said)
    url, token = f"http://127.0.0.1:{port}", await make_agent("Ada")

    async def is_shown() -> bool:
        return await read_viewers(admin, conversation) == [("Ada", False)]

    async def is_gone() -> bool:
        return await read_viewers(admin, conversation) == []

    async with open_stream(url, token, PRESENCE, conversation=conversation) as stream:
        await eventually(is_shown)
        # The kernel acknowledges the pings, also those that the client does not read.
        await asyncio.sleep(1.5)
        await eventually(is_shown)
        peer = stream.response.extensions["network_stream"].get_extra_info("socket")
        with dropping_segments(peer):
            await eventually(is_gone)
        await eventually(is_shown)


@contextlib.contextmanager
def dropping_segments(peer: socket.socket) -> Iterator[None]:
    """Drops all that arrives at a socket, as if its host had vanished."""
    attach, detach = 26, 27  # SO_ATTACH_FILTER, SO_DETACH_FILTER
    # The BPF program `ret #0`.
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    peer.setsockopt(socket.SOL_SOCKET, attach, struct.pack("HL", 1, ctypes.addressof(program)))
    try:
        yield
    finally:
        peer.setsockopt(socket.SOL_SOCKET, detach, 0)


async def test_agents_with_socket_are_online(port: int, admin: GraphQLClient) -> None:
    token = await make_agent("Ada")

    async def list_online() -> list[str]:
        edges = (await admin(ONLINE))["agents"]["edges"]
        return [edge["node"]["name"] for edge in edges if edge["node"]["isOnline"]]

    async with open_socket(port, token=token):
        assert await list_online() == ["Ada"]

    async def is_offline() -> bool:
        return await list_online() == []

    await eventually(is_offline)


def test_lost_agents_are_gone_within_ten_seconds() -> None:
    seconds = Timeouts()
    killed = seconds.presence_expiry_seconds + seconds.presence_poll_seconds
    silent = seconds.peer_silence_seconds + 2 * seconds.presence_poll_seconds

    assert max(killed, silent) <= 9
    assert seconds.peer_ping_seconds * 2 < seconds.peer_silence_seconds
    assert seconds.presence_heartbeat_seconds * 2 < seconds.presence_expiry_seconds
