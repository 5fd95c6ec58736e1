"""The content of a message that exists, to be sent once more as it was."""

from dataclasses import dataclass
from typing import Any

from models import Message
from whatsapp.cloud_api.error_codes import MEDIA_CODES
from whatsapp.media.media_reference import read_media_id
from whatsapp.media.uploaded_media import expire_media_id
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.payload import needs_window
from whatsapp.outbox.content.template import check_stored_template
from whatsapp.outbox.recipients import Target


@dataclass(frozen=True)
class StoredContent:
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
        """It was checked when it was first queued."""

    async def resolve(self, target: Target) -> ResolvedContent:
        message = self.message
        if message.type == "template":
            await check_stored_template(message, target)
        failed_for_file = any(error.code in MEDIA_CODES for error in message.errors)
        if message.upload_id is not None and failed_for_file:
            await expire_media_id(message.upload_id, read_media_id(message))
        return ResolvedContent(message.content, message.text, message.upload_id)
