"""Calls in the graph."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from graph.core.enums import MessageDirection, describe_enum
from graph.types.content.reading import read_int, read_object, read_text
from whatsapp.messages.calls import CallState

describe_enum(
    CallState,
    name="CallStatus",
    description="How a call went; it never goes back.",
    values={
        "RINGING": "It rings, or rang without a word of its end.",
        "ACCEPTED": "It was accepted, and goes on.",
        "FAILED": "It was not answered, or could not be connected.",
        "REJECTED": "It was rejected.",
        "COMPLETED": "It was held, and has ended.",
    },
)


@strawberry.type(description="A voice call.")
class CallContent:
    direction: MessageDirection = strawberry.field(
        description="INBOUND where the customer called, OUTBOUND where the business did."
    )
    status: CallState = strawberry.field(description="How the call went.")
    duration_seconds: int | None = strawberry.field(
        description="How long it lasted; null until it was held and has ended."
    )
    started_at: datetime | None = strawberry.field(description="When it was answered.")
    ended_at: datetime | None = strawberry.field(description="When it ended, if it was answered.")
    callback_data: str | None = strawberry.field(
        description="What the caller's program had WhatsApp repeat (biz_opaque_callback_data)."
    )
    button_payload: str | None = strawberry.field(
        description="Payload of the call button or link through which the customer called."
    )


def read_call(content: Mapping[str, Any]) -> CallContent | None:
    """None where it has no known state."""
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
