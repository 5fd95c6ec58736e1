"""Concurrent webhooks share a write; each gets its own answer, 200 only if durable."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from models import Account, EventState, Message, WebhookEvent
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from webhooks.ingest import Ingest
from webhooks.store.events import StoredEvent, insert_events

INSERT = "webhooks.store.events.insert_events"
Outcomes = list[bool | PyMongoError]


class Writer:
    """Wraps the database: counts groups and can hold them."""

    def __init__(self) -> None:
        self.groups: list[list[StoredEvent]] = []
        self.may_pass = asyncio.Event()
        self.may_pass.set()
        self.failure: Exception | None = None
        self.failed_body = b""

    async def __call__(self, events: Sequence[StoredEvent], *, lease: timedelta) -> Outcomes:
        self.groups.append(list(events))
        await self.may_pass.wait()
        if self.failure is not None:
            raise self.failure
        refused = [bool(self.failed_body) and self.failed_body in one.body for one in events]
        taken = [one for one, is_refused in zip(events, refused, strict=True) if not is_refused]
        outcomes = iter(await insert_events(taken, lease=lease))
        return [OperationFailure("no") if one else next(outcomes) for one in refused]


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    writer = Writer()
    monkeypatch.setattr(INSERT, writer)
    return writer


def make_bodies(count: int) -> list[bytes]:
    return [
        json.dumps(make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))).encode()
        for _ in range(count)
    ]


async def post_behind_a_write(
    door: WebhookClient, writer: Writer, bodies: Sequence[bytes]
) -> tuple[asyncio.Task[httpx.Response], list[asyncio.Task[httpx.Response]]]:
    """Posts bodies that wait for the write after the current write."""
    writer.may_pass.clear()
    first = asyncio.create_task(door.post(make_bodies(1)[0]))
    await eventually(lambda: is_equal(len(writer.groups), 1))
    posts = [asyncio.create_task(door.post(body)) for body in bodies]
    await asyncio.sleep(0.05)  # long enough to join; later bodies form another group
    return first, posts


async def is_equal(one: int, other: int) -> bool:
    return one == other


async def test_events_during_write_share_next_write(
    door: WebhookClient, writer: Writer, settle: Settle
) -> None:
    first, posts = await post_behind_a_write(door, writer, make_bodies(20))
    writer.may_pass.set()

    answers = await asyncio.gather(first, *posts)

    assert {answer.status_code for answer in answers} == {200}
    assert len(writer.groups) < 1 + len(posts)
    assert await WebhookEvent.count() == 21
    await settle()
    assert await Message.count() == 21


async def test_repeated_body_in_group_is_applied_once(
    door: WebhookClient, writer: Writer, settle: Settle
) -> None:
    [body, other] = make_bodies(2)
    first, posts = await post_behind_a_write(door, writer, [body, other, body, body])
    writer.may_pass.set()

    answers = await asyncio.gather(first, *posts)
    answers.append(await door.post(body))

    assert {answer.status_code for answer in answers} == {200}
    await settle()
    assert (await WebhookEvent.count(), await Message.count()) == (3, 3)


async def test_one_that_is_refused_costs_its_neighbours_nothing(
    door: WebhookClient, writer: Writer, settle: Settle
) -> None:
    bodies = make_bodies(5)
    writer.failed_body = bodies[2]
    first, posts = await post_behind_a_write(door, writer, bodies)
    writer.may_pass.set()

    answers = await asyncio.gather(*posts)

    assert (await first).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 503, 200, 200]
    await settle()
    assert await Message.count() == 5


@pytest.mark.parametrize("failure", [AutoReconnect("gone"), KeyError("a bug")])
async def test_unknown_outcome_is_not_acknowledged(
    door: WebhookClient, writer: Writer, settle: Settle, failure: Exception
) -> None:
    bodies = make_bodies(5)
    writer.failure = failure
    first, posts = await post_behind_a_write(door, writer, bodies)
    writer.may_pass.set()
    assert {answer.status_code for answer in await asyncio.gather(first, *posts)} == {503}

    writer.failure = None

    assert {(await door.post(body)).status_code for body in bodies} == {200}
    await settle()
    assert await Message.count() == 5


async def test_cancelled_request_does_not_cancel_group(
    door: WebhookClient, writer: Writer, settle: Settle
) -> None:
    first, posts = await post_behind_a_write(door, writer, make_bodies(5))
    first.cancel()
    posts[3].cancel()
    writer.may_pass.set()

    answers = await asyncio.gather(*posts, return_exceptions=True)

    codes = [one.status_code for one in answers if isinstance(one, httpx.Response)]
    assert codes == [200] * 4
    await settle()
    assert await Message.count() == 6


@pytest.mark.parametrize(
    ("capacity", "size"),
    [({"webhook_group_events": 3}, 3), ({"webhook_group_bytes": 1}, 1)],
    indirect=["capacity"],
    ids=["events", "bytes"],
)
async def test_group_is_bounded(door: WebhookClient, writer: Writer, size: int) -> None:
    first, posts = await post_behind_a_write(door, writer, make_bodies(7))
    writer.may_pass.set()

    assert {answer.status_code for answer in await asyncio.gather(first, *posts)} == {200}
    assert max(len(group) for group in writer.groups) == size


async def test_leases_are_in_time_of_database(
    connected: Account, ingest: Ingest, writer: Writer
) -> None:
    await ingest.accept(make_bodies(1)[0], secret_digest="0" * 64)

    [event] = await WebhookEvent.find().to_list()
    assert event.state is EventState.RECEIVED
    assert event.lease_until - event.received_at == timedelta(seconds=0.5)
