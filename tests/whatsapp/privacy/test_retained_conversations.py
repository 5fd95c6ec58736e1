"""Conversations after their old messages, or they themselves, were removed by age."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import (
    Account,
    Contact,
    Conversation,
    ConversationChange,
    EventState,
    Message,
    Note,
    OutboxState,
    PendingUpdate,
    WebhookEvent,
)
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import CUSTOMER, WebhookClient, make_message, make_status, make_wamid
from tests.whatsapp.privacy.retention_rules import apply_rules
from whatsapp.conversations.answers import SETTLED, sweep_stale_answers
from whatsapp.merging import merged_history
from whatsapp.privacy.old_messages import remove_contents

NOW = timedelta()
DAY = 86_400
SHOW = """query ($id: ID!) { conversation(id: $id) { status unreadCount waitingSince lastActivityAt
  lastMessage { text } serviceWindow { isOpen }
  messages { nodes { text replyTo { text } } } } }"""
SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id } userErrors { code message } } }"""
CLOSE = """mutation ($id: ID!) { closeConversation(input: {conversationId: $id}) {
  userErrors { code } } }"""
NOTE = """mutation ($id: ID!) { addNote(input: {conversationId: $id, body: "a note"}) {
  userErrors { code } } }"""

MERGE = """mutation ($id: ID!, $into: ID!) {
  mergeContacts(input: {contactId: $id, intoContactId: $into}) { userErrors { code } } }"""
CLOSED = "whatsapp.privacy.closed_conversations"

Write = Callable[..., Awaitable[Conversation]]


@pytest.fixture
def write(webhook: WebhookClient, account: Account) -> Write:
    """Posts texts of the customer as (days ago, text), and waits until they are applied."""

    async def post(*texts: tuple[float, str], **more: Any) -> Conversation:
        now = int(time.time())
        messages = [
            make_message("text", {"body": text}, at=now - int(days * DAY), **more)
            for days, text in texts
        ]
        assert (await webhook.post_messages(*messages)).status_code == 200
        await eventually(is_processed)
        [conversation] = await Conversation.find_all().to_list()
        return conversation

    return post


async def is_processed() -> bool:
    return not await WebhookEvent.find({"state": EventState.RECEIVED.value}).count()


async def read(admin: GraphQLClient, conversation: Conversation) -> dict[str, Any]:
    shown: dict[str, Any] = (await admin(SHOW, id=id_of(conversation)))["conversation"]
    return shown


async def list_texts() -> list[str | None]:
    return [message.text for message in await Message.find_all().sort("timestamp").to_list()]


async def test_summary_shows_what_is_left(admin: GraphQLClient, write: Write) -> None:
    conversation = await write((50, "oldest"), (40, "old"), (0.5, "young"))

    [run] = await apply_rules(later=NOW, messages_days=30)

    shown = await read(admin, conversation)
    assert run.counts == {"MESSAGES": 2}
    assert shown["lastMessage"] == {"text": "young"}
    assert shown["unreadCount"] == 1
    assert shown["serviceWindow"] == {"isOpen": True}
    [young] = await Message.find_all().to_list()
    assert shown["waitingSince"] == young.timestamp.isoformat()


async def test_empty_conversation_stays(admin: GraphQLClient, write: Write) -> None:
    conversation = await write((50, "oldest"), (40, "old"))
    before = await read(admin, conversation)

    await apply_rules(later=NOW, messages_days=30)

    shown = await read(admin, conversation)
    assert shown["messages"]["nodes"] == []
    assert shown["lastMessage"] is shown["waitingSince"] is None
    assert shown["unreadCount"] == 0
    assert shown["lastActivityAt"] == before["lastActivityAt"]
    await write((0, "back"))
    shown = await read(admin, conversation)
    assert shown["lastMessage"] == {"text": "back"}
    assert shown["unreadCount"] == 1


async def test_many_waits_are_read_again(admin: GraphQLClient, write: Write) -> None:
    conversation = await write(*[(60 - number, f"{number}") for number in range(40)])

    await apply_rules(later=NOW, messages_days=30)

    await Conversation.find_all().update({"$set": {"answers_stale_at": utc_now() - 2 * SETTLED}})
    await sweep_stale_answers()
    left = await Message.find_all().sort("timestamp").to_list()
    assert 5 < len(left) < 12
    current = await Conversation.get(conversation.id)
    assert current is not None
    assert current.unanswered_at[:10] == [message.timestamp for message in left][:10]


async def test_queued_message_is_never_removed(
    admin: GraphQLClient, write: Write, meta: FakeMeta
) -> None:
    conversation = await write((0, "hello"))
    to = {"conversationId": id_of(conversation)}
    await admin(SEND, input={"to": to, "content": {"text": {"body": "sent"}}})

    async def is_sent() -> bool:
        done = {"text": "sent", "outbox_state": OutboxState.DONE.value}
        return await Message.find(done).count() == 1

    await eventually(is_sent)
    # Meta refuses it for the moment, so it waits for its next attempt.
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131056, times=10_000))
    await admin(SEND, input={"to": to, "content": {"text": {"body": "queued"}}})

    async def is_queued() -> bool:
        return await Message.find({"text": "queued", "attempts": {"$gt": 0}}).count() == 1

    await eventually(is_queued)
    await admin(CLOSE, id=id_of(conversation))

    [run] = await apply_rules(messages_days=30, closed_conversations_days=30, media_days=30)

    assert run.counts["MESSAGES"] == 2
    assert "CONVERSATIONS" not in run.counts
    assert await list_texts() == ["queued"]
    shown = await read(admin, conversation)
    assert shown["lastMessage"] == {"text": "queued"}


