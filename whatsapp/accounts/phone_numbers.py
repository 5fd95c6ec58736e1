"""What WhatsApp tells of a phone number when it is asked, and what of it is stored.

Source: Meta, "WhatsApp Business phone number". Unknown words are kept as they come.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from whatsapp.common.timestamped_fields import TimestampedFields

NUMBER_FIELDS = (
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "throughput",
    "code_verification_status",
    "name_status",
    "platform_type",
)
LIMIT_FIELD = "whatsapp_business_manager_messaging_limit"
"""Asked for by itself: a version of the Graph API without it refuses the whole request."""
CLOUD_PLATFORM = "CLOUD_API"


def read_number_fields(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """What WhatsApp's description of a number says about the account."""
    throughput = number.get("throughput")
    level = throughput.get("level") if isinstance(throughput, dict) else None
    told = {
        "display_phone_number": ("display_phone_number", number.get("display_phone_number")),
        "verified_name": ("verified_name", number.get("verified_name")),
        "quality_rating": ("health.quality_rating", number.get("quality_rating")),
        "throughput": ("health.throughput", level),
    }
    return [
        TimestampedFields(aspect, at, {path: value})
        for aspect, (path, value) in told.items()
        if isinstance(value, str) and value
    ]


def read_limit_field(number: Mapping[str, Any], at: datetime) -> list[TimestampedFields]:
    """How many customers may be written to first."""
    limit = number.get(LIMIT_FIELD)
    if not isinstance(limit, str) or not limit:
        return []
    return [TimestampedFields("messaging_limit", at, {"health.messaging_limit": limit})]
