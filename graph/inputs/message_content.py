"""What a message says: one input object for each kind of content."""

from typing import Any, Protocol

import strawberry
from strawberry import Maybe

from graph.inputs.text import TextInput
from whatsapp.errors import InvalidInput
from whatsapp.outgoing import OutgoingContent


class ContentInput(Protocol):
    def to_content(self) -> OutgoingContent:
        """Raises Refused: an id or a value is malformed."""


@strawberry.input(one_of=True, description="What to send; exactly one.")
class MessageContentInput:
    text: Maybe[TextInput] = strawberry.field(description="A text.")

    def to_content(self) -> OutgoingContent:
        """Raises Refused: there is none, or it is malformed."""
        ways: tuple[Maybe[Any], ...] = (self.text,)
        given: list[ContentInput] = [way.value for way in ways if way is not None]
        if len(given) != 1:
            raise InvalidInput("Exactly one kind of content is needed.", field=["content"])
        return given[0].to_content()
