"""Content to send: texts, locations and reactions, and the input that takes one of all kinds."""

from typing import Protocol

import strawberry
from strawberry import Maybe

from graph.core.context import Services
from graph.core.ids import require_id
from graph.inputs.contacts import ContactCardInput, read_cards
from graph.inputs.interactive import InteractiveInput
from graph.inputs.media import (
    AudioInput,
    DocumentInput,
    ImageInput,
    MediaInput,
    StickerInput,
    VideoInput,
)
from graph.inputs.one_of import read_one_of
from graph.inputs.template import TemplateInput
from whatsapp.auth.access import Viewer
from whatsapp.outbox.content import (
    OutgoingContent,
    OutgoingLocation,
    OutgoingReaction,
    OutgoingText,
)


@strawberry.input(description="Text message.")
class TextInput:
    body: str = strawberry.field(description="Text of 1 to 4,096 characters.")
    preview_url: bool | None = strawberry.field(
        default=False, description="True if WhatsApp shows a preview of the first link."
    )

    def to_content(self) -> OutgoingText:
        return OutgoingText(body=self.body, preview_url=bool(self.preview_url))


@strawberry.input(description="Location.")
class LocationInput:
    latitude: float = strawberry.field(description="Latitude in degrees, -90 to 90.")
    longitude: float = strawberry.field(description="Longitude in degrees, -180 to 180.")
    name: str | None = strawberry.field(
        default=None, description="Name of the place, up to 1,000 characters."
    )
    address: str | None = strawberry.field(
        default=None,
        description="Address of the place, up to 1,000 characters; shown below a name.",
    )

    def to_content(self) -> OutgoingLocation:
        return OutgoingLocation(
            latitude=self.latitude,
            longitude=self.longitude,
            name=self.name,
            address=self.address,
        )


@strawberry.input(
    description="Reaction to a message. It does not appear as a message; once WhatsApp accepts it,"
    " it is listed in the `reactions` of the message."
)
class ReactionInput:
    message_id: strawberry.ID = strawberry.field(
        description="Id of a message in the same conversation, up to 30 days old."
    )
    emoji: str | None = strawberry.field(
        default=None, description="Exactly one emoji; null or empty removes the reaction."
    )

    def to_content(self) -> OutgoingReaction:
        """Raises NotFound if `message_id` is not the id of a message."""
        place = ("content", "reaction", "messageId")
        message_id = require_id(self.message_id, "Message", *place)
        return OutgoingReaction(message_id=message_id, emoji=self.emoji or "")


class ContentInput(Protocol):
    def to_content(self) -> OutgoingContent:
        """Raises Refused for a missing or invalid value."""


@strawberry.input(one_of=True, description="Content to send; exactly one kind must be given.")
class MessageContentInput:
    text: Maybe[TextInput] = strawberry.field(description="Text.")
    image: Maybe[ImageInput] = strawberry.field(description="Image.")
    video: Maybe[VideoInput] = strawberry.field(description="Video.")
    audio: Maybe[AudioInput] = strawberry.field(description="Audio file or voice message.")
    document: Maybe[DocumentInput] = strawberry.field(description="Any other file.")
    sticker: Maybe[StickerInput] = strawberry.field(description="Sticker.")
    location: Maybe[LocationInput] = strawberry.field(description="Location.")
    contacts: Maybe[list[ContactCardInput]] = strawberry.field(
        description="1 to 257 contact cards."
    )
    reaction: Maybe[ReactionInput] = strawberry.field(description="Reaction to a message.")
    interactive: Maybe[InteractiveInput] = strawberry.field(
        description="Buttons, a list, a link, a request or a flow."
    )
    template: Maybe[TemplateInput] = strawberry.field(description="Message template.")

    def to_content(self, viewer: Viewer, services: Services) -> OutgoingContent:
        """Raises Refused for a missing or invalid value."""
        content: ContentInput | MediaInput | list[ContactCardInput]
        _, content = read_one_of(self)
        if isinstance(content, list):
            return read_cards(content)
        if isinstance(content, MediaInput):
            return content.to_content(viewer, services)
        return content.to_content()
