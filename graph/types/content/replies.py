"""Customers' replies to buttons, lists and forms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from graph.core.enums import DescribedEnum, describe_enum
from graph.types.content.content_interface import Content
from graph.types.content.reading import (
    parse_text,
    read_bool,
    read_object,
    read_text,
    read_unix_time,
)


class InteractiveReplyKind(DescribedEnum):
    BUTTON = "BUTTON", "Button of an interactive message."
    LIST = "LIST", "Row of a list."
    TEMPLATE_BUTTON = "TEMPLATE_BUTTON", "Quick-reply button of a template."
    FLOW = "FLOW", "Completed WhatsApp Flow."
    ADDRESS = "ADDRESS", "Address request."
    CALL_PERMISSION = "CALL_PERMISSION", "Request for permission to call."


describe_enum(InteractiveReplyKind, description="Kind of element that a customer replied to.")


@strawberry.type(description="Permission for the business to call the customer.")
class CallPermission:
    granted: bool = strawberry.field(description="True if the customer gave permission.")
    permanent: bool = strawberry.field(
        description="True if the permission is valid until the customer withdraws it."
    )
    expires_at: datetime | None = strawberry.field(
        description="Time at which the permission expires; null if it does not."
    )
    source: str | None = strawberry.field(
        description="Origin of the decision: user_action, or automatic if the customer called"
        " first."
    )


@strawberry.type(description="Customer's choice or completed form.")
class InteractiveReplyContent(Content):
    reply_kind: InteractiveReplyKind = strawberry.field(
        description="Kind of element that the customer replied to."
    )
    reply_id: str | None = strawberry.field(
        description="Id of the button or row defined by your application, or the payload of the"
        " template button."
    )
    title: str | None = strawberry.field(description="Label of the button or title of the row.")
    description: str | None = strawberry.field(description="Description of the row.")
    summary: str | None = strawberry.field(
        description="Summary of the response as the customer sees it."
    )
    form_name: str | None = strawberry.field(
        description="WhatsApp's name of the form: flow or other."
    )
    response: JSON | None = strawberry.field(
        description="Form data; null if it is not valid JSON, see `responseText`."
    )
    response_text: str | None = strawberry.field(
        description="Form data as the JSON text that WhatsApp sent."
    )
    call_permission: CallPermission | None = strawberry.field(
        description="Permission to call, for kind CALL_PERMISSION."
    )


_KINDS = {
    "button_reply": InteractiveReplyKind.BUTTON,
    "list_reply": InteractiveReplyKind.LIST,
    "nfm_reply": InteractiveReplyKind.FLOW,
    "address_message": InteractiveReplyKind.ADDRESS,
    "call_permission_reply": InteractiveReplyKind.CALL_PERMISSION,
}


def read_interactive(content: Mapping[str, Any]) -> InteractiveReplyContent | None:
    """Returns None for an unknown kind of reply."""
    name = read_text(content, "type") or ""
    reply, kind = read_object(content, name), _KINDS.get(name)
    if kind is None or not reply:
        return None
    if kind is InteractiveReplyKind.FLOW and reply.get("name") == "address_message":
        kind = InteractiveReplyKind.ADDRESS
    response_text = read_text(reply, "response_json")
    is_call = kind is InteractiveReplyKind.CALL_PERMISSION
    return InteractiveReplyContent(
        reply_kind=kind,
        reply_id=read_text(reply, "id"),
        title=read_text(reply, "title"),
        description=read_text(reply, "description"),
        summary=read_text(reply, "body"),
        form_name=read_text(reply, "name"),
        response=parse_text(response_text) if response_text else _read_values(kind, reply),
        response_text=response_text,
        call_permission=_read_permission(reply) if is_call else None,
    )


def read_template_button(content: Mapping[str, Any]) -> InteractiveReplyContent | None:
    """Returns None without a label and payload."""
    title, payload = read_text(content, "text"), read_text(content, "payload")
    if title is None and payload is None:
        return None
    return InteractiveReplyContent(
        reply_kind=InteractiveReplyKind.TEMPLATE_BUTTON,
        reply_id=payload,
        title=title,
        description=None,
        summary=None,
        form_name=None,
        response=None,
        response_text=None,
        call_permission=None,
    )


def _read_values(kind: InteractiveReplyKind, reply: dict[str, Any]) -> JSON | None:
    """Reads the values of an address, which may come as an object or as text."""
    return JSON(reply) if kind is InteractiveReplyKind.ADDRESS else None


def _read_permission(reply: Mapping[str, Any]) -> CallPermission:
    return CallPermission(
        granted=read_text(reply, "response") == "accept",
        permanent=bool(read_bool(reply, "is_permanent")),
        expires_at=read_unix_time(reply, "expiration_timestamp"),
        source=read_text(reply, "response_source"),
    )
