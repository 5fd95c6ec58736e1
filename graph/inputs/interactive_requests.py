"""Interactive messages with one button: a web page, a request or a flow."""

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
    description="Publication state of a WhatsApp Flow.",
    values={
        "DRAFT": "Draft, for testing.",
        "PUBLISHED": "Published.",
    },
)
describe_enum(
    FlowAction,
    name="FlowAction",
    description="First step when a WhatsApp Flow opens.",
    values={
        "NAVIGATE": "Opens the given screen with the given data.",
        "DATA_EXCHANGE": "Asks your endpoint for the first screen.",
    },
)


@strawberry.input(description="Message with a button that opens a web page.")
class InteractiveCtaUrlInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    display_text: str = strawberry.field(description="Button label of 1 to 20 characters.")
    url: str = strawberry.field(
        description="URL of the page: http:// or https://, up to 2,000 characters."
    )

    def to_action(self) -> CtaUrl:
        return CtaUrl(self.display_text, self.url)


@strawberry.input(description="Message with a button that sends the customer's location.")
class InteractiveLocationRequestInput:
    body: str = strawberry.field(description=BODY)

    def to_action(self) -> LocationRequest:
        return LocationRequest()


@strawberry.input(description="Message with a button that shares the customer's phone number.")
class InteractiveContactRequestInput:
    body: str = strawberry.field(description=BODY)

    def to_action(self) -> ContactRequest:
        return ContactRequest()


@strawberry.input(description="Message with a button that opens a WhatsApp Flow.")
class InteractiveFlowInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    flow_id: str | None = strawberry.field(
        default=None, description="Meta's id of the flow; give either this or `flowName`."
    )
    flow_name: str | None = strawberry.field(default=None, description="Name of the flow.")
    cta: str = strawberry.field(
        description="Button label of 1 to 30 characters without emoji; WhatsApp recommends up"
        " to 20."
    )
    token: str | None = strawberry.field(
        default=None,
        description="Token of up to 1,000 characters, returned with the customer's response.",
    )
    mode: FlowMode | None = strawberry.field(
        default=FlowMode.PUBLISHED, description="Publication state of the flow."
    )
    action: FlowAction | None = strawberry.field(
        default=FlowAction.NAVIGATE, description="First step when the flow opens."
    )
    screen: str | None = strawberry.field(
        default=None, description="First screen, for NAVIGATE; defaults to the flow's own."
    )
    data: JSON | None = strawberry.field(
        default=None,
        description="Initial data of the first screen, for NAVIGATE: a JSON object of up to"
        " 16 KiB and 8 levels.",
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
