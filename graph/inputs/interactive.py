"""Interactive messages to send."""

from typing import Any

import strawberry
from strawberry import Maybe

from graph.inputs.interactive_choices import InteractiveButtonsInput, InteractiveListInput
from graph.inputs.interactive_parts import InteractiveHeaderInput, read_header
from graph.inputs.interactive_requests import (
    InteractiveContactRequestInput,
    InteractiveCtaUrlInput,
    InteractiveFlowInput,
    InteractiveLocationRequestInput,
)
from whatsapp.errors import InvalidInput
from whatsapp.outbox.content import OutgoingInteractive


@strawberry.input(one_of=True, description="Interactive message; exactly one kind must be given.")
class InteractiveInput:
    buttons: Maybe[InteractiveButtonsInput] = strawberry.field(description="Reply buttons.")
    list: Maybe[InteractiveListInput] = strawberry.field(description="List of rows to choose from.")
    cta_url: Maybe[InteractiveCtaUrlInput] = strawberry.field(
        description="Button that opens a web page."
    )
    location_request: Maybe[InteractiveLocationRequestInput] = strawberry.field(
        description="Request for the customer's location."
    )
    contact_request: Maybe[InteractiveContactRequestInput] = strawberry.field(
        description="Request for the customer's phone number."
    )
    flow: Maybe[InteractiveFlowInput] = strawberry.field(description="WhatsApp Flow.")

    def to_content(self) -> OutgoingInteractive:
        """Raises InvalidInput unless exactly one kind and at most one header are given."""
        field = ["content", "interactive"]
        kinds: dict[str, Maybe[Any]] = {
            "buttons": self.buttons,
            "list": self.list,
            "ctaUrl": self.cta_url,
            "locationRequest": self.location_request,
            "contactRequest": self.contact_request,
            "flow": self.flow,
        }
        given = {name: value.value for name, value in kinds.items() if value is not None}
        if len(given) != 1:
            raise InvalidInput("Give exactly one kind of interactive message.", field=field)
        [(name, message)] = given.items()
        header: InteractiveHeaderInput | None = getattr(message, "header", None)
        return OutgoingInteractive(
            action=message.to_action(),
            body=message.body,
            header=read_header(header, field=[*field, name, "header"]),
            footer=getattr(message, "footer", None),
        )
