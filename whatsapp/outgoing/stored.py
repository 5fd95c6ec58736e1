"""The content of a message that exists, to be sent once more as it was."""

from dataclasses import dataclass
from typing import Any

from models import Message
from whatsapp.outgoing.content import ResolvedContent
from whatsapp.outgoing.payload import needs_window
from whatsapp.outgoing.template import check_stored_template
from whatsapp.recipients import Target


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
        if self.message.type == "template":
            await check_stored_template(self.message, target)
        return ResolvedContent(content=self.message.content, text=self.message.text)
