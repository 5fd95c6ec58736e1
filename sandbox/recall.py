"""Restores the phones' conversations from the server's database after a restart."""

import json
from typing import Any

import orjson

import models
from models import NO_OWN_REACTIONS, Account, Contact, Message, MessageDirection
from sandbox.recalled_files import RecalledFiles
from sandbox.world.customers import STATUS_ORDER, ChatMessage, Conversation, CustomerBook
from sandbox.world.numbers import FakeNumber, Numbers
from whatsapp.messages.reactions import list_current_reactions

# Bounded: the database at MONGODB_URI may be large.
RECALLED_CONVERSATIONS = 100
RECALLED_MESSAGES = 50


async def recall_conversations(book: CustomerBook, numbers: Numbers, files: RecalledFiles) -> None:
    """Fills the customer book of a new fake Meta."""
    for number in await numbers.list_numbers():
        account = await Account.find_one({"phone_number_id": number.phone_number_id})
        if account is None:
            continue
        newest = models.Conversation.find({"account_id": account.id}).sort("-last_activity_at")
        for document in reversed(await newest.limit(RECALLED_CONVERSATIONS).to_list()):
            await _recall_conversation(book, number, document, files)


async def _recall_conversation(
    book: CustomerBook,
    number: FakeNumber,
    document: models.Conversation,
    files: RecalledFiles,
) -> None:
    contact = await Contact.get(document.contact_id)
    if contact is None or (contact.wa_id is None and contact.bsuid is None):
        return
    conversation = book.open(
        number,
        phone=contact.wa_id,
        user_id=contact.bsuid,
        name=contact.profile_name,
        username=contact.username,
    )
    if document.last_inbound_at is not None:
        conversation.last_inbound_at = document.last_inbound_at.timestamp()
    of_conversation = {"conversation_id": document.id, "wamid": {"$ne": None}}
    messages = Message.find({**of_conversation, **NO_OWN_REACTIONS})
    newest = await messages.sort("-timestamp", "-_id").limit(RECALLED_MESSAGES).to_list()
    for message in reversed(newest):
        file_id = None if message.deleted_at else await files.recall(message, number)
        _recall_message(book, conversation, message, file_id=file_id)


def _recall_message(
    book: CustomerBook, conversation: Conversation, message: Message, *, file_id: str | None
) -> None:
    content = None if message.deleted_at else _read_content(message)
    if file_id is not None and isinstance(content, dict):
        content["id"] = file_id
    from_customer = message.direction is MessageDirection.INBOUND
    chat_message = ChatMessage(
        id=message.wamid or str(message.id),
        from_customer=from_customer,
        type=message.type,
        content=content,
        timestamp=message.timestamp.timestamp(),
        status=None if from_customer else _read_status(message),
        error=next((error.title for error in message.errors), None),
        reply_to=message.reply_to_wamid,
        is_edited=message.edited_at is not None,
        is_deleted=message.deleted_at is not None,
    )
    for reaction in list_current_reactions(message.reactions):
        who = "business" if reaction.get("contact_id") is None else "customer"
        chat_message.reactions[who] = reaction["emoji"]
    book.add_message(conversation, chat_message)


def _read_content(message: Message) -> Any:
    content: Any = message.content
    if message.type == "template":
        return _read_template(content)
    if not content and message.raw is not None:
        content = json.loads(message.raw).get(message.type)
    if isinstance(content, dict) and message.type == "contacts":
        content = content.get("contacts")
    if not isinstance(content, dict):
        return content or {}
    # The page would request a lost file by its id.
    kept = {key: value for key, value in content.items() if key != "id"}
    return json.loads(orjson.dumps(kept, default=str))


def _read_template(content: dict[str, Any]) -> dict[str, Any]:
    """Returns the template as the phone showed it on arrival, without its file."""
    shown = content.get("shown") or {}
    cards = [_read_part(card) for card in shown.get("cards") or ()]
    return {"name": content.get("name"), **_read_part(shown), "cards": cards}


def _read_part(shown: dict[str, Any]) -> dict[str, Any]:
    header, buttons = shown.get("header") or {}, shown.get("buttons") or ()
    kind = str(header.get("format", "TEXT")).lower()
    replies = [button for button in buttons if button["type"] == "QUICK_REPLY"]
    return {
        "header": header.get("text"),
        "header_file": None if kind == "text" else {"type": kind, kind: header},
        "body": shown.get("body"),
        "footer": shown.get("footer"),
        "buttons": [button["text"] for button in replies],
        "payloads": {
            button["text"]: button["payload"] for button in replies if "payload" in button
        },
        "links": [_read_link(button) for button in buttons if button["type"] != "QUICK_REPLY"],
    }


def _read_link(button: dict[str, Any]) -> dict[str, Any]:
    names = {"url": "url", "phone": "phone_number", "code": "coupon_code"}
    values = {name: button[stored] for name, stored in names.items() if stored in button}
    return {"text": button.get("text", ""), "type": button["type"], **values}


def _read_status(message: Message) -> str:
    status = message.status.key
    return status if status in {*STATUS_ORDER, "failed"} else "accepted"
