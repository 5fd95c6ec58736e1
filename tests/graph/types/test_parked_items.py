"""Parked items: listing, replaying and discarding."""

import json
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from models import Account, ParkedItem, ParkedReason, ParkedState, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import make_body, make_change, make_message
from tests.fixtures.world import OTHER_NUMBER

LIST = """query ($f: ParkedItemFilter) { parkedItems(filter: $f) { edges { node {
  id reason state pointer item details phoneNumberId account { name } } } } }"""
REPLAY = """mutation ($ids: [ID!]!) { replayParkedItems(input: {ids: $ids}) {
  parkedItems { id state } userErrors { code field } } }"""
DISCARD = REPLAY.replace("replay", "discard").replace("Replay", "Discard")


@pytest.fixture
async def parked(account: Account) -> ParkedItem:
    item = ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="a" * 64,
        event_id="b" * 64,
        account_id=account.id,
        phone_number_id=account.phone_number_id,
        pointer="/entry/0/changes/0",
        item=json.dumps({"id": 5}),
        secret_digest="c" * 64,
        reason=ParkedReason.INVALID_ITEM,
    )
    await item.insert()
    return item


async def add_large_items(parked: ParkedItem, count: int) -> list[str]:
    """Parks items of 8 MB each and returns their global ids."""
    large = {"item": "x" * 4_000_000, "entry": "y" * 4_000_000}
    ids = [f"large {number}" for number in range(count)]
    for item_id in ids:
        await parked.model_copy(update={"id": item_id, **large}).insert()
    return [encode_id("ParkedItem", item_id) for item_id in ids]


@contextmanager
def allocating_at_most(max_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < max_bytes


async def test_list_reads_only_selected_item_fields(
    admin: GraphQLClient, parked: ParkedItem
) -> None:
    query = "{ parkedItems { edges { node { id reason account { id } } } } }"
    await add_large_items(parked, 5)

    for _ in range(2):  # the second time by a plan
        with allocating_at_most(4_000_000):
            shown = await admin(query)

        assert len(shown["parkedItems"]["edges"]) == 6


LARGE_SELECTIONS = [
    "{ parkedItems { edges { node { item } } } }",
    "{ parkedItems(first: 1) { edges { node { a: item b: item c: item } } } }",
    "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ParkedItem { item } } }",
    "query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: parkedItems(first: 2) {"
    " edges { node { item } } } c: parkedItems { edges { node { item } } } }",
]


@pytest.mark.parametrize("query", LARGE_SELECTIONS)
async def test_items_beyond_response_limit_are_not_read(
    admin: GraphQLClient, parked: ParkedItem, query: str
) -> None:
    ids = await add_large_items(parked, 5)

    for _ in range(2):
        with allocating_at_most(30_000_000):
            answer = await admin.post(query, ids=ids)

        assert answer["data"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["RESPONSE_TOO_LARGE"]


async def test_large_item_within_limit_is_shown(admin: GraphQLClient, parked: ParkedItem) -> None:
    await add_large_items(parked, 1)

    for _ in range(2):
        shown = await admin("{ parkedItems { edges { node { item } } } }")

        items = [edge["node"]["item"] for edge in shown["parkedItems"]["edges"]]
        assert sorted(map(len, items)) == [len(parked.item), 4_000_000]


async def test_mutations_read_large_items_in_pages(
    admin: GraphQLClient, parked: ParkedItem
) -> None:
    ids = await add_large_items(parked, 5)

    with allocating_at_most(40_000_000):
        replayed = (await admin(REPLAY, ids=ids))["replayParkedItems"]
    with allocating_at_most(4_000_000):
        discarded = (await admin(DISCARD, ids=ids))["discardParkedItems"]

    assert [item["state"] for item in replayed["parkedItems"]] == ["PARKED"] * 5
    assert [item["state"] for item in discarded["parkedItems"]] == ["DISCARDED"] * 5
    assert await ParkedItem.find({"state": ParkedState.DISCARDED.value}).count() == 5


async def test_items_are_listed_with_their_reason(admin: GraphQLClient, parked: ParkedItem) -> None:
    shown = (await admin(LIST))["parkedItems"]["edges"]
    none = (await admin(LIST, f={"state": "APPLIED"}))["parkedItems"]["edges"]

    assert [edge["node"]["reason"] for edge in shown] == ["INVALID_ITEM"]
    assert shown[0]["node"]["account"] == {"name": "Test shop"}
    assert none == []


async def test_item_is_discarded_once(admin: GraphQLClient, parked: ParkedItem) -> None:
    ids = [encode_id("ParkedItem", parked.id)]

    first = (await admin(DISCARD, ids=ids))["discardParkedItems"]
    stored = await ParkedItem.get(parked.id)
    second = (await admin(DISCARD, ids=ids))["discardParkedItems"]

    assert (
        first
        == second
        == {
            "parkedItems": [{"id": ids[0], "state": "DISCARDED"}],
            "userErrors": [],
        }
    )
    assert stored is not None
    assert stored.state is ParkedState.DISCARDED


async def test_item_that_still_does_not_fit_stays_parked(
    admin: GraphQLClient, parked: ParkedItem
) -> None:
    ids = [encode_id("ParkedItem", parked.id)]

    done = (await admin(REPLAY, ids=ids))["replayParkedItems"]

    assert done["parkedItems"] == [{"id": ids[0], "state": "PARKED"}]


async def test_replay_that_moves_item_answers_its_state(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    parked: ParkedItem,
    account: Account,
    other_account: Account,
) -> None:
    change = make_change(OTHER_NUMBER, messages=[make_message()])
    [entry] = make_body(OTHER_NUMBER, change)["entry"]
    # The server's app, whose secret is another one now.
    await parked.set({"entry": json.dumps(entry), "field": "messages", "by_default_secret": True})
    client = await make_client(Role.ADMIN, [account])
    ids = [encode_id("ParkedItem", parked.id)]
    replay = REPLAY.replace("id state", "id state account { id }")

    first = (await client(replay, ids=ids))["replayParkedItems"]
    second = (await client(replay, ids=ids))["replayParkedItems"]

    moved = await ParkedItem.get(parked.id)
    assert moved is not None
    assert moved.account_id == other_account.id
    assert first == {
        "parkedItems": [{"id": ids[0], "state": "PARKED", "account": None}],
        "userErrors": [],
    }
    assert second["parkedItems"] is None
    assert [error["code"] for error in second["userErrors"]] == ["NOT_FOUND"]
    assert (await client(LIST))["parkedItems"]["edges"] == []


UNUSABLE_IDS = [(["x"], "NOT_FOUND"), (["x"] * 101, "INVALID_INPUT"), ([], None)]


async def test_unknown_and_too_many_items_are_refused(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for ids, code in UNUSABLE_IDS:
        with subtests.test(code=code):
            done = (await admin(REPLAY, ids=ids))["replayParkedItems"]

            assert [error["code"] for error in done["userErrors"]] == ([code] if code else [])
