"""Subscriptions of a limited key deliver no events of hidden accounts."""

import itertools
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.events.cursors import CursorCipher
from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from models import Account, Conversation, MessageStatus, Role
from models.changes.position import Position
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from telemetry.global_ids import encode_id
from tests.fixtures.timeouts import make_timeouts
from tests.graph.live_kit import (
    catch_up,
    create_account,
    create_contact,
    create_conversation,
    create_queued,
    report,
    update,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

FIELDS = ("messageAdded", "messageStatusChanged", "messageUpdated", "conversationUpdated", "events")
SUBSCRIBE = """subscription($account: ID, $conversation: ID, $after: String) {
    %s(accountId: $account, conversationId: $conversation, after: $after) {
        cursor account { id } } }"""


@pytest.fixture
async def old_cursor(
    database: AsyncDatabase[dict[str, Any]], settings: Settings, keyring: KeyRing
) -> str:
    """From before the server's start, and another account's events after it: MongoDB has them."""
    feed = LiveFeed(database=database, keyring=keyring, timeouts=make_timeouts())
    cursor = await feed.get_cursor(DEFAULT_WORKSPACE_ID)
    await happen(await make_conversation(await create_account()))
    return cursor


async def make_conversation(account: Account) -> Conversation:
    return await create_conversation(await create_contact(account.id))


async def happen(conversation: Conversation) -> None:
    """Something of every kind."""
    message = await create_queued(conversation)
    await report(message, MessageStatus.SENT)
    await update(message, {"$set": {"text": "edited"}})
    await update(conversation, {"$set": {"tags": [str(message.id)]}})


async def subscribe_in_every_way(
    ws: SocketClient, mine: Conversation, foreign: Conversation, after: str | None
) -> tuple[set[str], set[str]]:
    """Returns ids of the operations on visible accounts, and on hidden accounts."""
    allowed: set[str] = set()
    refused: set[str] = set()
    sides = (None, mine, foreign)
    for field, of_account, of_conversation in itertools.product(FIELDS, sides, sides):
        operation_id = await ws.subscribe(
            SUBSCRIBE % field,
            account=of_account and encode_id("Account", of_account.account_id),
            conversation=of_conversation and encode_id("Conversation", of_conversation.id),
            after=after,
        )
        (refused if foreign in (of_account, of_conversation) else allowed).add(operation_id)
    return allowed, refused


async def receive_until_after(
    ws: SocketClient, operation_ids: set[str], position: Position, signer: CursorCipher
) -> list[dict[str, Any]]:
    """Returns frames until each operation has passed the position."""
    frames: list[dict[str, Any]] = []
    behind = set(operation_ids)
    while behind:
        frames.append(frame := await ws.receive())
        if frame["type"] == "next":
            [event] = frame["payload"]["data"].values()
            if signer.open(event["cursor"], DEFAULT_WORKSPACE_ID) > position:
                behind.discard(frame["id"])
    return frames


@pytest.mark.parametrize("after", ["nothing", "a recent cursor", "an old cursor"])
async def test_no_way_of_asking_shows_another_accounts_events(
    old_cursor: str,
    port: int,
    account: Account,
    other_account: Account,
    token: str,
    live_feed: LiveFeed,
    live_groups: Groups,
    keyring: KeyRing,
    after: str,
) -> None:
    mine, foreign = await make_conversation(account), await make_conversation(other_account)
    async with open_socket(port, token=token) as admin:
        query = "{ eventCursor }"
        await admin.subscribe(query)
        recent_cursor = (await admin.take(1))[0]["eventCursor"]
    cursors = {"nothing": None, "a recent cursor": recent_cursor, "an old cursor": old_cursor}
    for each in (foreign, mine):
        await happen(each)
    _, limited = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT, account_ids=[account.id]
    )
    async with open_socket(port, token=limited) as ws:
        allowed, refused = await subscribe_in_every_way(ws, mine, foreign, cursors[after])
        await wait_for_listeners(live_groups, len(allowed))
        await happen(foreign)
        signer = CursorCipher(keyring)
        position = signer.open(
            await live_feed.get_cursor(DEFAULT_WORKSPACE_ID), DEFAULT_WORKSPACE_ID
        )
        await happen(mine)

        # Events come in order: a later event proves that no foreign one came.
        frames = await receive_until_after(ws, allowed, position, signer)

    events = [frame for frame in frames if frame["type"] == "next"]
    accounts = [next(iter(event["payload"]["data"].values()))["account"] for event in events]
    # An agent's event has no account; the agents here work in all accounts.
    shown = {account["id"] for account in accounts if account is not None}
    assert shown == {encode_id("Account", account.id)}
    assert {event["id"] for event in events} == allowed
    errors = {frame["id"]: frame["payload"] for frame in frames if frame["type"] == "error"}
    assert errors.keys() == refused
    codes = {error["extensions"]["code"] for payload in errors.values() for error in payload}
    assert codes == {"NOT_FOUND"}


async def test_key_for_no_account_sees_nothing(
    port: int, account: Account, live_feed: LiveFeed, live_groups: Groups
) -> None:
    _, limited = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT, account_ids=[]
    )
    async with open_socket(port, token=limited) as ws:
        await ws.subscribe(SUBSCRIBE % "events")
        await wait_for_listeners(live_groups, 1)
        await happen(await make_conversation(account))

        await check_silence(ws, live_feed)


async def check_silence(ws: SocketClient, live_feed: LiveFeed) -> None:
    """Nothing comes of all that has happened, even when a query after it is answered."""
    await catch_up(live_feed)
    await ws.subscribe("{ viewer { name } }")
    [answer] = await ws.take(1)
    assert "viewer" in answer


async def test_two_accounts_and_conversation_of_other_give_nothing(
    port: int,
    account: Account,
    other_account: Account,
    token: str,
    live_feed: LiveFeed,
    live_groups: Groups,
) -> None:
    conversation = await make_conversation(account)
    async with open_socket(port, token=token) as ws:
        await ws.subscribe(
            SUBSCRIBE % "events",
            account=encode_id("Account", other_account.id),
            conversation=encode_id("Conversation", conversation.id),
        )
        await wait_for_listeners(live_groups, 1)
        await happen(conversation)

        await check_silence(ws, live_feed)


async def test_refusal_does_not_reveal_existence(
    port: int, account: Account, other_account: Account
) -> None:
    _, limited = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT, account_ids=[account.id]
    )
    texts = set()
    async with open_socket(port, token=limited) as ws:
        for account_id in (other_account.id, new_id()):
            await ws.subscribe(SUBSCRIBE % "events", account=encode_id("Account", account_id))
            texts.add((await ws.receive())["payload"][0]["message"])

    assert len(texts) == 1
