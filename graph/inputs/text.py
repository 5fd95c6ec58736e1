"""Texts to send."""

import strawberry

from whatsapp.outbox.content import OutgoingText


@strawberry.input(description="Text message.")
class TextInput:
    body: str = strawberry.field(description="Text of 1 to 4,096 characters.")
    preview_url: bool | None = strawberry.field(
        default=False, description="Whether WhatsApp shows a preview of the first link."
    )

    def to_content(self) -> OutgoingText:
        return OutgoingText(body=self.body, preview_url=bool(self.preview_url))
