"""Shows messages, reactions, edits and deletions on the customer's phone."""

from typing import Any, Literal

from sandbox.webhooks.webhook_bodies import Json
from sandbox.world.customers import ChatMessage, Conversation, CustomerBook

Author = Literal["customer", "business"]


def show_on_phone(
    customers: CustomerBook, conversation: Conversation, message: Json, *, author: Author
) -> None:
    """Shows the message; a customer's opens the service window."""
    timestamp = float(message["timestamp"])
    if author == "customer":
        last = conversation.last_inbound_at
        conversation.last_inbound_at = timestamp if last is None else max(last, timestamp)
    message_type = str(message["type"])
    content = message.get(message_type)
    if isinstance(content, dict) and _change_earlier(
        customers, conversation, message_type, content, author=author
    ):
        return
    chat_message = ChatMessage(
        id=str(message["id"]),
        from_customer=author == "customer",
        type=message_type,
        content=content,
        timestamp=timestamp,
        status=None if author == "customer" else "sent",
        reply_to=(message.get("context") or {}).get("id"),
    )
    customers.add_message(conversation, chat_message)


def _change_earlier(
    customers: CustomerBook,
    conversation: Conversation,
    message_type: str,
    content: dict[str, Any],
    *,
    author: Author,
) -> bool:
    """Applies a reaction, an edit or a deletion; returns False for every other message."""
    target = str(content.get("original_message_id"))
    if message_type == "reaction":
        emoji, target = str(content.get("emoji") or ""), str(content.get("message_id"))
        customers.react(conversation, target, who=author, emoji=emoji)
    elif message_type == "edit":
        edited = content.get("message") or {}
        changed = edited.get(edited.get("type"))
        customers.edit(conversation, target, changed if isinstance(changed, dict) else {})
    elif message_type == "revoke":
        customers.delete(conversation, target)
    else:
        return False
    return True
