"""An event answered with 200 is applied, even if the process ends."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from models import Account, Contact, Conversation, EventState, Message, ParkedItem, WebhookEvent
from models.database.base import to_bson
from tests.fixtures.timeouts import make_timeouts, with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from webhooks.ingest import Ingest
from webhooks.payload.items import Item
from webhooks.payload.messages import Inbound, read_message
from webhooks.store.events import insert_events, make_event, take_over_event
from whatsapp.common.crypto import KeyRing, digest_secret
from whatsapp.conversations.conversations import update_summaries
from whatsapp.settings import Settings

import json  # isort: skip

SIGNER = digest_secret(NUMBER.app_secret)


def make_text_body() -> bytes:
    return json.dumps(make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))).encode()


async def run_until_settled(*engines: Ingest) -> None:
    async def is_settled() -> bool:
        return not await WebhookEvent.find({"state": EventState.RECEIVED.value}).count()

    tasks = [asyncio.create_task(engine.run()) for engine in engines]
    await eventually(is_settled)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_event_that_dead_process_left_is_taken_over(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    event = make_event(make_text_body(), secret_digest=SIGNER)
    await insert_events([event], lease=timedelta(seconds=-1))

    # Its own leases are long, so that nothing is taken over twice where the machine is slow.
    await run_until_settled(
        Ingest(
            settings=settings,
            keyring=keyring,
            timeouts=make_timeouts(webhook_lease_seconds=600.0),
        )
    )

    assert await Message.count() == 1
    stored = await WebhookEvent.get(event.id)
    assert stored is not None
    assert (stored.attempts, stored.state) == (1, EventState.PROCESSED)


async def test_events_beyond_backlog_are_taken_over_later(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    small = Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts(), max_backlog=3)
    for _ in range(12):
        await small.accept(make_text_body(), secret_digest=SIGNER)

    await run_until_settled(small)

    assert (await Message.count(), await Contact.count()) == (12, 1)


async def test_backlog_is_bounded_in_bytes(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    small = Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts(), max_queued_bytes=1)
    for _ in range(12):
        await small.accept(make_text_body(), secret_digest=SIGNER)
    waiting = sum(queue.qsize() for queue in small._queues)

    await run_until_settled(small)

    assert waiting == 1
    assert (await Message.count(), await Contact.count()) == (12, 1)


async def test_two_processes_on_same_events_have_one_effect(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    engines = [
        Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts()) for _ in range(2)
    ]
    bodies = [make_text_body() for _ in range(20)]
    for body in bodies:
        await engines[0].accept(body, secret_digest=SIGNER)
        await engines[1].accept(body, secret_digest=SIGNER)
    # Both believe that the events are theirs.
    await WebhookEvent.find_all().update({"$set": {"lease_until": connected.created_at}})

    await run_until_settled(*engines)

    assert (await Message.count(), await Contact.count(), await ParkedItem.count()) == (20, 1, 0)


async def test_waiting_event_is_not_taken_over(
    connected: Account, settings: Settings, keyring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long queue is no crash: its leases are renewed."""
    go_on = asyncio.Event()

    async def note_late(stored: list[Message]) -> None:
        await go_on.wait()
        await update_summaries(stored)

    monkeypatch.setattr("whatsapp.messages.early_updates.update_summaries", note_late)
    engines = [
        Ingest(
            settings=settings,
            keyring=keyring,
            timeouts=make_timeouts(webhook_lease_seconds=4.0),
        )
        for _ in range(2)
    ]
    running = [asyncio.create_task(engine.run()) for engine in engines]
    await engines[0].accept(make_text_body(), secret_digest=SIGNER)
    [first] = await WebhookEvent.find().to_list()

    async def is_renewed_twice() -> bool:
        [event] = await WebhookEvent.find().to_list()
        leases.add(event.lease_until)
        return len(leases) > 2

    leases = {first.lease_until}
    await eventually(is_renewed_twice)
    [event] = await WebhookEvent.find().to_list()
    go_on.set()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert (event.attempts, event.state) == (0, EventState.RECEIVED)


async def test_stopping_process_gives_its_events_back_at_once(
    connected: Account, settings: Settings, keyring: KeyRing
) -> None:
    stopping = Ingest(
        settings=settings,
        keyring=keyring,
        timeouts=make_timeouts(webhook_lease_seconds=600.0),
    )
    await stopping.accept(make_text_body(), secret_digest=SIGNER)
    running = asyncio.create_task(stopping.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    await run_until_settled(Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts()))

    assert await Message.count() == 1


async def test_shutdown_releases_event_being_taken_over(
    connected: Account, settings: Settings, keyring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_leased = asyncio.Event()

    async def take_over_and_tell_late(**options: Any) -> Any:
        event = await take_over_event(**options)
        is_leased.set()
        await asyncio.sleep(0.01)
        return event

    event = make_event(make_text_body(), secret_digest=SIGNER)
    await insert_events([event], lease=timedelta(seconds=-1))
    with monkeypatch.context() as patch:
        patch.setattr("webhooks.ingest.take_over_event", take_over_and_tell_late)
        timeouts = make_timeouts(takeover_lease_seconds=600.0)
        stopping = Ingest(settings=settings, keyring=keyring, timeouts=timeouts)
        running = asyncio.create_task(stopping.run())
        await is_leased.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    await run_until_settled(Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts()))

    assert await Message.count() == 1


