"""Actions of staff on conversations: read, tag, assign, close and reopen."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from types import EllipsisType
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Agent, Conversation, ConversationStatus, Message
from models.database.base import collection, utc_now
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.auth.agents import get_agent_of_account
from whatsapp.common.tags import add_tags, remove_tags
from whatsapp.common.values import check_tags
from whatsapp.contacts.contact_management import get_contact
from whatsapp.conversations.changes import change_conversation
from whatsapp.conversations.conversations import ConversationGone, get_or_create_conversation
from whatsapp.conversations.read_receipts import make_receipt_due
from whatsapp.errors import Conflict, InvalidInput, NotFound


async def get_conversation(viewer: Viewer, conversation_id: PydanticObjectId) -> Conversation:
    """Returns the conversation; raises NotFound."""
    return await get_visible(Conversation, viewer, conversation_id, field="conversationId")


async def create_conversation(viewer: Viewer, contact_id: PydanticObjectId) -> Conversation:
    """Returns the contact's conversation, created if there is none.

    Raises:
        NotFound: the contact.
    """
    contact = await get_contact(viewer, contact_id)
    try:
        return await get_or_create_conversation(contact.account_id, contact.id)
    except ConversationGone:
        raise NotFound("The contact", field=["contactId"]) from None


async def mark_read(
    viewer: Viewer,
    conversation_id: PydanticObjectId,
    *,
    up_to_message_id: PydanticObjectId | None = None,
) -> Conversation:
    """Marks the messages up to a message, by default the newest, as read.

    If that is new, a read receipt is sent in the background, see `read_receipts`.

    Raises:
        NotFound: the conversation, or the message in it.
    """
    conversation = await get_conversation(viewer, conversation_id)
    newest = await _find_last_read(conversation, up_to_message_id)
    if newest is None:
        return conversation
    has_cleared = await _clear_unread(newest)
    await _move_read_mark(newest, make_receipt_due(), has_cleared=has_cleared)
    return await Conversation.get(conversation.id) or conversation


async def mark_read_on_phone(message: Message) -> None:
    """Marks the messages before this one, sent from the business's phone, as read."""
    # The mark is set first: writers of later messages see it, and earlier messages are found here.
    await collection(Conversation).update_one(
        {"_id": message.conversation_id}, {"$max": {"phone_read_at": message.timestamp}}
    )
    has_cleared = await clear_unread_until(message.conversation_id, message.timestamp)
    # The phone has sent the read receipt itself.
    await _move_read_mark(message, {}, has_cleared=has_cleared)


async def clear_unread_until(conversation_id: PydanticObjectId, at: datetime) -> bool:
    """Marks messages up to this time as read; returns True if any was unread.

    The caller must change the conversation, so that subscribers are notified.
    """
    # Compared by time only: ids give the order of storage within a second.
    cleared = await collection(Message).update_many(
        {"conversation_id": conversation_id, "unread": True, "timestamp": {"$lte": at}},
        {"$set": {"unread": False}},
    )
    return bool(cleared.modified_count)


async def _find_last_read(
    conversation: Conversation, message_id: PydanticObjectId | None
) -> Message | None:
    of_conversation: dict[str, Any] = {"conversation_id": conversation.id}
    if message_id is None:
        messages = Message.find(of_conversation).sort("-timestamp", "-_id").limit(1)
        return next(iter(await messages.to_list()), None)
    message = await Message.find_one({"_id": message_id, **of_conversation})
    if message is None:
        raise NotFound("The message", field=["upToMessageId"])
    return message


async def _clear_unread(newest: Message) -> bool:
    """Returns True if any message was unread."""
    cleared = await collection(Message).update_many(
        {
            "conversation_id": newest.conversation_id,
            "unread": True,
            "timestamp": {"$lte": newest.timestamp},
            "$or": [
                {"timestamp": {"$lt": newest.timestamp}},
                {"timestamp": newest.timestamp, "_id": {"$lte": newest.id}},
            ],
        },
        {"$set": {"unread": False}},
    )
    return bool(cleared.modified_count)


async def _move_read_mark(newest: Message, extra: Mapping[str, Any], *, has_cleared: bool) -> None:
    # Written after the messages, so that readers of this change see the new unread count.
    mark = {"timestamp": newest.timestamp, "message_id": newest.id}
    moved = await collection(Conversation).update_one(
        {
            "_id": newest.conversation_id,
            "$or": [
                {"read_up_to": None},
                {"read_up_to.timestamp": {"$lt": newest.timestamp}},
                {
                    "read_up_to.timestamp": newest.timestamp,
                    "read_up_to.message_id": {"$lt": newest.id},
                },
            ],
        },
        [{"$set": {"read_up_to": mark, "updated_at": utc_now(), **extra}}],
    )
    if has_cleared and not moved.matched_count:
        # Late messages before the mark were read, so the unread count changed too.
        await collection(Conversation).update_one(
            {"_id": newest.conversation_id},
            {"$set": {"late_read_at": utc_now(), "updated_at": utc_now()}},
        )


async def close_conversation(viewer: Viewer, conversation_id: PydanticObjectId) -> Conversation:
    """Closes the conversation until the customer writes again."""
    conversation = await get_conversation(viewer, conversation_id)
    return await _update_conversation(
        viewer, conversation, {"status": ConversationStatus.CLOSED.value}, {"closed_at": utc_now()}
    )


