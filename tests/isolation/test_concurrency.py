"""Both sides at the same time, with equal operations: plans, shared reads and shared events."""

import asyncio
import itertools
from typing import Any

from graph.events.feed import LiveFeed
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_message
from tests.graph.live_kit import catch_up
from tests.isolation.conftest import Sides
from tests.isolation.filling import Filling
from tests.isolation.listening import list_subscriptions, open_listener
from tests.isolation.reading import VOLATILE
from tests.isolation.sides import Side
from tests.isolation.test_events import CURSOR

ROUNDS, AT_ONCE = 200, 10
MORE_PHONE = "16505570333"
LEAST = "(first: 5) { count { value } nodes { id } }"
SEND = """mutation ($to: ID!, $text: String!) { sendMessage(input: {
  to: {conversationId: $to}, content: {text: {body: $text}}}) {
  message { text conversation { id } } userErrors { code } } }"""
NODES = """query ($ids: [ID!]!) { nodes(ids: $ids) { id
  ... on Message { text contact { profileName user { name } } }
  ... on Contact { contactName: name tags lastIn: conversation { lastMessage { text } } }
  ... on Conversation { tags assignee { name } lastMessage { text } }
  ... on Account { name } ... on Agent { name email } ... on User { userName: name }
  ... on Note { body } ... on QuickReply { shortcut } } }"""
DOCUMENTS = [
    "{ viewer { name accounts { nodes { id name } } agent { name } } }",
    "{ conversationCounts(filters: [{}, {unread: true}, {tags: {any: []}}]) { value } }",
    '{ searchMessages(text: "now", first: 5) { nodes { id text } } }',
    '{ contacts(search: "zq", first: 5) { nodes { id name profileName tags } } }',
    "{ conversations(first: 5) { nodes { id tags contact { name } lastMessage { text } } } }",
    "{ auditLog(first: 5) { nodes { id actor { name } accounts { name } } } }",
    *(
        f"{{ {name} {LEAST} }}"
        for name in ("accounts", "contacts", "users", "agents", "apiKeys", "parkedItems")
    ),
]


def list_operations(own: Side, foreign: Side) -> list[tuple[str, dict[str, Any]]]:
    """Equal ones for both sides: lists, and reads of everything that either has."""
    kinds = ("Account", "Agent", "Contact", "Conversation", "Message", "Note", "QuickReply", "User")
    ids = [one for kind in kinds for side in (own, foreign) for one in side.ids[kind][:5]]
    return [*((document, {}) for document in DOCUMENTS), (NODES, {"ids": ids})]


async def ask(side: Side, operation: tuple[str, dict[str, Any]]) -> str:
    document, variables = operation
    return VOLATILE.sub("", str(await side.client(document, **variables)))


async def test_equal_operations_get_their_own_answers(
    sides: Sides, own: Side, foreign: Side
) -> None:
    # A customer more than the twin has, so that counts differ.
    filling = Filling(own, sides.meta)
    await filling.receive(make_message(sender=MORE_PHONE), phone=MORE_PHONE)
    await filling.settle()
    operations = list_operations(own, foreign)
    pairs = ((own, foreign), (foreign, own))
    alone = {}
    for side, other in pairs:
        for number, operation in enumerate(operations):
            answer = await ask(side, operation)
            assert other.find_marks(answer) == set()
            alone[side.canary, number] = answer
    numbers = itertools.cycle(range(len(operations)))

    for _ in range(ROUNDS // AT_ONCE):
        some = itertools.islice(numbers, AT_ONCE)
        batch = [(number, side) for number in some for side, _ in pairs]
        answers = await asyncio.gather(*(ask(side, operations[number]) for number, side in batch))
        for (number, side), answer in zip(batch, answers, strict=True):
            assert answer == alone[side.canary, number], operations[number]


async def test_concurrent_sends_reach_their_own_conversations(own: Side, foreign: Side) -> None:
    targets = {side.canary: side.first("Conversation") for side in (own, foreign)}
    calls = list(itertools.product((own, foreign), targets.items()))

    for number in range(10):
        answers = await asyncio.gather(
            *(side.client(SEND, to=to, text=f"{number}") for side, (_, to) in calls)
        )
        for (side, (canary, to)), answer in zip(calls, answers, strict=True):
            payload = answer["sendMessage"]
            codes = [error["code"] for error in payload["userErrors"]]
            if side.canary != canary:
                assert (payload["message"], codes) == (None, ["NOT_FOUND"])
            elif payload["message"] is not None:
                assert payload["message"]["conversation"]["id"] == to


async def test_equal_replays_have_their_own_events(
    sides: Sides, port: int, live_feed: LiveFeed
) -> None:
    """Both sides resume at the same time, after cursors of the same moment."""
    own, foreign = await sides.connect_own(), await sides.connect_foreign()
    both = (own, foreign)
    cursors = [(await side.client(CURSOR))["eventCursor"] for side in both]
    for side in both:
        await sides.fill(side)

    async with (
        open_listener(port, own, make_equal(own, cursors[0])) as ours,
        open_listener(port, foreign, make_equal(foreign, cursors[1])) as theirs,
    ):

        async def have_come() -> bool:
            pairs = ((own, ours), (foreign, theirs))
            return all(
                f"{side.canary} now" in "".join(listener.heard["events MESSAGE_ADDED"])
                for side, listener in pairs
            )

        await eventually(have_come)
        await catch_up(live_feed)

        assert foreign.find_marks(ours.text) == set()
        assert own.find_marks(theirs.text) == set()
        assert ours.list_failed() | theirs.list_failed() == set()
        assert min(len(ours.text), len(theirs.text)) > 100_000


def make_equal(side: Side, cursor: str) -> dict[str, str]:
    """The subscriptions without ids, whose documents are equal on both sides."""
    documents = list_subscriptions(side, after=cursor)
    return {name: text for name, text in documents.items() if not name.endswith("Id")}
