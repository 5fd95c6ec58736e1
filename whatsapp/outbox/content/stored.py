"""Content of stored messages: builds the request to Meta, and queues the content again."""

from dataclasses import dataclass
from typing import Any, ClassVar

from models import Contact, Message
from whatsapp.cloud_api.error_codes import MEDIA_CODES
from whatsapp.media.uploaded_media import expire_media_id, read_media_id
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.template import check_stored_template
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# All other types need an open customer service window.
_WINDOWLESS_TYPES = frozenset({"template"})
_FILE_TYPES = frozenset({"image", "video", "audio", "document", "sticker"})


@dataclass(frozen=True)
class StoredContent:
    """The content of an existing message, to be sent again unchanged."""

    references: ClassVar[References] = References()
    message: Message

    @property
    def type(self) -> str:
        return self.message.type

    @property
    def needs_window(self) -> bool:
        return needs_window(self.message.type)

    def describe(self) -> dict[str, Any]:
        return {"retry_of": str(self.message.id)}

    def check(self) -> None:
        """Does nothing: the content was checked when it was first queued."""

    async def resolve(self, target: Target) -> ResolvedContent:
        message = self.message
        if message.type == "template":
            await check_stored_template(message, target)
        failed_for_file = any(error.code in MEDIA_CODES for error in message.errors)
        if message.upload_id is not None and failed_for_file:
            await expire_media_id(message.upload_id, read_media_id(message))
        return ResolvedContent(message.content, message.text, message.upload_id)


def build_payload(message: Message, contact: Contact) -> dict[str, Any]:
    """Builds the body of `POST /{phone_number_id}/messages`.

    Statuses repeat `biz_opaque_callback_data`, which identifies the message if Meta's answer was
    lost. A user id goes into `recipient`, because Meta silently ignores it in `to`.
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
    """Returns the value of the type's key in the request, such as `text`."""
    if message.type == "contacts":  # Meta's value is a list, but content is always an object
        return message.content["contacts"]
    if message.type == "template":  # `shown` is for display only
        return {name: value for name, value in message.content.items() if name != "shown"}
    return message.content


def needs_window(message_type: str) -> bool:
    """Returns True if this type may only be sent while the customer service window is open."""
    return message_type not in _WINDOWLESS_TYPES


def carries_file(message: Message) -> bool:
    """Returns True if WhatsApp fetches or converts a file for the message or its header."""
    header = message.content.get("header")
    components = message.content.get("components")
    parts = [header, *(components if isinstance(components, list) else ())]
    return message.type in _FILE_TYPES or any(_has_file(part) for part in parts)


def _has_file(part: object) -> bool:
    """Returns True if a header, template component or carousel card contains a file."""
    if not isinstance(part, dict):
        return False
    # The files of a carousel are in the components of its cards.
    lists = (part.get(name) for name in ("parameters", "cards", "components"))
    children = [child for values in lists if isinstance(values, list) for child in values]
    return part.get("type") in _FILE_TYPES or any(_has_file(child) for child in children)