async def reopen_conversation(viewer: Viewer, conversation_id: PydanticObjectId) -> Conversation:
    conversation = await get_conversation(viewer, conversation_id)
    return await _update_conversation(
        viewer, conversation, {"status": ConversationStatus.OPEN.value}, {"closed_at": None}
    )


async def claim_conversation(viewer: Viewer, conversation_id: PydanticObjectId) -> Conversation:
    """Assigns the conversation to the viewer's agent, if it has no assignee.

    Raises:
        NotFound: the conversation.
        InvalidInput: the viewer has no agent.
        Conflict: another agent has the conversation, which is `current`.
    """
    if viewer.agent_id is None:
        raise InvalidInput(
            "The key of a server can't claim conversations: use assignConversation with"
            " expectedAssigneeId null."
        )
    return await assign_conversation(
        viewer, conversation_id, assignee_id=viewer.agent_id, expected_id=None
    )


async def assign_conversation(
    viewer: Viewer,
    conversation_id: PydanticObjectId,
    *,
    assignee_id: PydanticObjectId | None,
    expected_id: PydanticObjectId | EllipsisType | None = ...,
) -> Conversation:
    """Assigns the conversation to an agent that may see its account; None unassigns it.

    With `expected_id`, only if the conversation is assigned to that agent, or unassigned if None. A
    repetition changes nothing.

    Raises:
        NotFound: the conversation or the agent.
        InvalidInput: the agent may not see the account.
        Conflict: the conversation, which is `current`, has another assignee than expected.
    """
    conversation = await get_conversation(viewer, conversation_id)
    if assignee_id is not None and assignee_id != viewer.agent_id:
        account_id = conversation.account_id
        await get_agent_of_account(viewer, assignee_id, account_id, field="assigneeId")
    expected = {} if expected_id is ... else {"$eq": expected_id}

    async def write(session: AsyncClientSession) -> None:
        await collection(Conversation).update_one(
            {"_id": conversation_id, "assignee_id": {"$ne": assignee_id, **expected}},
            {"$set": {"assignee_id": assignee_id, "updated_at": utc_now()}},
            session=session,
        )

    current = await change_conversation(viewer, conversation_id, write)
    if expected_id is not ... and current.assignee_id != assignee_id:
        raise Conflict(await _describe_assignee(current), current=current)
    return current


async def _describe_assignee(conversation: Conversation) -> str:
    key = conversation.assignee_id
    agent = None if key is None else await Agent.get(key)
    name = "nobody" if agent is None else agent.name
    return f"The conversation was assigned to {name} meanwhile."


async def update_conversation(
    viewer: Viewer, conversation_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> Conversation:
    """Updates `tags`, if `changes` has them."""
    conversation = await get_conversation(viewer, conversation_id)
    checked = {"tags": check_tags(changes["tags"])} if "tags" in changes else {}
    return await _update_conversation(viewer, conversation, checked)


async def add_conversation_tags(
    viewer: Viewer, conversation_id: PydanticObjectId, tags: Iterable[str]
) -> Conversation:
    """Adds tags to the conversation and keeps those added concurrently.

    Raises:
        NotFound: the conversation.
        InvalidInput: a tag is malformed, or there would be too many.
    """
    conversation = await get_conversation(viewer, conversation_id)
    write = partial(add_tags, Conversation, conversation.id, check_tags(tags))
    return await change_conversation(viewer, conversation.id, write)


async def remove_conversation_tags(
    viewer: Viewer, conversation_id: PydanticObjectId, tags: Iterable[str]
) -> Conversation:
    """Removes tags from the conversation.

    Raises:
        NotFound: the conversation.
        InvalidInput: a tag is malformed.
    """
    conversation = await get_conversation(viewer, conversation_id)
    write = partial(remove_tags, Conversation, conversation.id, check_tags(tags))
    return await change_conversation(viewer, conversation.id, write)


async def _update_conversation(
    viewer: Viewer,
    conversation: Conversation,
    changes: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
) -> Conversation:
    """Sets the changes and, only if they change anything, the extra fields."""

    async def write(session: AsyncClientSession) -> None:
        await collection(Conversation).update_one(
            {"_id": conversation.id, "$nor": [dict(changes)]},
            {"$set": {**changes, **(extra or {}), "updated_at": utc_now()}},
            session=session,
        )

    return await change_conversation(viewer, conversation.id, write) if changes else conversation


MAX_UNREAD_CONVERSATIONS = 20_000


async def list_unread_conversations(
    of_accounts: Mapping[str, Any],
) -> list[PydanticObjectId] | None:
    """Returns ids of conversations with unread messages, or None if there are too many.

    `of_accounts` is a filter by account.
    """
    groups = await collection(Message).aggregate(
        [
            {"$match": {"unread": True, **of_accounts}},
            {"$group": {"_id": "$conversation_id"}},
            {"$limit": MAX_UNREAD_CONVERSATIONS + 1},
        ]
    )
    ids = [PydanticObjectId(group["_id"]) async for group in groups]
    return ids if len(ids) <= MAX_UNREAD_CONVERSATIONS else None
