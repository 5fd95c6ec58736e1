"""Documents around a new message: its conversation and file, and its removal during an erasure."""

from models import Conversation, Message, UploadedMedia
from models.database.base import collection, from_bson
from whatsapp.contacts.contacts import get_or_create_contact
from whatsapp.conversations.conversations import get_or_create_conversation
from whatsapp.errors import NotFound
from whatsapp.media.media import mark_erased
from whatsapp.media.uploaded_media import attach_upload
from whatsapp.outbox.recipients import Target


async def ensure_conversation(target: Target) -> Conversation:
    """Creates the contact and the conversation if they do not exist."""
    contact, conversation = target.contact, target.conversation
    if contact is None:
        identities = [] if target.identity is None else [target.identity]
        contact = await get_or_create_contact(target.account.id, identities)
    if conversation is None:
        conversation = await get_or_create_conversation(contact.account_id, contact.id)
    return conversation


async def attach_file(message: Message, upload: UploadedMedia | None) -> None:
    """Raises NotFound if the message's upload was erased meanwhile."""
    if message.upload_id is not None and not await attach_upload(message, upload):
        raise NotFound("The upload", field=["content", message.type, "uploadId"])


async def remove_or_follow(message: Message) -> Message | None:
    """Removes a message whose conversation was erased meanwhile.

    If the contact was merged instead, returns the message in its new conversation.
    """
    unmoved = {"_id": message.id, "conversation_id": message.conversation_id}
    if not (await collection(Message).delete_one(unmoved)).deleted_count:
        moved = await collection(Message).find_one({"_id": message.id})
        if moved is not None:
            return from_bson(Message, moved)
    await mark_erased({"_id": message.id})
    return None
