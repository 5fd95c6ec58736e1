"""Sending to a contact during its erasure restores nothing."""

import pytest

from models import Contact, Conversation, Lane, Message, Role
from models.database.base import new_id
from tests.fixtures.outbox import OutboxWorld
from whatsapp.auth.access import Viewer
from whatsapp.errors import NotFound
from whatsapp.outbox import outbox
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import erase_contact

ADMIN = Viewer(credential_id=new_id(), name="an admin", role=Role.ADMIN)


@pytest.mark.parametrize("step", ["_ensure_conversation", "take_number", "update_summary"])
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

    for document_class in (Message, Conversation, Contact, Lane):
        assert await document_class.count() == 0, document_class
