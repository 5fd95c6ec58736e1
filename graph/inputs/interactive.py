"""Interactive messages to send: reply buttons, lists, links, requests and flows."""

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from graph.core.enums import describe_enum
from graph.core.scalars import Url
from graph.inputs.one_of import read_one_of
from whatsapp.outbox.content import OutgoingInteractive
from whatsapp.outbox.content.interactive import Header, MediaHeader, TextHeader
from whatsapp.outbox.content.interactive_choices import (
    Button,
    ChoiceList,
    ReplyButtons,
    Row,
    Section,
)
from whatsapp.outbox.content.interactive_requests import (
    ContactRequest,
    CtaUrl,
    Flow,
    FlowAction,
    FlowMode,
    LocationRequest,
)

BODY = "Body text of 1 to 1,024 characters."
LIST_BODY = "Body text of 1 to 4,096 characters."
FOOTER = "Footer of up to 60 characters, shown below the body."
HEADER = "Header above the body."


@strawberry.input(description="Image or video above the body.")
class HeaderMediaInput:
    link: Url = strawberry.field(
        description="URL from which WhatsApp downloads the file, up to 2,000 characters."
    )


@strawberry.input(description="Document above the body.")
class HeaderDocumentInput:
    link: Url = strawberry.field(
        description="URL from which WhatsApp downloads the file, up to 2,000 characters."
    )
    filename: str | None = strawberry.field(
        default=None, description="File name shown to the customer, up to 240 characters."
    )


@strawberry.input(one_of=True, description="Header above the body; exactly one kind must be given.")
class InteractiveHeaderInput:
    text: Maybe[str] = strawberry.field(description="Text of 1 to 60 characters.")
    image: Maybe[HeaderMediaInput] = strawberry.field(description="Image.")
    video: Maybe[HeaderMediaInput] = strawberry.field(description="Video.")
    document: Maybe[HeaderDocumentInput] = strawberry.field(description="Document.")


def read_header(header: InteractiveHeaderInput | None) -> Header | None:
    if header is None:
        return None
    kind, value = read_one_of(header)
    if kind == "text":
        return TextHeader(value)
    return MediaHeader(kind, value.link, getattr(value, "filename", None))


@strawberry.input(description="Reply button.")
class ReplyButtonInput:
    id: str = strawberry.field(description="Id of 1 to 256 characters, returned as `replyId`.")
    title: str = strawberry.field(description="Button label of 1 to 20 characters.")


@strawberry.input(description="Message with reply buttons.")
class InteractiveButtonsInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    buttons: list[ReplyButtonInput] = strawberry.field(
        description="1 to 3 buttons with different ids and titles."
    )

    def to_action(self) -> ReplyButtons:
        return ReplyButtons([Button(button.id, button.title) for button in self.buttons])


@strawberry.input(description="Row of a list.")
class ListRowInput:
    id: str = strawberry.field(description="Id of 1 to 200 characters, returned as `replyId`.")
    title: str = strawberry.field(description="Row title of 1 to 24 characters.")
    description: str | None = strawberry.field(
        default=None, description="Row description of up to 72 characters, shown below the title."
    )


@strawberry.input(description="Section of a list.")
class ListSectionInput:
    title: str | None = strawberry.field(
        default=None,
        description="Section title of 1 to 24 characters; required if there are several sections.",
    )
    rows: list[ListRowInput] = strawberry.field(
        description="Rows with different ids; up to 10 in all sections together."
    )


@strawberry.input(description="Message with a list to choose from.")
class InteractiveListInput:
    header: InteractiveHeaderInput | None = strawberry.field(
        default=None, description="Header above the body; lists allow text only."
    )
    body: str = strawberry.field(description=LIST_BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    button: str = strawberry.field(
        description="Label of 1 to 20 characters on the button that opens the list."
    )
    sections: list[ListSectionInput] = strawberry.field(description="1 to 10 sections.")

    def to_action(self) -> ChoiceList:
        sections = [
            Section(
                [Row(row.id, row.title, row.description) for row in section.rows], section.title
            )
            for section in self.sections
        ]
        return ChoiceList(self.button, sections)


describe_enum(
    FlowMode,
    description="Publication state of a WhatsApp Flow.",
    values={
        "DRAFT": "Draft, for testing.",
        "PUBLISHED": "Published.",
    },
)
describe_enum(
    FlowAction,
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
    url: Url = strawberry.field(description="URL of the page, up to 2,000 characters.")

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


@strawberry.input(one_of=True, description="A WhatsApp Flow; exactly one field must be given.")
class FlowReferenceInput:
    flow_id: Maybe[str] = strawberry.field(description="Meta's id of the flow.")
    flow_name: Maybe[str] = strawberry.field(description="Name of the flow.")


@strawberry.input(description="Message with a button that opens a WhatsApp Flow.")
class InteractiveFlowInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    reference: FlowReferenceInput = strawberry.field(description="Flow to open.")
    cta: str = strawberry.field(
        description="Button label of 1 to 30 characters without emoji; WhatsApp recommends up to"
        " 20."
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
        description="Initial data of the first screen, for NAVIGATE: a JSON object of up to 16 KiB"
        " and 8 levels.",
    )

    def to_action(self) -> Flow:
        name, reference = read_one_of(self.reference)
        return Flow(
            cta=self.cta,
            **{name: reference},
            token=self.token,
            mode=self.mode or FlowMode.PUBLISHED,
            action=self.action or FlowAction.NAVIGATE,
            screen=self.screen,
            data=self.data,
        )


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
        _, message = read_one_of(self)
        return OutgoingInteractive(
            action=message.to_action(),
            body=message.body,
            header=read_header(getattr(message, "header", None)),
            footer=getattr(message, "footer", None),
        )
