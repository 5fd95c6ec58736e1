"""Messages to send with one button: a web page, a request, a flow."""

import strawberry
from strawberry.scalars import JSON

from graph.core.enums import describe_enum
from graph.inputs.interactive_parts import BODY, FOOTER, HEADER, InteractiveHeaderInput
from whatsapp.outbox.content.interactive_requests import (
    ContactRequest,
    CtaUrl,
    Flow,
    FlowAction,
    FlowMode,
    LocationRequest,
)

describe_enum(
    FlowMode,
    name="FlowMode",
    description="Which state a WhatsApp Flow is in.",
    values={
        "DRAFT": "It is still being made: for trying it out.",
        "PUBLISHED": "It is published.",
    },
)
describe_enum(
    FlowAction,
    name="FlowAction",
    description="What opens a WhatsApp Flow.",
    values={
        "NAVIGATE": "The given screen, with the given data.",
        "DATA_EXCHANGE": "Your endpoint says what is shown.",
    },
)


@strawberry.input(description="A message with a button that opens a web page.")
class InteractiveCtaUrlInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    display_text: str = strawberry.field(description="The words on it: 1 to 20 characters.")
    url: str = strawberry.field(
        description="The page: https:// or http://, at most 2000 characters."
    )

    def to_action(self) -> CtaUrl:
        return CtaUrl(self.display_text, self.url)


@strawberry.input(description="A message with a button to send a location.")
class InteractiveLocationRequestInput:
    body: str = strawberry.field(description=BODY)

    def to_action(self) -> LocationRequest:
        return LocationRequest()


@strawberry.input(description="A message with a button to share the own phone number.")
class InteractiveContactRequestInput:
    body: str = strawberry.field(description=BODY)

    def to_action(self) -> ContactRequest:
        return ContactRequest()


@strawberry.input(description="A message with a button that opens a WhatsApp Flow.")
class InteractiveFlowInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    flow_id: str | None = strawberry.field(
        default=None, description="Meta's id of the flow; either this or `flowName`."
    )
    flow_name: str | None = strawberry.field(default=None, description="Name of the flow.")
    cta: str = strawberry.field(
        description="The button label: 1 to 30 characters without emoji; WhatsApp advises 20."
    )
    token: str | None = strawberry.field(
        default=None,
        description="Your own text, which comes back with the answer: at most 1000 characters.",
    )
    mode: FlowMode | None = strawberry.field(
        default=FlowMode.PUBLISHED, description="Which state the flow is in."
    )
    action: FlowAction | None = strawberry.field(
        default=FlowAction.NAVIGATE, description="What opens it."
    )
    screen: str | None = strawberry.field(
        default=None, description="The first screen, for NAVIGATE; the flow's own if left out."
    )
    data: JSON | None = strawberry.field(
        default=None,
        description="What the first screen starts with, for NAVIGATE: a JSON object of at most 16"
        " KiB and 8 levels.",
    )

    def to_action(self) -> Flow:
        return Flow(
            cta=self.cta,
            flow_id=self.flow_id,
            flow_name=self.flow_name,
            token=self.token,
            mode=self.mode or FlowMode.PUBLISHED,
            action=self.action or FlowAction.NAVIGATE,
            screen=self.screen,
            data=self.data,
        )
