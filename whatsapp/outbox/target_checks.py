"""Checks of a resolved recipient, before a message to it is stored."""

from models import CALL, Message
from whatsapp.accounts.accounts import require_active_account
from whatsapp.conversations.conversations import may_send_free_text, window_expires_at
from whatsapp.errors import ContactBlocked, InvalidInput, NotFound, WindowClosed
from whatsapp.outbox.content import OutgoingContent
from whatsapp.outbox.recipients import Target

_REPLY_FIELD = ["replyToMessageId"]


async def check_target(target: Target, content: OutgoingContent) -> None:
    """Raises AccountDisabled, AccountStopped, ContactBlocked or WindowClosed."""
    require_active_account(target.account)
    if target.contact is not None and target.contact.blocked:
        raise ContactBlocked(target.contact)
    if not content.needs_window:
        return
    conversation = target.conversation
    if conversation is None or not await may_send_free_text(conversation):
        raise WindowClosed(None if conversation is None else window_expires_at(conversation))


def get_answered(target: Target) -> Message:
    """Returns the message to reply to.

    Raises:
        NotFound: it is not in this conversation, or WhatsApp has no id of it.
        InvalidInput: it is a reaction or a call.
    """
    message = target.get_message()
    if message is None or message.wamid is None:
        raise NotFound("The message to reply to", field=_REPLY_FIELD)
    if message.is_own_reaction:
        raise InvalidInput("WhatsApp does not support replies to reactions.", field=_REPLY_FIELD)
    if message.type == CALL:
        raise InvalidInput("WhatsApp does not support replies to calls.", field=_REPLY_FIELD)
    return message
