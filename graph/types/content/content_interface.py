"""The interface of all contents of messages."""

import strawberry


@strawberry.interface(
    description="Content of a message. Types may be added, so clients must accept unknown ones."
)
class Content:
    type_name: str = strawberry.field(
        default="",
        description="WhatsApp's name of the message type: text, image, interactive and so on.",
    )
