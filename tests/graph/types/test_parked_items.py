"""Parked items: listing, replaying and discarding."""

import json
import tracemalloc

import pytest

from graph.core.ids import encode_id
from models import Account, ParkedItem, ParkedReason, ParkedState
from tests.fixtures.graphql import GraphQLClient

LIST = """query ($f: ParkedItemFilter) { parkedItems(filter: $f) { edges { node {
  id reason state pointer item details phoneNumberId account { name } } } } }"""
REPLAY = """mutation ($ids: [ID!]!) { replayParkedItems(input: {ids: $ids}) {
  parkedItems { id state } userErrors { code field } } }"""
DISCARD = REPLAY.replace("replay", "discard").replace("Replay", "Discard")


@pytest.fixture
async def parked(account: Account) -> ParkedItem:
    item = ParkedItem(
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


async def test_list_reads_only_selected_item_fields(
    admin: GraphQLClient, parked: ParkedItem
) -> None:
    query = "{ parkedItems { edges { node { id reason account { id } } } } }"
    await admin(query)  # from the second time on it has a plan
    large = {"item": "x" * 4_000_000, "entry": "y" * 4_000_000}
    for number in range(5):
        await parked.model_copy(update={"id": f"large {number}", **large}).insert()

    tracemalloc.start()
    try:
        shown = await admin(query)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(shown["parkedItems"]["edges"]) == 6
    assert peak < 4_000_000


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


UNUSABLE_IDS = [(["x"], "NOT_FOUND"), (["x"] * 101, "INVALID_INPUT"), ([], None)]


async def test_unknown_and_too_many_items_are_refused(
    admin: GraphQLClient,
) -> None:
    for ids, code in UNUSABLE_IDS:
        done = (await admin(REPLAY, ids=ids))["replayParkedItems"]

        assert [error["code"] for error in done["userErrors"]] == ([code] if code else [])
