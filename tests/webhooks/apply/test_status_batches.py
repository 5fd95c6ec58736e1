"""Statuses in a body have the same effects as single statuses."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models import (
    Account,
    Contact,
    Message,
    MessageStatus,
    OutboxState,
    ParkedItem,
    PendingUpdate,
)
from models.database.base import collection, new_id, utc_now
from tests.fixtures.webhooks import WebhookClient, make_status
from tests.webhooks.apply.test_statuses import AT, create_outbound, reload
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import empty_database, list_differences
from whatsapp.messages.statuses import StatusUpdate, make_stage

OPTED_OUT = {"code": 131050, "title": "User stopped marketing messages"}
# Known by Meta's id, by ours, by both, by ours alone until the first status, and not at all.
KNOWN, NAMELESS, UNKNOWN = "wamid.KNOWN", "wamid.LEARNT", "wamid.UNKNOWN"
Status = dict[str, Any]


@st.composite
def draw_statuses(draw: st.DrawFn) -> list[tuple[str, str, bool, int]]:
    one = st.tuples(
        st.sampled_from([KNOWN, NAMELESS, UNKNOWN]),
        st.sampled_from(["sent", "delivered", "read", "failed", "held_back"]),
        st.booleans(),
        st.integers(0, 5),
    )
    return draw(st.lists(one, min_size=1, max_size=8))


def make_reports(
    drawn: list[tuple[str, str, bool, int]], messages: dict[str, Message]
) -> list[Status]:
    reports = []
    for wamid, name, has_our_id, delay in drawn:
        more: Status = {"id": wamid}
        if has_our_id and wamid in messages:
            more["biz_opaque_callback_data"] = str(messages[wamid].id)
        if name == "failed":
            more["errors"] = [OPTED_OUT]
        reports.append(make_status(name, at=AT + delay, **more))
    return reports


async def create_messages(account: Account) -> dict[str, Message]:
    return {
        KNOWN: await create_outbound(account, wamid=KNOWN, text=KNOWN),
        NAMELESS: await create_outbound(account, text=NAMELESS),
    }


async def take_snapshot() -> dict[str, Any]:
    shown = ("wamid", "status_times", "status_rank", "unknown_statuses", "errors")
    messages = [one async for one in collection(Message).find()]
    return {
        "messages": {one["text"]: {name: one[name] for name in shown} for one in messages},
        "pending": sorted([one["wamid"] async for one in collection(PendingUpdate).find()]),
        "opted out": [one["marketing_opt_out"] async for one in collection(Contact).find()],
    }


def without_first(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Removes the time of queueing, which differs between runs."""
    for message in snapshot["messages"].values():
        message["status_times"].pop("queued")
    return snapshot


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_batched_statuses_equal_single_statuses(
    webhook: WebhookClient, account: Account, settle: Settle, data: st.DataObject
) -> None:
    drawn = data.draw(draw_statuses())
    shuffled = data.draw(st.permutations([*drawn, *drawn[:2]]))
    snapshots = []
    for arrangement, is_one_body in ((drawn, False), (shuffled, True)):
        await empty_database()
        reports = make_reports(arrangement, await create_messages(account))
        for body in [reports] if is_one_body else [[report] for report in reports]:
            assert (await webhook.post_statuses(*body)).status_code == 200
            await settle()
        snapshots.append(without_first(await take_snapshot()))

    alone, together = snapshots
    assert list_differences(alone, together) == []
    assert await ParkedItem.count() == 0


async def test_broken_status_does_not_affect_batch(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    messages = [await create_outbound(account, wamid=f"wamid.{number}") for number in range(20)]
    reports = [make_status("read", at=AT, id=str(message.wamid)) for message in messages]
    reports[7]["timestamp"] = "yesterday"
    await webhook.post_statuses(*reports)
    await settle()

    ranks = [(await reload(message)).status for message in messages]
    expected = [MessageStatus.READ] * 20
    expected[7] = MessageStatus.QUEUED
    assert ranks == expected
    assert await ParkedItem.count() == 1


async def test_one_that_mongodb_refuses_costs_its_neighbours_nothing(
    webhook: WebhookClient, account: Account, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the common write fails, each status is applied separately."""

    def spoil(update: StatusUpdate) -> dict[str, Any]:
        return {"status_rank": 2**70} if update.wamid == "wamid.1" else make_stage(update)

    messages = [await create_outbound(account, wamid=f"wamid.{number}") for number in range(3)]
    monkeypatch.setattr("whatsapp.messages.status_batches.make_stage", spoil)
    monkeypatch.setattr("whatsapp.messages.statuses.make_stage", spoil)
    await webhook.post_statuses(
        *(make_status("read", at=AT, id=str(message.wamid)) for message in messages)
    )
    await settle()

    ranks = [(await reload(message)).status for message in messages]
    assert ranks == [MessageStatus.READ, MessageStatus.QUEUED, MessageStatus.READ]
    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason.value, parked.details) == ("INTERNAL_ERROR", "OverflowError")


async def test_held_conversations_continue(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    held = await create_outbound(account, wamid="wamid.HELD")
    other = await create_outbound(account, wamid="wamid.OTHER")
    later = utc_now() + timedelta(hours=1)
    state = {"outbox_state": OutboxState.HOLDING.value, "hold_until": later}
    await collection(Message).update_one({"_id": held.id}, {"$set": state})
    await webhook.post_statuses(
        make_status("sent", at=AT, id="wamid.OTHER"),
        make_status("sent", at=AT, id="wamid.HELD", biz_opaque_callback_data=str(held.id)),
        make_status("sent", at=AT, id="wamid.NOBODY", biz_opaque_callback_data=str(new_id())),
    )
    await settle()

    assert (await reload(held)).outbox_state is OutboxState.DONE
    assert (await reload(other)).status is MessageStatus.SENT
    assert await PendingUpdate.count() == 1
