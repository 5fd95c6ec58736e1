"""Content to send, with one input for each kind."""

from typing import Any, Protocol

import strawberry
from strawberry import Maybe

from graph.core.context import Services
from graph.inputs.contacts import ContactCardInput, read_cards
from graph.inputs.interactive import InteractiveInput
from graph.inputs.location import LocationInput
from graph.inputs.media import (
    AudioInput,
    DocumentInput,
    ImageInput,
    MediaInput,
    StickerInput,
    VideoInput,
)
from graph.inputs.reaction import ReactionInput
from graph.inputs.template import TemplateInput
from graph.inputs.text import TextInput
from whatsapp.auth.access import Viewer
from whatsapp.errors import InvalidInput
from whatsapp.outbox.content import OutgoingContent


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
        kinds: tuple[Maybe[Any], ...] = (
            self.text,
            self.image,
            self.video,
            self.audio,
            self.document,
            self.sticker,
            self.location,
            self.contacts,
            self.reaction,
            self.interactive,
            self.template,
        )
        given: list[ContentInput | MediaInput | list[ContactCardInput]] = [
            value.value for value in kinds if value is not None
        ]
        if len(given) != 1:
            raise InvalidInput("Give exactly one kind of content.", field=["content"])
        [content] = given
        if isinstance(content, list):
            return read_cards(content)
        if isinstance(content, MediaInput):
            return content.to_content(viewer, services)
        return content.to_content()
