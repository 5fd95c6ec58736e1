"""Reading late messages behind the read mark updates the unread count live."""

from datetime import timedelta

from graph.events.differences import EventKind
from models import Conversation, Message, MessageDirection, MessageStatus
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from tests.graph.live_kit import (
    NOON,
    FeedReader,
    create_account,
    create_contact,
    create_conversation,
    create_message,
    create_viewer,
)
from whatsapp.conversations.inbox import mark_read, mark_read_on_phone

VIEWER = create_viewer()


async def create_read_conversation() -> Conversation:
    """With a message that came in and was read."""
    conversation = await create_conversation(await create_contact((await create_account()).id))
    await create_message(conversation, timestamp=NOON, unread=True)
    return await mark_read(VIEWER, conversation.id)


async def receive_late(conversation: Conversation, *, minutes: int) -> Message:
    at = NOON - timedelta(minutes=minutes)
    return await create_message(conversation, timestamp=at, unread=True)


async def count_unread(conversation: Conversation) -> int:
    return await Message.find({"conversation_id": conversation.id, "unread": True}).count()


async def test_each_late_message_that_is_read_is_event(reader: FeedReader) -> None:
    conversation = await create_read_conversation()
    late = [await receive_late(conversation, minutes=minutes) for minutes in (9, 5)]
    reading = await reader.open(kinds={EventKind.CONVERSATION_UPDATED})

    for message in (late[0], late[0], late[1], late[0]):
        read = await mark_read(VIEWER, conversation.id, up_to_message_id=message.id)

    assert len(await reading.rest()) == 2
    assert await count_unread(conversation) == 0
    assert read.read_up_to == conversation.read_up_to


async def test_what_late_echo_of_phone_reads_is_event(reader: FeedReader) -> None:
    conversation = await create_read_conversation()
    await receive_late(conversation, minutes=9)
    echo = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        contact_id=new_id(),
        direction=MessageDirection.OUTBOUND,
        type="text",
        timestamp=NOON - timedelta(minutes=5),
        status_rank=MessageStatus.SENT.rank,
    )
    reading = await reader.open(kinds={EventKind.CONVERSATION_UPDATED})

    for _ in range(2):
        await mark_read_on_phone(echo)

    assert len(await reading.rest()) == 1
    assert await count_unread(conversation) == 0
