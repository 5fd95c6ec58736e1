"""What a webhook's processing reads is read while its body is stored, where little comes in."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect, PyMongoError

from models import Account, Contact, Message, ParkedItem, ParkedReason, Role, WebhookEvent
from models.base import new_id
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_body, make_change, make_message
from tests.fixtures.world import NUMBER, connect_number
from tests.webhooks.conftest import Settle
from webhooks import applying, commits, preparation, processing
from webhooks.applying import find_senders
from webhooks.events import StoredEvent, insert_events
from webhooks.ingest import Ingest
from webhooks.storage import Correspondents, store_messages
from webhooks.tasks import Task
from whatsapp.access import Viewer
from whatsapp.accounts import set_account_enabled
from whatsapp.crypto import KeyRing, digest_secret
from whatsapp.directory import erase_contact

SIGNER = digest_secret(NUMBER.app_secret)
ADMIN = Viewer(new_id(), "test", Role.ADMIN)


class Steps:
    """Stands before the steps of ingest: counts the reads, and stops the writes when told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.read_failure: PyMongoError | None = None
        self.write_failure: PyMongoError | None = None
        self.may_store = asyncio.Event()
        self.may_store.set()
        self.may_apply = asyncio.Event()
        self.may_apply.set()

    async def find(self, tasks: Sequence[Task]) -> Correspondents | None:
        self.reads += 1
        failure, self.read_failure = self.read_failure, None
        if failure is not None:
            raise failure
        return await find_senders(tasks)

    async def insert(
        self, events: Sequence[StoredEvent], *, lease: timedelta
    ) -> list[bool | PyMongoError]:
        await self.may_store.wait()
        failure, self.write_failure = self.write_failure, None
        if failure is not None:
            raise failure
        return await insert_events(events, lease=lease)

    async def store(self, messages: Sequence[Message]) -> None:
        await self.may_apply.wait()
        await store_messages(messages)

    async def have_read(self, times: int) -> None:
        async def is_so() -> bool:
            return self.reads >= times

        await eventually(is_so)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(processing, "find_senders", steps.find)
    monkeypatch.setattr(commits, "insert_events", steps.insert)
    monkeypatch.setattr(applying, "store_messages", steps.store)
    # However slow the machine is: what is old has a test of its own.
    monkeypatch.setattr(preparation, "FRESH_SECONDS", 60.0)
    return steps


@pytest.fixture
async def account(database: AsyncDatabase[dict[str, Any]], keyring: KeyRing) -> Account:
    return await connect_number(keyring, NUMBER)


@pytest.fixture
async def engine(account: Account, ingest: Ingest, steps: Steps) -> AsyncIterator[Ingest]:
    running = asyncio.create_task(ingest.run())
    yield ingest
    running.cancel()
    await asyncio.wait([running])


async def accept(engine: Ingest, body: bytes | None = None) -> None:
    text = make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))
    await engine.accept(body or json.dumps(text).encode(), secret_digest=SIGNER)


async def test_it_is_read_before_it_is_stored_and_only_once(
    engine: Ingest, steps: Steps, settle: Settle
) -> None:
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(engine))
    await steps.have_read(1)
    stored_by_then = await WebhookEvent.count()
    contacts_by_then = await Contact.count()

    steps.may_store.set()
    await accepting
    await settle()

    assert (stored_by_then, contacts_by_then) == (0, 0)
    assert (steps.reads, await Message.count()) == (1, 1)


async def test_what_is_not_stored_is_not_applied(
    engine: Ingest, steps: Steps, settle: Settle
) -> None:
    body = json.dumps(make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))).encode()
    steps.write_failure = AutoReconnect("gone")
    with pytest.raises(PyMongoError):
        await accept(engine, body)
    await steps.have_read(1)
    nothing = (await WebhookEvent.count(), await Contact.count(), await Message.count())

    await accept(engine, body)  # as Meta does
    await accept(engine, body)
    await settle()

    assert nothing == (0, 0, 0)
    assert (await WebhookEvent.count(), await Message.count()) == (1, 1)


async def test_what_could_not_be_read_is_read_again(
    engine: Ingest, steps: Steps, settle: Settle
) -> None:
    steps.read_failure = AutoReconnect("gone")

    await accept(engine)
    await settle()

    assert (steps.reads, await Message.count(), await ParkedItem.count()) == (2, 1, 0)


async def test_what_is_old_is_read_again(
    engine: Ingest,
    account: Account,
    steps: Steps,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparation, "FRESH_SECONDS", 0.01)
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(engine))
    await asyncio.sleep(0.1)
    await set_account_enabled(account, enabled=False)

    steps.may_store.set()
    await accepting
    await settle()

    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.ACCOUNT_DISABLED
    assert await Message.count() == 0


async def test_a_contact_erased_meanwhile_is_made_again(
    engine: Ingest, steps: Steps, settle: Settle
) -> None:
    await accept(engine)
    await settle()
    [before] = await Contact.find().to_list()
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(engine))
    await steps.have_read(2)
    await erase_contact(ADMIN, before.id)

    steps.may_store.set()
    await accepting
    await settle()

    [after] = await Contact.find().to_list()
    [message] = await Message.find().to_list()
    assert after.id != before.id
    assert message.contact_id == after.id
    assert await ParkedItem.count() == 0


async def test_nothing_is_read_before_the_senders_last_message_is_applied(
    engine: Ingest, steps: Steps, settle: Settle
) -> None:
    steps.may_apply.clear()
    await accept(engine)
    await steps.have_read(1)
    await accept(engine)
    await asyncio.sleep(0.1)
    reads_by_then = steps.reads

    steps.may_apply.set()
    await settle()

    assert (reads_by_then, steps.reads) == (1, 2)
    assert (await Contact.count(), await Message.count()) == (1, 2)


async def test_a_stop_ends_what_is_being_read(
    account: Account, ingest: Ingest, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, has_ended, never = (asyncio.Event() for _ in range(3))

    async def hang(_tasks: Sequence[Task]) -> None:
        has_begun.set()
        try:
            await never.wait()
        finally:
            has_ended.set()

    monkeypatch.setattr(processing, "find_senders", hang)
    steps.may_store.clear()
    running = asyncio.create_task(ingest.run())
    accepting = asyncio.create_task(accept(ingest))
    await has_begun.wait()

    running.cancel()
    await asyncio.wait([running])

    await asyncio.wait_for(has_ended.wait(), 60)
    steps.may_store.set()
    await accepting
    assert (await WebhookEvent.count(), await Message.count()) == (1, 0)
