"""From a stored message to the body of Meta's `POST /{phone_number_id}/messages`."""

from typing import Any

from models import Contact, Message

# Everything else needs an open customer service window.
_WINDOWLESS_TYPES = frozenset({"template"})
_FILE_TYPES = frozenset({"image", "video", "audio", "document", "sticker"})


def build_payload(message: Message, contact: Contact) -> dict[str, Any]:
    """The body of the request.

    `biz_opaque_callback_data` comes back in the statuses: it is how a message is found whose answer
    was lost. A user id goes into `recipient`: in `to` Meta drops it without a word.
    """
    payload: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": message.type,
        message.type: _read_object(message),
        "biz_opaque_callback_data": str(message.id),
    }
    if contact.wa_id is not None:
        payload["to"] = contact.wa_id
    else:
        payload["recipient"] = contact.bsuid or contact.identities[0].value
    if message.reply_to_wamid is not None:
        payload["context"] = {"message_id": message.reply_to_wamid}
    return payload


def _read_object(message: Message) -> Any:
    """Meta's object under the type's key."""
    if message.type == "contacts":  # a list, which no message's content is
        return message.content["contacts"]
    if message.type == "template":  # what the customer reads is kept beside it
        return {name: value for name, value in message.content.items() if name != "shown"}
    return message.content


def needs_window(message_type: str) -> bool:
    """Whether a message of this type is only allowed while the service window is open."""
    return message_type not in _WINDOWLESS_TYPES


def carries_file(message: Message) -> bool:
    """Whether WhatsApp fetches or converts a file for it, itself or as a header."""
    header = message.content.get("header")
    components = message.content.get("components")
    parts = [header, *(components if isinstance(components, list) else ())]
    return message.type in _FILE_TYPES or any(_has_file(part) for part in parts)


def _has_file(part: object) -> bool:
    """`part` is an interactive message's header, or a component or a card of a template."""
    if not isinstance(part, dict):
        return False
    # Those of a carousel are in the components of its cards.
    lists = (part.get(name) for name in ("parameters", "cards", "components"))
    inner = [one for found in lists if isinstance(found, list) for one in found]
    return part.get("type") in _FILE_TYPES or any(_has_file(one) for one in inner)
