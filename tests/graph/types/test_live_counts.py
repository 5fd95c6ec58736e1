"""The subscription to counts of conversations: shared reads, changes, rights and limits."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.timeouts import with_timeouts
from tests.graph.socket_kit import SocketClient, open_socket
from tests.graph.stream_kit import open_stream
from whatsapp.auth.api_keys import create_api_key, revoke_api_key

COUNTS = """subscription ($filters: [ConversationFilter!]!, $account: ID) {
  conversationCountsChanged(filters: $filters, accountId: $account) { value isCapped } }"""
FOLDERS = [{}, {"statuses": ["CLOSED"]}, {"unread": True}, {"waiting": True}]
CLOSE = """mutation ($id: ID!) {
  closeConversation(input: {conversationId: $id}) { userErrors { code } } }"""
READ = """mutation ($id: ID!) {
  markConversationRead(input: {conversationId: $id}) { userErrors { code } } }"""
CHANGE = """mutation ($id: ID!, $attributes: JSON) {
  updateContact(input: {contactId: $id, attributes: $attributes}) { userErrors { code } } }"""
ERASE = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"


def read_values(payload: dict[str, Any]) -> list[int]:
    assert "errors" not in payload, payload
    counts = payload["conversationCountsChanged"]
    assert not any(count["isCapped"] for count in counts)
    return [count["value"] for count in counts]


async def take_until(ws: SocketClient, expected: list[int]) -> None:
    """Takes counts until they are as expected; no answer repeats its predecessor."""
    before = None
    while before != expected:
        [payload] = await ws.take(1)
        values = read_values(payload)
        assert values != before
        before = values


@contextlib.asynccontextmanager
async def counting(port: int, token: str, **variables: Any) -> AsyncIterator[SocketClient]:
    async with open_socket(port, token=token) as ws:
        await ws.subscribe(COUNTS, filters=variables.pop("filters", FOLDERS), **variables)
        yield ws


@with_timeouts(count_interval_seconds=0.05)
async def test_counts_come_at_once_and_after_each_change(
    port: int, token: str, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, "15550000001", "one", at=utc_now())
    async with counting(port, token) as ws:
        await take_until(ws, [1, 0, 1, 1])

        other = await write_message(account, "15550000002", "two", at=utc_now())
        await take_until(ws, [2, 0, 2, 2])
        await admin(READ, id=conversation_id(other))
        await take_until(ws, [2, 0, 1, 2])
        await admin(CLOSE, id=conversation_id(message))
        await take_until(ws, [2, 1, 1, 2])
        await admin(ERASE, id=contact_id(other))
        await take_until(ws, [1, 1, 1, 1])


@with_timeouts(count_interval_seconds=0.2)
async def test_subscribers_share_count_reads(
    counter: CommandCounter, port: int, token: str, account: Account
) -> None:
    await write_message(account, "15550000000", "hello")

    def count_reads() -> int:
        # One of the commands of each read, which the test itself does not send.
        number = counter.reads.count(("aggregate", "messages"))
        counter.reads.clear()
        return number

    with counter.counting():
        async with contextlib.AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(counting(port, token)) for _ in range(20)]
            for ws in sockets:
                await take_until(ws, [1, 0, 1, 1])
            assert count_reads() == 1
            await asyncio.sleep(0.7)
            assert counter.reads == []
            began_at = time.monotonic()
            for number in range(1, 11):
                await write_message(account, f"155500000{number:02}", "hello")
            for ws in sockets:
                await take_until(ws, [11, 0, 11, 11])
            # At most one in each interval, however many subscribers and messages there are.
            assert count_reads() <= (time.monotonic() - began_at) / 0.2 + 2
        # The server has noticed the ends, and the last read is over.
        await asyncio.sleep(1)
        counter.reads.clear()
        await write_message(account, "15550000099", "hello")
        await asyncio.sleep(0.7)
        assert count_reads() == 0


@with_timeouts(count_interval_seconds=0.05)
async def test_live_counts_respect_accounts_and_revocation(
    port: int, token: str, account: Account, other_account: Account
) -> None:
    key, limited = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.VIEWER, account_ids=[account.id]
    )
    await write_message(account, "15550000001", "own")
    async with (
        counting(port, limited, filters=[{}]) as ws,
        counting(port, token, filters=[{}]) as everything,
        counting(port, token, filters=[{}], account=id_of(other_account)) as other,
    ):
        await take_until(ws, [1])
        await take_until(everything, [1])
        await take_until(other, [0])
        await write_message(other_account, "15550000002", "hidden")
        await take_until(everything, [2])
        await take_until(other, [1])
        await write_message(account, "15550000003", "own")
        # Nothing came in between.
        assert read_values((await ws.take(1))[0]) == [2]

        await revoke_api_key(key)
        assert await ws.find_close() == (4403, "Forbidden")
        await write_message(account, "15550000004", "own")
        await take_until(everything, [4])


@with_timeouts(count_interval_seconds=0.05)
@pytest.mark.parametrize("settings", [{"live_rate_limit_per_minute": 600}], indirect=True)
async def test_unchanged_counts_are_charged(
    counter: CommandCounter, port: int, token: str, account: Account
) -> None:
    # Messages to open conversations change nothing; the count of unread ones reads `messages`.
    closed = {"statuses": ["CLOSED"], "unread": True}
    with counter.counting():
        async with counting(port, token, filters=[closed]) as ws:
            await take_until(ws, [0])
            began_at = time.monotonic()
            for _ in range(20):
                await write_message(account, "15550000001", "hello")
                await asyncio.sleep(0.1)
            seconds = time.monotonic() - began_at
    reads = counter.reads.count(("aggregate", "messages"))
    # 10 units a read, of 40 at once and 10 a second.
    assert 10 <= 10 * reads <= 40 + 10 * (seconds + 1)


async def test_event_stream_counts_too(port: int, token: str, account: Account) -> None:
    await write_message(account, "15550000001", "one")
    url = f"http://127.0.0.1:{port}"
    async with open_stream(url, token, COUNTS, filters=[{}]) as stream:
        assert read_values((await stream.take(1))[0]) == [1]
        await write_message(account, "15550000002", "two")
        assert read_values((await stream.take(1))[0]) == [2]


async def test_bad_and_costly_filters_are_refused(
    counter: CommandCounter, ws: SocketClient, account: Account
) -> None:
    refused: list[dict[str, Any]] = [
        {"filters": [{"assignee": {}}]},
        {"filters": [{"assignee": {"is": id_of(account)}}]},
        {"filters": [{"tags": {"any": ["x"] * 51}}]},
        {"filters": [{}], "account": "x"},
        {"filters": [{}] * 21},
        {"filters": [{"contactAttributes": "gold"}]},
    ]
    with counter.counting():
        for variables in refused:
            assert await ws.find_error(COUNTS, **variables) == "BAD_USER_INPUT", variables
        # Ten objects for each filter; an event may cost 500.
        assert await ws.find_error(COUNTS, filters=[{}] * 51) == "QUERY_TOO_COMPLEX"
    assert counter.reads == []


@with_timeouts(count_interval_seconds=0.05)
async def test_counts_follow_attributes_of_contacts(
    port: int, token: str, admin: GraphQLClient, account: Account
) -> None:
    contact = contact_id(await write_message(account, "15550000001", "one"))
    filters = [{"contactAttributes": {"plan": "gold"}}]
    async with counting(port, token, filters=filters) as ws:
        await take_until(ws, [0])
        for attributes, number in (({"plan": "gold"}, 1), ({"plan": "free"}, 0)):
            await admin(CHANGE, id=contact, attributes=attributes)
            await take_until(ws, [number])
