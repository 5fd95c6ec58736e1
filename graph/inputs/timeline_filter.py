"""Filter for the timeline of a conversation. The index of each kind begins with the conversation.

| kind | index |
|---|---|
| `MESSAGE` | `history` of messages |
| `CALL` | `calls`, a partial index of messages |
| `NOTE`, `CHANGE` | `history` of notes and of changes |
"""

from typing import Any

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.enums import DescribedEnum, describe_enum
from graph.core.pages import Selection


class TimelineItemKind(DescribedEnum):
    MESSAGE = "MESSAGE", "Messages, except calls."
    CALL = "CALL", "Calls: messages with `CallContent`."
    NOTE = "NOTE", "Notes."
    CHANGE = "CHANGE", "Changes of the conversation."


describe_enum(TimelineItemKind, description="Kind of items in a timeline.")


@strawberry.input(description="Filter for the items of a timeline.")
class TimelineFilter:
    kinds: list[TimelineItemKind] | None = strawberry.field(
        default=None, description="Items of these kinds; an empty list has no effect."
    )


def list_selections(
    conversation_id: PydanticObjectId, kinds: list[TimelineItemKind] | None
) -> list[Selection]:
    """Returns the documents in the timeline of a conversation, by collection; all by default."""
    selected, in_conversation = set(kinds or TimelineItemKind), {"conversation_id": conversation_id}
    selections: list[Selection] = []
    if message_kinds := selected & {TimelineItemKind.MESSAGE, TimelineItemKind.CALL}:
        by_type: dict[TimelineItemKind, Any] = {
            TimelineItemKind.MESSAGE: {"$ne": models.CALL},
            TimelineItemKind.CALL: models.CALL,
        }
        matched = {"type": by_type[next(iter(message_kinds))]} if len(message_kinds) == 1 else {}
        selections.append(
            (models.Message, {**in_conversation, **models.NO_OWN_REACTIONS, **matched})
        )
    if TimelineItemKind.NOTE in selected:
        selections.append((models.Note, in_conversation))
    if TimelineItemKind.CHANGE in selected:
        selections.append((models.ConversationChange, in_conversation))
    return selections
