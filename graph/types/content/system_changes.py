"""System messages: changes of a customer's number or user id."""

from collections.abc import Mapping
from typing import Any

import strawberry

from graph.core.enums import DescribedEnum, describe_enum
from graph.types.content.content_interface import Content
from graph.types.content.reading import read_text

WELCOME_REQUEST = "request_welcome"


class SystemKind(DescribedEnum):
    NUMBER_CHANGED = "NUMBER_CHANGED", "The customer changed their phone number."
    USER_ID_CHANGED = "USER_ID_CHANGED", "The customer's business-scoped user id changed."
    IDENTITY_CHANGED = (
        "IDENTITY_CHANGED",
        "The customer may use a new device; verify their identity.",
    )
    WELCOME_REQUESTED = (
        "WELCOME_REQUESTED",
        "The customer opened the chat for the first time and can be greeted.",
    )
    OTHER = "OTHER", "Another change, described in `notice`."


describe_enum(SystemKind, description="Kind of system message about a customer.")
_KINDS = {
    "user_changed_number": SystemKind.NUMBER_CHANGED,
    "customer_changed_number": SystemKind.NUMBER_CHANGED,
    "user_changed_user_id": SystemKind.USER_ID_CHANGED,
    "customer_identity_changed": SystemKind.IDENTITY_CHANGED,
    "user_identity_changed": SystemKind.IDENTITY_CHANGED,
    WELCOME_REQUEST: SystemKind.WELCOME_REQUESTED,
}


@strawberry.type(description="System message from WhatsApp in a conversation.")
class SystemContent(Content):
    system_kind: SystemKind = strawberry.field(description="Kind of change.")
    notice: str | None = strawberry.field(description="Text that WhatsApp wrote about the change.")
    old_number: str | None = strawberry.field(description="Previous phone number, as digits.")
    new_number: str | None = strawberry.field(description="New phone number, as digits.")
    old_user_id: str | None = strawberry.field(description="Previous business-scoped user id.")
    new_user_id: str | None = strawberry.field(description="New business-scoped user id.")
    old_parent_user_id: str | None = strawberry.field(
        description="Previous user id across linked businesses."
    )
    new_parent_user_id: str | None = strawberry.field(
        description="New user id across linked businesses."
    )


def read_system(content: Mapping[str, Any]) -> SystemContent:
    new_number = read_text(content, "new_wa_id", "wa_id")
    old_number = read_text(content, "customer")
    is_move = new_number is not None and new_number != old_number
    return SystemContent(
        system_kind=_KINDS.get(read_text(content, "type") or "", SystemKind.OTHER),
        notice=read_text(content, "body"),
        old_number=old_number if is_move else None,
        new_number=new_number if is_move else None,
        old_user_id=read_text(content, "previous_user_id"),
        new_user_id=read_text(content, "user_id"),
        old_parent_user_id=read_text(content, "previous_parent_user_id"),
        new_parent_user_id=read_text(content, "parent_user_id"),
    )
