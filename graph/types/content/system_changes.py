"""What WhatsApp itself says in a conversation: that a customer's number or user id changed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import strawberry

from graph.core.enums import describe_enum
from graph.types.content.reading import read_text

WELCOME_REQUEST = "request_welcome"


class SystemKind(StrEnum):
    NUMBER_CHANGED = "NUMBER_CHANGED"
    USER_ID_CHANGED = "USER_ID_CHANGED"
    IDENTITY_CHANGED = "IDENTITY_CHANGED"
    WELCOME_REQUESTED = "WELCOME_REQUESTED"
    OTHER = "OTHER"


describe_enum(
    SystemKind,
    name="SystemKind",
    description="What WhatsApp says about a customer.",
    values={
        "NUMBER_CHANGED": "They have another phone number.",
        "USER_ID_CHANGED": "They have another business-scoped user id.",
        "IDENTITY_CHANGED": "They may use another device: verify who they are.",
        "WELCOME_REQUESTED": "They opened the chat for the first time, and may be welcomed.",
        "OTHER": "Something else; `notice` says what.",
    },
)
_KINDS = {
    "user_changed_number": SystemKind.NUMBER_CHANGED,
    "customer_changed_number": SystemKind.NUMBER_CHANGED,
    "user_changed_user_id": SystemKind.USER_ID_CHANGED,
    "customer_identity_changed": SystemKind.IDENTITY_CHANGED,
    "user_identity_changed": SystemKind.IDENTITY_CHANGED,
    WELCOME_REQUEST: SystemKind.WELCOME_REQUESTED,
}


@strawberry.type(description="WhatsApp's own note in a conversation.")
class SystemContent:
    system_kind: SystemKind = strawberry.field(description="What happened.")
    notice: str | None = strawberry.field(description="It in words, as WhatsApp wrote them.")
    old_number: str | None = strawberry.field(description="Digits of the number until then.")
    new_number: str | None = strawberry.field(description="Digits of the number since then.")
    old_user_id: str | None = strawberry.field(description="Business-scoped user id until then.")
    new_user_id: str | None = strawberry.field(description="Business-scoped user id since then.")
    old_parent_user_id: str | None = strawberry.field(
        description="User id for all linked businesses until then."
    )
    new_parent_user_id: str | None = strawberry.field(
        description="User id for all linked businesses since then."
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
