"""Reads an element of `statuses[]`: the status update of a sent message."""

import re
from typing import Any

from beanie import PydanticObjectId

from models import MessageError
from webhooks.payload.identities import list_reported
from webhooks.payload.items import Item
from webhooks.payload.meta_objects import MetaError, StatusReport, parse_leniently
from whatsapp.cloud_api.error_codes import is_retryable
from whatsapp.common.values import make_storable
from whatsapp.contacts.contact_identities import ReportedIdentities
from whatsapp.messages.statuses import StatusUpdate

# Meta's limit.
_MAX_CALLBACK_DATA = 512
_OBJECT_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)


def read_status(item: Item) -> StatusUpdate:
    """Parses a status update.

    Raises:
        ItemRejected: the id, status or time is missing.
    """
    report = parse_leniently(StatusReport, item.value)
    conversation = report.conversation
    return StatusUpdate(
        name=report.status,
        at=report.timestamp,
        wamid=report.id,
        message_id=_read_message_id(report.biz_opaque_callback_data),
        errors=[_to_message_error(error) for error in report.errors or []],
        pricing=make_storable(report.pricing) or None,
        conversation=make_storable(conversation) if isinstance(conversation, dict) else None,
        recipient=_read_recipient(item),
        payment=_read_payment(report),
        callback_data=_read_callback_data(report.biz_opaque_callback_data),
    )


def _read_recipient(item: Item) -> ReportedIdentities:
    """Returns the recipient; in a group that is a member, not the message's contact."""
    in_group = item.value.get("recipient_type") == "group"
    prefix = "recipient_participant" if in_group else "recipient"
    identities = list_reported(item.value, prefix=prefix, contact=item.contact)
    return ReportedIdentities(identities, is_contact=not in_group)


def _read_payment(report: StatusReport) -> dict[str, Any] | None:
    """Returns the payment that the status is about, or None if it is about the message."""
    if report.type != "payment":
        return None
    return make_storable(report.payment) if isinstance(report.payment, dict) else {}


def _read_callback_data(callback_data: Any) -> str | None:
    """Returns the callback data of another program."""
    if not isinstance(callback_data, str) or _OBJECT_ID.fullmatch(callback_data):
        return None
    return callback_data[:_MAX_CALLBACK_DATA] or None


def _read_message_id(callback_data: Any) -> PydanticObjectId | None:
    """Returns the id that this server sends as callback data of each message."""
    if isinstance(callback_data, str) and _OBJECT_ID.fullmatch(callback_data):
        return PydanticObjectId(callback_data)
    return None


def _to_message_error(error: MetaError) -> MessageError:
    return MessageError(
        code=error.code,
        title=error.title or error.message,
        details=error.details,
        href=error.href,
        retryable=is_retryable(error.code),
    )
