"""Concurrent sends share commands, and each has its own outcome."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from beanie import PydanticObjectId

from models import Conversation, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from models.database.shared_writes import insert_shared
from tests.fixtures.commands import CommandCounter
from tests.fixtures.outbox import AGENT, PHONE, OutboxWorld, hours_ago
from whatsapp.auth.access import Viewer
from whatsapp.conversations.conversations import ConversationGone
from whatsapp.errors import IdempotencyKeyReused, WindowClosed
from whatsapp.outbox import outbox
from whatsapp.outbox.recipients import Recipient, resolve_recipient
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import erase_contact

ADMIN = Viewer(
    workspace_id=DEFAULT_WORKSPACE_ID, credential_id=new_id(), name="an admin", role=Role.ADMIN
)
CALLERS = 32


class GroupedInserts:
    """Starts the inserts together, after it has erased a contact."""

    def __init__(self, counter: CommandCounter, *, erased_id: PydanticObjectId, count: int) -> None:
        self._counter = counter
        self._erased_id = erased_id
        self._left = count
        self._is_ready = asyncio.Event()
        self.reads: list[tuple[str, str]] = []
        """Commands before the first insert."""

    async def insert(self, *args: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self.reads = list(self._counter.reads)
            await erase_contact(ADMIN, self._erased_id, ErasureLog(None))
            self._counter.writes.clear()
            self._is_ready.set()
        await self._is_ready.wait()
        await insert_shared(*args)


async def test_concurrent_sends_share_commands(
    counter: CommandCounter, world: OutboxWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = [
        await world.add_customer(phone=f"1650555{number:04}") for number in range(CALLERS - 4)
    ]
    erased = await world.add_customer(phone="16505559001")
    closed = await world.add_customer(phone="16505559002", wrote_at=hours_ago(25))
    # The closed window is refused before.
    inserts = GroupedInserts(counter, erased_id=erased.contact_id, count=CALLERS - 1)
    monkeypatch.setattr(outbox, "insert_shared", inserts.insert)
    requests = [(one, "Hello", str(number)) for number, one in enumerate(conversations)]
    requests += [(conversations[0], "Hello", "0"), (conversations[1], "Goodbye", "1")]
    requests += [(erased, "Hello", "erased"), (closed, "Hello", "closed")]
    sends = [world.queue(one, text, idempotency_key=key) for one, text, key in requests]

    with counter.counting():
        results = await asyncio.gather(*sends, return_exceptions=True)

    *sent, repeated, other, gone, refused = results
    assert [type(gone), type(refused)] == [ConversationGone, WindowClosed]
    assert isinstance(repeated, Message)
    assert isinstance(sent[0], Message)
    assert repeated.id == sent[0].id
    # Either of the two different messages may be stored first.
    same_key = [result for result in (sent.pop(1), other) if isinstance(result, Message)]
    reused = [result for result in results if isinstance(result, IdempotencyKeyReused)]
    assert (len(same_key), len(reused)) == (1, 1)
    stored = await Message.find({"direction": "OUTBOUND"}).to_list()
    assert {message.id for message in stored} == {
        result.id for result in sent + same_key if isinstance(result, Message)
    }
    assert len(stored) == CALLERS - 4
    summaries = {one.id: one.last_message_id for one in await Conversation.find().to_list()}
    del summaries[closed.id]
    assert summaries == {message.conversation_id: message.id for message in stored}
    assert Counter(inserts.reads)["aggregate", "conversations"] == 1
    writes = Counter(counter.writes)
    assert writes["insert", "messages"] == 1
    # The repeated request updates the summary again, once it has found the message.
    assert writes["update", "conversations"] <= 2


async def test_target_tells_whether_message_waits(
    world: OutboxWorld, conversation: Conversation
) -> None:
    recipients = [
        Recipient(conversation_id=conversation.id),
        Recipient(contact_id=conversation.contact_id),
        Recipient(phone_number=PHONE),
        Recipient(phone_number="16505550002"),
    ]

    async def list_waiting() -> list[bool]:
        targets = [
            await resolve_recipient(AGENT, recipient, account_id=world.account.id)
            for recipient in recipients
        ]
        return [target.waits_behind for target in targets]

    before = await list_waiting()
    message = await world.queue(conversation)
    queued = await list_waiting()
    await world.outbox.cancel_message(AGENT, message.id)

    assert before == [False] * 4
    assert queued == [True] * 3 + [False]
    assert await list_waiting() == [False] * 4
