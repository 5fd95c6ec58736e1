"""Subscriptions of one side while the other acts in every way, and replays after its cursors."""

import base64

from graph.events.feed import LiveFeed
from graph.fanout.groups import Groups
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_message
from tests.graph.live_kit import catch_up, wait_for_listeners
from tests.isolation.conftest import Sides
from tests.isolation.filling import Filling
from tests.isolation.listening import Listener, list_subscriptions, open_listener
from tests.isolation.sides import SCHEMA, Border, Side
from tests.isolation.slots import Writer
from tests.isolation.test_arguments import ID_SLOTS, ask, order_of

CURSOR = "{ eventCursor }"


async def act(side: Side) -> set[str]:
    """Runs each mutation with each id of the side, those that remove things last."""
    writer, done = Writer(side), set()
    for slot in ID_SLOTS:
        if slot.parent != "Mutation":
            continue
        if order_of(slot) > (0, False):
            await side.learn_ids()
        for kind in side.list_types(slot.node_types):
            await ask(side.client, writer, slot, side.ids[kind][-1])
        done.add(slot.field_name)
    return done


async def say(filling: Filling, text: str) -> None:
    phone = filling.side.phone
    await filling.receive(make_message("text", {"body": text}, sender=phone))


async def hear(listener: Listener, text: str, feed: LiveFeed) -> None:
    """Waits until the text has come, and everything before it."""

    async def has_come() -> bool:
        return text in listener.text

    await eventually(has_come)
    await catch_up(feed)


async def test_subscriptions_hear_their_side_only(
    sides: Sides, own: Side, port: int, live_feed: LiveFeed, live_groups: Groups
) -> None:
    foreign = await sides.connect_foreign()
    ours, theirs = list_subscriptions(own), list_subscriptions(foreign)
    own_filling, foreign_filling = Filling(own, sides.meta), Filling(foreign, sides.meta)
    own_cursor = (await own.client(CURSOR))["eventCursor"]
    foreign_cursor = (await foreign.client(CURSOR))["eventCursor"]
    async with (
        open_listener(port, own, ours) as listener,
        open_listener(port, foreign, theirs) as other,
    ):
        await wait_for_listeners(live_groups, count_events(ours) + count_events(theirs))
        await foreign_filling.fill()
        known = Side(**vars(foreign))
        within = list_subscriptions(foreign)
        async with open_listener(port, foreign, within) as inside:
            done = await act(foreign)
            await foreign_filling.settle()
            cursor = (await own.client(CURSOR))["eventCursor"]
            await say(own_filling, "the end of the acts")
            await hear(listener, "the end of the acts", live_feed)
            assert own.find_marks(inside.text) == set()

        assert known.find_marks(listener.text) == set()
        # No count and nobody's presence changed on this side.
        assert {len(listener.heard[name]) for name in ours if is_state(name)} == {1}
        assert own.find_marks(other.text) == set()
        assert listener.list_failed() == set()
        assert {name for name, frames in other.heard.items() if not frames} == set()
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    # The filling runs the first two; the third is for operators.
    assert set(mutation.fields) - done <= {"createAccount", "createUser", "createWorkspace"}
    for after in (own_cursor, foreign_cursor, cursor):
        documents = list_subscriptions(own, after=after)
        async with open_listener(port, own, documents) as replayed:
            await say(own_filling, f"the end of {after}")
            if sides.border is Border.WORKSPACES and after == foreign_cursor:
                await wait_until_refused(replayed, set(documents))
            else:
                await hear(replayed, f"the end of {after}", live_feed)
            await catch_up(live_feed)
        assert known.find_marks(replayed.text) == set()
    assert find_ids(known, cursor) == set()


async def wait_until_refused(listener: Listener, names: set[str]) -> None:
    async def are_refused() -> bool:
        return listener.list_failed() == names

    await eventually(are_refused)


def count_events(documents: dict[str, str]) -> int:
    """Presence and counts have no groups."""
    return sum(not is_state(name) for name in documents)


def is_state(name: str) -> bool:
    return name.startswith(("presence", "conversationCounts"))


def find_ids(side: Side, cursor: str) -> set[str]:
    """Returns the ids of documents of the side that the cursor has in it."""
    text = base64.urlsafe_b64decode(cursor + "==").hex()
    return {one for one in side.ids["hex"] if one in text}
