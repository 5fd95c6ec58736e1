"""What the business offers to tap on: buttons, lists, links, requests, flows."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from graph.core.enums import MediaKind, describe_enum
from graph.types.content.reading import read_object, read_objects, read_text


class InteractiveKind(StrEnum):
    BUTTONS = "BUTTONS"
    LIST = "LIST"
    CTA_URL = "CTA_URL"
    LOCATION_REQUEST = "LOCATION_REQUEST"
    CONTACT_REQUEST = "CONTACT_REQUEST"
    FLOW = "FLOW"
    OTHER = "OTHER"


describe_enum(
    InteractiveKind,
    name="InteractiveKind",
    description="What can be tapped in a message.",
    values={
        "BUTTONS": "Reply buttons.",
        "LIST": "A list to choose from.",
        "CTA_URL": "A button that opens a web page.",
        "LOCATION_REQUEST": "A button to send a location.",
        "CONTACT_REQUEST": "A button to share the own phone number.",
        "FLOW": "A button that opens a WhatsApp Flow.",
        "OTHER": "Something that has no name here.",
    },
)


@strawberry.type(description="What stands above the text: a text or a file.")
class InteractiveHeader:
    text: str | None = strawberry.field(description="The text, where it is one.")
    media_kind: MediaKind | None = strawberry.field(description="Which file, where it is one.")
    link: str | None = strawberry.field(description="Where WhatsApp fetches the file.")
    media_id: str | None = strawberry.field(description="WhatsApp's id of the file.")
    filename: str | None = strawberry.field(description="Name of the file, for documents.")


@strawberry.type(description="A button that answers for the customer.")
class InteractiveButton:
    reply_id: str | None = strawberry.field(description="Your own id, which comes back.")
    title: str | None = strawberry.field(description="The words on it.")


@strawberry.type(description="One choice of a list.")
class InteractiveRow:
    reply_id: str | None = strawberry.field(description="Your own id, which comes back.")
    title: str | None = strawberry.field(description="The words.")
    description: str | None = strawberry.field(description="Small print below them.")


@strawberry.type(description="A part of a list.")
class InteractiveSection:
    title: str | None = strawberry.field(description="Its title.")
    rows: list[InteractiveRow] = strawberry.field(description="The choices.")


@strawberry.type(description="A button that opens a web page.")
class InteractiveLink:
    display_text: str | None = strawberry.field(description="The words on it.")
    url: str | None = strawberry.field(description="Address of the page.")


@strawberry.type(description="A button that opens a WhatsApp Flow.")
class InteractiveFlow:
    flow_id: str | None = strawberry.field(description="Meta's id of the flow.")
    flow_name: str | None = strawberry.field(description="Name of the flow.")
    cta: str | None = strawberry.field(description="The words on the button.")
    flow_token: str | None = strawberry.field(description="Your own text, which comes back.")
    is_draft: bool = strawberry.field(description="Whether the flow was still a draft.")
    screen: str | None = strawberry.field(description="The first screen.")
    data: JSON | None = strawberry.field(description="What the first screen starts with.")


@strawberry.type(description="A message that the customer can tap on.")
class InteractiveContent:
    interactive_kind: InteractiveKind = strawberry.field(description="What can be tapped.")
    header: InteractiveHeader | None = strawberry.field(description="What stands above the text.")
    body: str = strawberry.field(description="The text; empty if there is none.")
    footer: str | None = strawberry.field(description="Small print below the text.")
    buttons: list[InteractiveButton] = strawberry.field(
        description="The reply buttons, for kind BUTTONS."
    )
    list_button: str | None = strawberry.field(
        description="The words on the button that opens the list, for kind LIST."
    )
    sections: list[InteractiveSection] = strawberry.field(
        description="The parts of the list, for kind LIST."
    )
    link: InteractiveLink | None = strawberry.field(description="The link, for kind CTA_URL.")
    flow: InteractiveFlow | None = strawberry.field(description="The flow, for kind FLOW.")


_KINDS = {
    "button": InteractiveKind.BUTTONS,
    "list": InteractiveKind.LIST,
    "cta_url": InteractiveKind.CTA_URL,
    "location_request_message": InteractiveKind.LOCATION_REQUEST,
    "request_contact_info": InteractiveKind.CONTACT_REQUEST,
    "flow": InteractiveKind.FLOW,
}


def read_offer(content: Mapping[str, Any]) -> InteractiveContent | None:
    """None where there is nothing to tap."""
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
        buttons=[_read_button(one) for one in read_objects(action, "buttons")],
        list_button=read_text(action, "button"),
        sections=[_read_section(one) for one in read_objects(action, "sections")],
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
        link=read_text(file, "link"),
        media_id=read_text(file, "id"),
        filename=read_text(file, "filename"),
    )


def _read_button(button: Mapping[str, Any]) -> InteractiveButton:
    reply = read_object(button, "reply")
    return InteractiveButton(reply_id=read_text(reply, "id"), title=read_text(reply, "title"))


def _read_section(section: Mapping[str, Any]) -> InteractiveSection:
    rows = [
        InteractiveRow(
            reply_id=read_text(row, "id"),
            title=read_text(row, "title"),
            description=read_text(row, "description"),
        )
        for row in read_objects(section, "rows")
    ]
    return InteractiveSection(title=read_text(section, "title"), rows=rows)


def _read_link(parameters: Mapping[str, Any]) -> InteractiveLink:
    return InteractiveLink(
        display_text=read_text(parameters, "display_text"), url=read_text(parameters, "url")
    )


def _read_flow(parameters: Mapping[str, Any]) -> InteractiveFlow:
    payload = read_object(parameters, "flow_action_payload")
    return InteractiveFlow(
        flow_id=read_text(parameters, "flow_id"),
        flow_name=read_text(parameters, "flow_name"),
        cta=read_text(parameters, "flow_cta"),
        flow_token=read_text(parameters, "flow_token"),
        is_draft=read_text(parameters, "mode") == "draft",
        screen=read_text(payload, "screen"),
        data=JSON(read_object(payload, "data")) or None,
    )
