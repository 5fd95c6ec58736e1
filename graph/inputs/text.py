"""A text to send."""

import strawberry

from whatsapp.outbox.content import OutgoingText


@strawberry.input(description="A text.")
class TextInput:
    body: str = strawberry.field(description="The text: 1 to 4096 characters.")
    preview_url: bool | None = strawberry.field(
        default=False, description="Whether WhatsApp shows a preview of the first link."
    )

    def to_content(self) -> OutgoingText:
        return OutgoingText(body=self.body, preview_url=bool(self.preview_url))
