"""Calls in the graph."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from graph.core.enums import MessageDirection, describe_enum
from graph.types.content.content_interface import Content
from graph.types.content.reading import read_int, read_object, read_text
from whatsapp.messages.calls import CallState

describe_enum(
    CallState,
    name="CallStatus",
    description="Progress of a call; it never moves backwards.",
    values={
        "RINGING": "The call is ringing, or no end was reported.",
        "ACCEPTED": "The call was accepted and is in progress.",
        "FAILED": "The call was not answered or could not be connected.",
        "REJECTED": "The call was rejected.",
        "COMPLETED": "The call was answered and has ended.",
    },
)


@strawberry.type(description="Voice call.")
class CallContent(Content):
    direction: MessageDirection = strawberry.field(
        description="INBOUND if the customer called, OUTBOUND if the business did."
    )
    status: CallState = strawberry.field(description="Progress of the call.")
    duration_seconds: int | None = strawberry.field(
        description="Duration in seconds; null until an answered call has ended."
    )
    started_at: datetime | None = strawberry.field(
        description="Time at which the call was answered."
    )
    ended_at: datetime | None = strawberry.field(
        description="Time at which an answered call ended."
    )
    callback_data: str | None = strawberry.field(
        description="Data that the calling program attached to the call (biz_opaque_callback_data)."
    )
    button_payload: str | None = strawberry.field(
        description="Payload of the call button or link that the customer used."
    )


def read_call(content: Mapping[str, Any]) -> CallContent | None:
    """Returns None if the call has no known state."""
    reached = read_object(content, "reached")
    states = [state for state in CallState if state.value in reached]
    direction = read_text(content, "direction") or ""
    if not states or direction not in MessageDirection.__members__:
        return None
    return CallContent(
        direction=MessageDirection(direction),
        status=states[-1],
        duration_seconds=read_int(content, "duration"),
        started_at=_read_moment(content, "started_at"),
        ended_at=_read_moment(content, "ended_at"),
        callback_data=read_text(content, "biz_opaque_callback_data"),
        button_payload=read_text(content, "cta_payload", "deeplink_payload"),
    )


def _read_moment(content: Mapping[str, Any], key: str) -> datetime | None:
    value = content.get(key)
    return value if isinstance(value, datetime) else None