async def test_closed_conversation_is_removed(
    admin: GraphQLClient, webhook: WebhookClient, write: Write
) -> None:
    conversation = await write((0, "hello"))
    await admin(NOTE, id=id_of(conversation))
    await admin(CLOSE, id=id_of(conversation))
    contact = await Contact.find_one({})

    [run] = await apply_rules(closed_conversations_days=30)

    assert run.counts == {
        "MESSAGES": 1,
        "NOTES": 1,
        "CONVERSATION_CHANGES": 1,
        "CONVERSATIONS": 1,
    }
    assert (await admin(SHOW, id=id_of(conversation)))["conversation"] is None
    for document_class in (Message, Note, ConversationChange):
        assert await document_class.count() == 0
    [left] = await Contact.find_all().to_list()
    assert contact is not None
    assert left.id == contact.id
    assert not left.has_conversation
    other = await write((0, "back"))
    assert other.id != conversation.id
    assert other.contact_id == contact.id
    [left] = await Contact.find_all().to_list()
    assert left.has_conversation


async def test_conversation_in_use_stays(admin: GraphQLClient, write: Write) -> None:
    conversation = await write((50, "old"))
    # Open.
    assert await apply_rules(later=NOW, closed_conversations_days=30) == []
    # Closed today.
    await admin(CLOSE, id=id_of(conversation))
    assert await apply_rules(later=NOW, closed_conversations_days=30) == []
    # Closed for long, but with a note of today.
    long_ago = utc_now() - timedelta(days=45)
    await Conversation.find_all().update({"$set": {"closed_at": long_ago, "changed_at": long_ago}})
    await admin(NOTE, id=id_of(conversation))
    assert await apply_rules(later=NOW, closed_conversations_days=30) == []
    assert await list_texts() == ["old"]

    await Note.find_all().update({"$set": {"timestamp": long_ago}})
    [run] = await apply_rules(later=NOW, closed_conversations_days=30)

    assert run.counts["CONVERSATIONS"] == 1
    assert await Message.count() == 0


async def test_note_written_during_run_keeps_conversation(
    admin: GraphQLClient, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await write((50, "old"))
    await close_long_ago(admin, conversation)

    async def note_first(*args: Any) -> None:
        await remove_contents(*args)
        await admin(NOTE, id=id_of(conversation))

    monkeypatch.setattr(f"{CLOSED}.remove_contents", note_first)
    [run] = await apply_rules(later=NOW, closed_conversations_days=30)

    assert "CONVERSATIONS" not in run.counts
    [note] = await Note.find_all().to_list()
    assert note.conversation_id == conversation.id
    assert (await read(admin, conversation))["status"] == "CLOSED"
    assert (await Contact.find_all().to_list())[0].has_conversation


async def test_conversation_of_unfinished_merge_stays(
    admin: GraphQLClient, webhook: WebhookClient, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge moves younger messages before the summary that shows them."""
    target = await write((50, "old"))
    await close_long_ago(admin, target)
    young = make_message("text", {"body": "young"}, at=int(time.time()), sender="15550002222")
    assert (await webhook.post_messages(young)).status_code == 200
    await eventually(is_processed)
    source = await Conversation.find_one({"_id": {"$ne": target.id}})
    assert source is not None
    step = "_combine_summaries"
    combine = getattr(merged_history, step)
    has_moved, is_applied = asyncio.Event(), asyncio.Event()

    async def wait_and_combine(*args: Any) -> bool:
        has_moved.set()
        await is_applied.wait()
        is_done: bool = await combine(*args)
        return is_done

    async def merge_then(*args: Any) -> None:
        await remove_contents(*args)
        into = encode_id("Contact", target.contact_id)
        merged = encode_id("Contact", source.contact_id)
        merges.append(asyncio.create_task(admin(MERGE, id=merged, into=into)))
        await has_moved.wait()

    merges: list[asyncio.Task[Any]] = []
    monkeypatch.setattr(merged_history, step, wait_and_combine)
    monkeypatch.setattr(f"{CLOSED}.remove_contents", merge_then)
    await apply_rules(later=NOW, closed_conversations_days=30)
    is_applied.set()
    [merge] = merges
    await merge

    shown = await read(admin, target)
    assert shown["lastMessage"] == {"text": "young"}
    assert await list_texts() == ["young"]


async def close_long_ago(admin: GraphQLClient, conversation: Conversation) -> None:
    await admin(CLOSE, id=id_of(conversation))
    long_ago = utc_now() - timedelta(days=45)
    await collection(Conversation).update_one(
        {"_id": conversation.id}, {"$set": {"closed_at": long_ago, "changed_at": long_ago}}
    )


async def test_late_report_brings_nothing_back(webhook: WebhookClient, write: Write) -> None:
    wamid = make_wamid()
    await write((5, "old"), wamid=wamid)
    await apply_rules(later=NOW, messages_days=3)
    now = int(time.time())

    reaction = {"message_id": wamid, "emoji": "x"}
    await webhook.post_messages(make_message("reaction", reaction, at=now))
    edit = {"original_message_id": wamid, "message": {"type": "text", "text": {"body": "new"}}}
    await webhook.post_messages(make_message("edit", edit, at=now))
    await webhook.post_statuses(make_status("read", at=now, id=wamid))
    await eventually(is_processed)

    assert await list_texts() == []
    assert await PendingUpdate.count() == 0


async def test_reply_to_removed_message_stays(admin: GraphQLClient, write: Write) -> None:
    wamid = make_wamid()
    await write((50, "old"), wamid=wamid)
    conversation = await write((1, "reply"), context={"from": CUSTOMER, "id": wamid})

    await apply_rules(later=NOW, messages_days=30)

    [reply] = (await read(admin, conversation))["messages"]["nodes"]
    assert reply == {"text": "reply", "replyTo": None}
