"""Events are charged to the credentials whose subscriptions receive them."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from graph.fanout.budgets import BURST, LiveBudgets
from graph.fanout.groups import Groups
from models import Account, Conversation, Role
from tests.fixtures.graphql import GraphQLClient
from tests.graph.fanout.test_groups import counting_executions, take_texts
from tests.graph.live_kit import (
    create_contact,
    create_conversation,
    create_message,
    wait_for_listeners,
)
from tests.graph.socket_kit import SocketClient, open_socket, serve
from tests.graph.stream_kit import open_stream
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

MakeClient = Callable[..., Awaitable[GraphQLClient]]
# 12 units an event, of 40 at once and 10 a second.
QUERY = """subscription {
  messageAdded { cursor message { text conversation { messages(first: 8) { edges { cursor } } } } }
}"""
PER_MINUTE = 600
EVENTS = 8


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"live_rate_limit_per_minute": PER_MINUTE})


@pytest.fixture
async def conversation(account: Account) -> Conversation:
    return await create_conversation(await create_contact(account.id))


async def test_events_beyond_budget_come_later_and_complete(
    app: Any,
    conversation: Conversation,
    live_groups: Groups,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poor, other = await make_client(Role.VIEWER), await make_client(Role.VIEWER)
    async with (
        serve(app) as port,
        open_socket(port, token=poor.token) as slow,
        open_socket(port, token=other.token) as quick,
    ):
        await slow.subscribe(QUERY)
        await quick.subscribe("subscription { messageAdded { cursor message { text } } }")
        await wait_for_listeners(live_groups, 2)
        started = time.monotonic()
        with counting_executions(monkeypatch) as executed:
            for number in range(EVENTS):
                await create_message(conversation, text=str(number))
            texts = [str(number) for number in range(EVENTS)]

            assert await take_texts(quick, EVENTS) == texts
            assert await take_texts(slow, EVENTS) == texts
            # Simultaneous events are charged together; a debt delays the next event.
            await create_message(conversation, text="next")
            assert await take_texts(quick, 1) == ["next"]
            assert await take_texts(slow, 1) == ["next"]

    assert time.monotonic() - started > 3, "the budget allows 10 units a second"
    assert len(executed) == 2 * (EVENTS + 1)


async def test_event_stream_pays_for_events(
    port: int,
    conversation: Conversation,
    live_groups: Groups,
    make_client: MakeClient,
) -> None:
    poor = await make_client(Role.VIEWER)
    async with open_stream(f"http://127.0.0.1:{port}", poor.token, QUERY) as stream:
        await wait_for_listeners(live_groups, 1)
        started = time.monotonic()
        for number in range(EVENTS):
            await create_message(conversation, text=str(number))
        taken = await stream.take(EVENTS)
        await create_message(conversation, text="next")
        taken += await stream.take(1)

    texts = [data["messageAdded"]["message"]["text"] for data in taken]
    assert texts == [*(str(number) for number in range(EVENTS)), "next"]
    assert time.monotonic() - started > 3


async def test_replays_are_paid_for(
    app: Any, conversation: Conversation, admin: GraphQLClient
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    for number in range(EVENTS):
        await create_message(conversation, text=str(number))
    async with serve(app) as port, open_socket(port, token=admin.token) as ws:
        started = time.monotonic()
        await ws.subscribe(QUERY.replace("messageAdded", f'messageAdded(after: "{cursor}")'))

        assert await take_texts(ws, EVENTS) == [str(number) for number in range(EVENTS)]
        # Executed together from a full budget; the debt delays the next event.
        await create_message(conversation, text="next")
        assert await take_texts(ws, 1) == ["next"]

    assert time.monotonic() - started > 3


async def test_expensive_subscription_is_refused(
    app: Any, conversation: Conversation, admin: GraphQLClient, ws: SocketClient
) -> None:
    inner = "messages(first: 100) { edges { node { contact { id } } } }"
    lists = f"{inner} m: {inner} n: {inner}"
    query = f"subscription {{ messageAdded {{ message {{ conversation {{ {lists} }} }} }} }}"

    assert await ws.find_error(query) == "QUERY_TOO_COMPLEX"


def test_budget_is_shared_by_subscriptions_of_credential(settings: Settings) -> None:
    budgets = LiveBudgets(settings, WorkspaceQuotas())
    burst = round(PER_MINUTE * BURST)

    assert budgets.take("one", burst - 1)
    assert not budgets.take("one", 5)
    assert budgets.take("other", burst)


def test_budget_of_zero_is_no_limit(settings: Settings) -> None:
    budgets = LiveBudgets(
        settings.model_copy(update={"live_rate_limit_per_minute": 0}), WorkspaceQuotas()
    )

    assert all(budgets.take("one", 10**9) for _ in range(10))