async def test_shutdown_releases_event_being_stored(
    connected: Account, settings: Settings, keyring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_stored = asyncio.Event()

    async def insert_and_tell_late(*arguments: Any, **options: Any) -> Any:
        outcome = await insert_events(*arguments, **options)
        is_stored.set()
        await asyncio.sleep(0.01)
        return outcome

    stopping = Ingest(
        settings=settings,
        keyring=keyring,
        timeouts=make_timeouts(webhook_lease_seconds=600.0),
    )
    with monkeypatch.context() as patch:
        patch.setattr("webhooks.store.events.insert_events", insert_and_tell_late)
        running = asyncio.create_task(stopping.run())
        accepting = asyncio.create_task(stopping.accept(make_text_body(), secret_digest=SIGNER))
        await is_stored.wait()
        running.cancel()
        await asyncio.gather(running, accepting, return_exceptions=True)

    await run_until_settled(Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts()))

    assert accepting.exception() is None
    assert await Message.count() == 1


async def show_all() -> list[dict[str, Any]]:
    found = [await kind.find().to_list() for kind in (Contact, Conversation, Message)]
    return [one.model_dump(exclude={"updated_at"}) for own in found for one in own]


async def test_lost_acknowledgement_repeats_without_effect(
    connected: Account, settings: Settings, keyring: KeyRing, ingest: Ingest
) -> None:
    bodies = [make_text_body(), make_text_body()]
    for body in bodies:
        await ingest.accept(body, secret_digest=SIGNER)
        await run_until_settled(ingest)
    before = await show_all()

    # As after the fail-over of a primary that alone had the mark: the older document.
    lost = make_event(bodies[0], secret_digest=SIGNER).id
    await WebhookEvent.find({"_id": lost}).update(
        {"$set": {"state": "RECEIVED", "processed_at": None, "lease_until": connected.created_at}}
    )
    await run_until_settled(Ingest(settings=settings, keyring=keyring, timeouts=make_timeouts()))

    stored = await WebhookEvent.get(lost)
    assert stored is not None
    assert (stored.state, stored.attempts) == (EventState.PROCESSED, 1)
    assert await show_all() == before


@with_timeouts(takeover_lease_seconds=0.2)
@pytest.mark.parametrize("failure", [AutoReconnect("gone"), OperationFailure("killed", 11601)])
async def test_outage_in_middle_is_completed_later(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, failure: PyMongoError
) -> None:
    failures = iter([failure, failure])

    async def note_or_fail(stored: list[Message]) -> None:
        for failure in failures:
            raise failure
        await update_summaries(stored)

    monkeypatch.setattr("whatsapp.messages.early_updates.update_summaries", note_or_fail)
    await ingest.accept(make_text_body(), secret_digest=SIGNER)

    await run_until_settled(ingest)

    assert (await Message.count(), await ParkedItem.count()) == (1, 0)


async def test_bug_parks_its_item_and_logs_no_content(
    connected: Account,
    ingest: Ingest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def read_or_fail(item: Item) -> Inbound:
        if item.value["from"] == "16505550666":
            raise KeyError(item.value["text"]["body"])
        return read_message(item)

    monkeypatch.setattr("webhooks.apply.processing.read_message", read_or_fail)
    texts = [make_message(sender=one) for one in ("16505550001", "16505550666", "16505550002")]
    texts[1]["text"]["body"] = "canary-content"
    body = make_body(NUMBER, make_change(NUMBER, messages=texts))
    await ingest.accept(json.dumps(body).encode(), secret_digest=SIGNER)

    await run_until_settled(ingest)

    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason.value, parked.details) == ("INTERNAL_ERROR", "KeyError")
    assert await Message.count() == 2
    assert "read_or_fail" in caplog.text
    for secret in ("canary-content", "16505550666", "1650555"):
        assert secret not in caplog.text


async def test_refused_message_affects_no_other(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the common write fails, each body is stored separately."""

    def spoil(message: Message) -> dict[str, Any]:
        fields = to_bson(message)
        return fields | ({"content": {"n": 2**70}} if message.text == "poison" else {})

    monkeypatch.setattr("webhooks.apply.messages.to_bson", spoil)
    texts = [make_message(content={"body": body}) for body in ("one", "poison", "two")]
    body = make_body(NUMBER, make_change(NUMBER, messages=texts))
    await ingest.accept(json.dumps(body).encode(), secret_digest=SIGNER)

    await run_until_settled(ingest)

    [parked] = await ParkedItem.find().to_list()
    assert (parked.reason.value, parked.details) == ("INTERNAL_ERROR", "OverflowError")
    assert {message.text async for message in Message.find()} == {"one", "two"}
