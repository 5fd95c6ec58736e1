"""Interactive messages of the business: buttons, lists, links, requests and flows."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.scalars import JSON

from graph.core.enums import DescribedEnum, MediaKind, describe_enum
from graph.core.scalars import Url
from graph.types.content.content_interface import Content
from graph.types.content.reading import (
    read_object,
    read_objects,
    read_text,
    read_texts,
    read_url,
)


class InteractiveKind(DescribedEnum):
    BUTTONS = "BUTTONS", "Reply buttons."
    LIST = "LIST", "List of rows to choose from."
    CTA_URL = "CTA_URL", "Button that opens a web page."
    LOCATION_REQUEST = "LOCATION_REQUEST", "Button that sends the customer's location."
    CONTACT_REQUEST = "CONTACT_REQUEST", "Button that shares the customer's phone number."
    FLOW = "FLOW", "Button that opens a WhatsApp Flow."
    OTHER = "OTHER", "Any other kind of element."


describe_enum(InteractiveKind, description="Kind of interactive element in a message.")


@strawberry.type(description="Header above the body: a text or a file.")
class InteractiveHeader:
    text: str | None = strawberry.field(description="Header text; null if the header is a file.")
    media_kind: MediaKind | None = strawberry.field(
        description="Kind of header file; null if the header is a text."
    )
    link: Url | None = strawberry.field(description="URL from which WhatsApp downloads the file.")
    media_id: str | None = strawberry.field(description="WhatsApp's id of the file.")
    filename: str | None = strawberry.field(description="File name of a document.")


@strawberry.type(description="Reply button.")
class InteractiveButton:
    reply_id: str | None = strawberry.field(
        description="Id defined by your application and returned with the customer's reply."
    )
    title: str | None = strawberry.field(description="Button label.")


@strawberry.type(description="Row of a list.")
class InteractiveRow:
    reply_id: str | None = strawberry.field(
        description="Id defined by your application and returned with the customer's reply."
    )
    title: str | None = strawberry.field(description="Row title.")
    description: str | None = strawberry.field(
        description="Row description, shown below the title."
    )


@strawberry.type(description="Section of a list.")
class InteractiveSection:
    title: str | None = strawberry.field(description="Section title.")
    rows: list[InteractiveRow] = strawberry.field(description="Rows of the section.")


@strawberry.type(description="Button that opens a web page.")
class InteractiveLink:
    display_text: str | None = strawberry.field(description="Button label.")
    url: Url | None = strawberry.field(description="URL of the page.")


@strawberry.type(description="Button that opens a WhatsApp Flow.")
class InteractiveFlow:
    flow_id: str | None = strawberry.field(description="Meta's id of the flow.")
    flow_name: str | None = strawberry.field(description="Name of the flow.")
    cta: str | None = strawberry.field(description="Button label.")
    flow_token: str | None = strawberry.field(
        description="Token defined by your application and returned with the customer's response."
    )
    is_draft: bool = strawberry.field(description="True if the flow was a draft when it was sent.")
    screen: str | None = strawberry.field(description="First screen of the flow.")
    data: JSON | None = strawberry.field(description="Initial data of the first screen.")


@strawberry.type(description="Interactive message: buttons, a list, a link, a request or a flow.")
class InteractiveContent(Content):
    interactive_kind: InteractiveKind = strawberry.field(description="Kind of interactive element.")
    header: InteractiveHeader | None = strawberry.field(description="Header above the body.")
    body: str = strawberry.field(description="Body text; empty if there is none.")
    footer: str | None = strawberry.field(description="Footer below the body.")
    buttons: list[InteractiveButton] = strawberry.field(
        description="Reply buttons, for kind BUTTONS."
    )
    list_button: str | None = strawberry.field(
        description="Label of the button that opens the list, for kind LIST."
    )
    sections: list[InteractiveSection] = strawberry.field(
        description="Sections of the list, for kind LIST."
    )
    link: InteractiveLink | None = strawberry.field(description="Link button, for kind CTA_URL.")
    flow: InteractiveFlow | None = strawberry.field(description="Flow button, for kind FLOW.")


_KINDS = {
    "button": InteractiveKind.BUTTONS,
    "list": InteractiveKind.LIST,
    "cta_url": InteractiveKind.CTA_URL,
    "location_request_message": InteractiveKind.LOCATION_REQUEST,
    "request_contact_info": InteractiveKind.CONTACT_REQUEST,
    "flow": InteractiveKind.FLOW,
}


def read_sent_interactive(content: Mapping[str, Any]) -> InteractiveContent | None:
    """Returns the interactive element of a message by the business, or None if it has none."""
    action = read_object(content, "action")
    if not action:
        return None
    kind = _KINDS.get(read_text(content, "type") or "", InteractiveKind.OTHER)
    parameters = read_object(action, "parameters")
    return InteractiveContent(
        interactive_kind=kind,
        header=_read_header(read_object(content, "header")),
        body=read_text(read_object(content, "body"), "text") or "",
        footer=read_text(read_object(content, "footer"), "text"),
        buttons=[_read_button(button) for button in read_objects(action, "buttons")],
        list_button=read_text(action, "button"),
        sections=[_read_section(section) for section in read_objects(action, "sections")],
        link=_read_link(parameters) if kind is InteractiveKind.CTA_URL else None,
        flow=_read_flow(parameters) if kind is InteractiveKind.FLOW else None,
    )


def _read_header(header: Mapping[str, Any]) -> InteractiveHeader | None:
    if not header:
        return None
    name = read_text(header, "type") or ""
    file = read_object(header, name)
    return InteractiveHeader(
        text=read_text(header, "text"),
        media_kind=MediaKind.__members__.get(name.upper()),
        link=read_url(file, "link"),
        media_id=read_text(file, "id"),
        filename=read_text(file, "filename"),
    )


def _read_button(button: Mapping[str, Any]) -> InteractiveButton:
    reply = read_object(button, "reply")
    return InteractiveButton(reply_id=read_text(reply, "id"), title=read_text(reply, "title"))


def _read_section(section: Mapping[str, Any]) -> InteractiveSection:
    rows = [
        InteractiveRow(reply_id=read_text(row, "id"), **read_texts(row, "title", "description"))
        for row in read_objects(section, "rows")
    ]
    return InteractiveSection(title=read_text(section, "title"), rows=rows)


def _read_link(parameters: Mapping[str, Any]) -> InteractiveLink:
    return InteractiveLink(
        display_text=read_text(parameters, "display_text"), url=read_url(parameters, "url")
    )


def _read_flow(parameters: Mapping[str, Any]) -> InteractiveFlow:
    payload = read_object(parameters, "flow_action_payload")
    return InteractiveFlow(
        **read_texts(parameters, "flow_id", "flow_name", "flow_token"),
        cta=read_text(parameters, "flow_cta"),
        is_draft=read_text(parameters, "mode") == "draft",
        screen=read_text(payload, "screen"),
        data=JSON(read_object(payload, "data")) or None,
    )
