"""Prefetch: under low load, processing's reads run while the body is stored."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect, PyMongoError

from models import Account, Contact, Message, ParkedItem, ParkedReason, Role, WebhookEvent
from models.database.base import new_id
from tests.fixtures.timeouts import make_timeouts, with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from webhooks.apply import applying, processing
from webhooks.apply.applying import find_senders
from webhooks.apply.storage import Correspondents, store_messages
from webhooks.apply.tasks import Task
from webhooks.ingest import Ingest
from webhooks.store import group_commit
from webhooks.store.events import StoredEvent, insert_events
from whatsapp.accounts.accounts import set_account_enabled
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import digest_secret
from whatsapp.common.timeouts import Timeouts
from whatsapp.privacy.erasures import erase_contact

SIGNER = digest_secret(NUMBER.app_secret)
ADMIN = Viewer(new_id(), "test", Role.ADMIN)


class Steps:
    """Wraps the steps of ingest: counts reads and can block writes."""

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
def timeouts(request: pytest.FixtureRequest) -> Timeouts:
    """However slow the machine is, what was prefetched is fresh, but in the test of that."""
    return make_timeouts(**{"prefetch_seconds": 60.0} | getattr(request, "param", {}))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(processing, "find_senders", steps.find)
    monkeypatch.setattr(group_commit, "insert_events", steps.insert)
    monkeypatch.setattr(applying, "store_messages", steps.store)
    return steps


def make_text() -> bytes:
    return json.dumps(make_body(NUMBER, make_change(NUMBER, messages=[make_message()]))).encode()


async def accept(door: WebhookClient) -> None:
    assert (await door.post_messages(make_message())).status_code == 200


async def test_prefetch_reads_once_before_storing(
    door: WebhookClient, steps: Steps, settle: Settle
) -> None:
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(door))
    await steps.have_read(1)
    stored_by_then = await WebhookEvent.count()
    contacts_by_then = await Contact.count()

    steps.may_store.set()
    await accepting
    await settle()

    assert (stored_by_then, contacts_by_then) == (0, 0)
    assert (steps.reads, await Message.count()) == (1, 1)


async def test_what_is_not_stored_is_not_applied(
    door: WebhookClient, steps: Steps, settle: Settle
) -> None:
    body = make_text()
    steps.write_failure = AutoReconnect("gone")
    refused = await door.post(body)
    await steps.have_read(1)
    nothing = (await WebhookEvent.count(), await Contact.count(), await Message.count())

    again = [await door.post(body), await door.post(body)]  # as Meta does
    await settle()

    assert [one.status_code for one in (refused, *again)] == [503, 200, 200]
    assert nothing == (0, 0, 0)
    assert (await WebhookEvent.count(), await Message.count()) == (1, 1)


async def test_what_could_not_be_read_is_read_again(
    door: WebhookClient, steps: Steps, settle: Settle
) -> None:
    steps.read_failure = AutoReconnect("gone")

    await accept(door)
    await settle()

    assert (steps.reads, await Message.count(), await ParkedItem.count()) == (2, 1, 0)


@with_timeouts(prefetch_seconds=0.01)
async def test_what_is_old_is_read_again(
    door: WebhookClient,
    connected: Account,
    steps: Steps,
    settle: Settle,
) -> None:
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(door))
    await asyncio.sleep(0.1)
    await set_account_enabled(connected, enabled=False)

    steps.may_store.set()
    await accepting
    await settle()

    [parked] = await ParkedItem.find().to_list()
    assert parked.reason is ParkedReason.ACCOUNT_DISABLED
    assert await Message.count() == 0


async def test_contact_erased_meanwhile_is_made_again(
    door: WebhookClient, steps: Steps, settle: Settle
) -> None:
    await accept(door)
    await settle()
    [before] = await Contact.find().to_list()
    steps.may_store.clear()
    accepting = asyncio.create_task(accept(door))
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


async def test_prefetch_waits_for_senders_last_message(
    door: WebhookClient, steps: Steps, settle: Settle
) -> None:
    steps.may_apply.clear()
    await accept(door)
    await steps.have_read(1)
    await accept(door)
    await asyncio.sleep(0.1)
    reads_by_then = steps.reads

    steps.may_apply.set()
    await settle()

    assert (reads_by_then, steps.reads) == (1, 2)
    assert (await Contact.count(), await Message.count()) == (1, 2)


async def test_stop_ends_what_is_being_read(
    connected: Account, ingest: Ingest, steps: Steps, monkeypatch: pytest.MonkeyPatch
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
    accepting = asyncio.create_task(ingest.accept(make_text(), secret_digest=SIGNER))
    await has_begun.wait()

    running.cancel()

    await asyncio.wait_for(has_ended.wait(), 60)
    steps.may_store.set()
    await asyncio.wait([running])
    await accepting
    assert (await WebhookEvent.count(), await Message.count()) == (1, 0)
