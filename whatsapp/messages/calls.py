"""Calls: webhook reports, combined in the message of the call.

Each report is an update whose result is independent of the order and repetition of reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from models import CALL, Conversation, Message, MessageDirection, MessageError, MessageStatus
from models.database.base import collection, from_bson
from whatsapp.conversations.conversations import update_summary
from whatsapp.messages.statuses import unite_errors

CALL_TEXT = "Voice call"


class CallState(StrEnum):
    """Meta's names; the last state reached in this order is the state of the call."""

    RINGING = "RINGING"
    ACCEPTED = "ACCEPTED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True)
class CallReport:
    """A report about a call from a webhook."""

    state: CallState
    at: datetime
    direction: MessageDirection
    duration: int | None = None
    """Seconds; only for a call that ended."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """Further texts of the report, such as `biz_opaque_callback_data`."""
    errors: Sequence[MessageError] = ()

    @property
    def status(self) -> MessageStatus:
        """The message status of the call."""
        is_inbound = self.direction is MessageDirection.INBOUND
        return MessageStatus.RECEIVED if is_inbound else MessageStatus.SENT

    @property
    def is_answered(self) -> bool:
        """True if the report shows that the call was accepted.

        Meta also reports unaccepted calls as COMPLETED, but without a start time or duration.
        """
        has_begun = self.started_at is not None or bool(self.duration)
        return self.state is CallState.ACCEPTED or (self.state is CallState.COMPLETED and has_begun)

    def make_content(self) -> dict[str, Any]:
        """Returns the content of a new message for the call."""
        fields = {
            "direction": self.direction.value,
            "duration": self.duration,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            **self.texts,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return known | {"reached": {self.state.value: self.at}}

    def make_stage(self) -> dict[str, Any]:
        """Returns the `$set` of a pipeline; `$min` and `$max` ignore missing fields."""
        reached = f"content.reached.{self.state.value}"
        lowest: dict[str, Any] = {
            reached: self.at,
            "content.started_at": self.started_at,
            f"status_times.{self.status.key}": self.at,
        }
        lowest |= {f"content.{name}": {"$literal": text} for name, text in self.texts.items()}
        highest = {
            "content.duration": self.duration,
            "content.ended_at": self.ended_at,
            "timestamp": self.at,
        }
        updates = [("$min", lowest), ("$max", highest)]
        stage: dict[str, Any] = {
            name: {operator: [f"${name}", value]}
            for operator, values in updates
            for name, value in values.items()
            if value is not None
        }
        if self.errors:
            stage["errors"] = unite_errors("$errors", self.errors)
        return stage


async def record_call(account_id: PydanticObjectId, call_id: str, report: CallReport) -> None:
    """Adds the report to the stored message of the call.

    Raises:
        ConversationGone: the contact was erased concurrently.
    """
    document = await collection(Message).find_one_and_update(
        {"account_id": account_id, "wamid": call_id, "type": CALL},
        [{"$set": report.make_stage()}],
        return_document=ReturnDocument.AFTER,
    )
    if document is None:
        return
    message = from_bson(Message, document)
    await update_summary(message)
    if message.direction is MessageDirection.OUTBOUND and report.is_answered:
        # A call by the business opens the service window once the customer accepts it.
        await collection(Conversation).update_one(
            {"_id": message.conversation_id}, {"$max": {"last_inbound_at": report.at}}
        )
