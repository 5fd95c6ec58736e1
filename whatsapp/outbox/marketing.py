"""Marketing that WhatsApp holds back, because the customer gets enough of it."""

from datetime import timedelta

from models import Message, MessageStatus
from models.database.base import utc_now
from whatsapp.cloud_api.error_codes import ECOSYSTEM_CODE
from whatsapp.errors import Conflict

PAUSE = timedelta(hours=24)


def check_marketing_pause(message: Message) -> None:
    """WhatsApp counts it against the account when such a message is repeated sooner.

    Raises:
        Conflict: it may not be sent again yet.
    """
    failed_at = message.status_times.get(MessageStatus.FAILED.key)
    if failed_at is None or ECOSYSTEM_CODE not in {error.code for error in message.errors}:
        return
    if utc_now() < failed_at + PAUSE:
        raise Conflict(
            "WhatsApp limits how much marketing the customer gets: it can be sent again from"
            f" {(failed_at + PAUSE).isoformat()} on."
        )
