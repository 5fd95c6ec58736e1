"""The content of a message that exists, to be sent once more as it was."""

from dataclasses import dataclass
from typing import Any

from models import Message
from whatsapp.cloud_errors import MEDIA_CODES
from whatsapp.media_reference import read_media_id
from whatsapp.outgoing.content import ResolvedContent
from whatsapp.outgoing.payload import needs_window
from whatsapp.outgoing.template import check_stored_template
from whatsapp.recipients import Target
from whatsapp.uploaded_media import forget_media_id


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
            await forget_media_id(message.upload_id, read_media_id(message))
        return ResolvedContent(message.content, message.text, message.upload_id)
