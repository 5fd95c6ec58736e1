"""Sending to a contact during its erasure restores nothing."""

import asyncio
from typing import Any

import pytest
from pymongo.errors import NotPrimaryError

from models import Contact, Conversation, Message, MessageStatus, Role
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from tests.fixtures.outbox import OutboxWorld
from whatsapp.auth.access import Viewer
from whatsapp.conversations.conversations import update_summary
from whatsapp.dispatch.summaries import SummaryUpdates
from whatsapp.errors import NotFound
from whatsapp.outbox import outbox
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import erase_contact

ADMIN = Viewer(
    workspace_id=DEFAULT_WORKSPACE_ID, credential_id=new_id(), name="an admin", role=Role.ADMIN
)


@pytest.mark.parametrize("step", ["ensure_conversation", "attach_file", "update_summary"])
async def test_message_to_erased_contact_is_not_found(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    original = getattr(outbox, step)

    async def erase_first(*args: object) -> object:
        await erase_contact(ADMIN, conversation.contact_id, ErasureLog(None))
        return await original(*args)

    monkeypatch.setattr(outbox, step, erase_first)

    with pytest.raises(NotFound):
        await world.queue(conversation)

    for document_class in (Message, Conversation, Contact):
        assert await document_class.count() == 0, document_class


async def test_message_removed_after_claim_is_not_sent(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatcher has claimed the message and read its conversation before the erasure."""
    is_read = asyncio.Event()
    include = SummaryUpdates.include

    async def notice(self: SummaryUpdates, *arguments: Any) -> bool:
        is_read.set()
        return await include(self, *arguments)

    async def erase_first(message: Message) -> None:
        await is_read.wait()
        await erase_contact(ADMIN, conversation.contact_id, ErasureLog(None))
        await update_summary(message)

    monkeypatch.setattr(SummaryUpdates, "include", notice)
    monkeypatch.setattr(outbox, "update_summary", erase_first)

    async with world.dispatching():
        with pytest.raises(NotFound):
            await world.queue(conversation)

    assert not world.meta.requests.requests
    assert await Message.count() == 0


async def test_summary_that_fails_is_completed_before_send(
    world: OutboxWorld, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_message: Message) -> None:
        raise NotPrimaryError("not primary")

    monkeypatch.setattr(outbox, "update_summary", fail)

    async with world.dispatching():
        with pytest.raises(NotPrimaryError):
            await world.queue(conversation)
        message = await Message.find_one({"direction": "OUTBOUND"})
        assert message is not None
        await world.wait_for(message, MessageStatus.ACCEPTED)

    found = await Conversation.get(conversation.id)
    assert found is not None
    assert found.last_message_id == message.id
