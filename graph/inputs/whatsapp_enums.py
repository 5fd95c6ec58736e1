"""Enums of WhatsApp's names. WhatsApp adds names at any time, which become OTHER.

The stored document keeps WhatsApp's name, which a field beside the enum returns.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Self

from graph.core.enums import DescribedEnum, describe_enum


class WhatsAppEnum(DescribedEnum):
    """An enum with the value OTHER for names that it does not have."""

    @classmethod
    def from_name(cls, name: str | None) -> Self | None:
        """Returns the value for WhatsApp's name, in any case; None for None."""
        return None if name is None else _index_names(cls).get(name.upper(), cls["OTHER"])

    @classmethod
    def match_names(cls, field: str, values: Collection["WhatsAppEnum"]) -> dict[str, Any]:
        """Returns a MongoDB filter for documents with one of these values in `field`."""
        names = [name for value in values if value.value != "OTHER" for name in _list_names(value)]
        matched: dict[str, Any] = {field: {"$in": names}}
        if len(names) == 2 * len(values):
            return matched
        known = [name for value in cls if value.value != "OTHER" for name in _list_names(value)]
        return {"$or": [matched, {field: {"$nin": [*known, None]}}]}


@cache
def _index_names(enum_class: type[WhatsAppEnum]) -> dict[str, Any]:
    return {str(value.value): value for value in enum_class}


def _list_names(value: DescribedEnum) -> list[str]:
    # Messages have names in lower case, all else in upper case.
    return [value.value, value.value.lower()]


OTHER = "OTHER", "A name that this API does not define; the field ending in `Name` has it."


class MessageType(WhatsAppEnum):
    TEXT = "TEXT", "Text."
    IMAGE = "IMAGE", "Image."
    VIDEO = "VIDEO", "Video."
    AUDIO = "AUDIO", "Audio file or voice message."
    DOCUMENT = "DOCUMENT", "Other file."
    STICKER = "STICKER", "Sticker."
    LOCATION = "LOCATION", "Location."
    CONTACTS = "CONTACTS", "Contact cards."
    INTERACTIVE = "INTERACTIVE", "Buttons, a list, a link, a request or a flow, or the reply to it."
    BUTTON = "BUTTON", "Tap on a template's button."
    TEMPLATE = "TEMPLATE", "Message template."
    ORDER = "ORDER", "Order from a catalog."
    REACTION = "REACTION", "Reaction that you sent to a message."
    SYSTEM = "SYSTEM", "Change of the customer's number or identity."
    REQUEST_WELCOME = "REQUEST_WELCOME", "First opening of the chat by the customer."
    CALL = "CALL", "Voice call."
    UNSUPPORTED = "UNSUPPORTED", "Content that WhatsApp does not pass on."
    OTHER = OTHER


describe_enum(MessageType, description="WhatsApp's type of a message.")


class QualityRating(WhatsAppEnum):
    GREEN = "GREEN", "High quality."
    YELLOW = "YELLOW", "Medium quality."
    RED = "RED", "Low quality; WhatsApp may restrict the account or pause the template."
    UNKNOWN = "UNKNOWN", "Not rated yet."
    OTHER = OTHER


describe_enum(QualityRating, description="WhatsApp's rating of a number or a template.")


class Throughput(WhatsAppEnum):
    STANDARD = "STANDARD", "Up to 80 messages a second."
    HIGH = "HIGH", "Up to 1,000 messages a second."
    NOT_APPLICABLE = "NOT_APPLICABLE", "WhatsApp states no level."
    OTHER = OTHER


describe_enum(Throughput, description="WhatsApp's throughput level of a number.")


class MessagingLimit(WhatsAppEnum):
    TIER_50 = "TIER_50", "50 customers."
    TIER_250 = "TIER_250", "250 customers."
    TIER_1K = "TIER_1K", "1,000 customers."
    TIER_2K = "TIER_2K", "2,000 customers."
    TIER_10K = "TIER_10K", "10,000 customers."
    TIER_100K = "TIER_100K", "100,000 customers."
    TIER_UNLIMITED = "TIER_UNLIMITED", "Any number of customers."
    OTHER = OTHER


describe_enum(
    MessagingLimit,
    description="Number of customers whom an account may message first within 24 hours.",
)


class TemplateStatus(WhatsAppEnum):
    APPROVED = "APPROVED", "Can be sent."
    PENDING = "PENDING", "Being reviewed by WhatsApp."
    IN_APPEAL = "IN_APPEAL", "Being reviewed again after an appeal."
    REJECTED = "REJECTED", "Rejected by WhatsApp."
    PAUSED = "PAUSED", "Paused because of low quality."
    DISABLED = "DISABLED", "Disabled because of low quality or a violation of policies."
    FLAGGED = "FLAGGED", "About to be disabled because of low quality."
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED", "The business account has too many templates."
    ARCHIVED = "ARCHIVED", "Archived because it was not used."
    PENDING_DELETION = "PENDING_DELETION", "Being deleted."
    DELETED = "DELETED", "Deleted at WhatsApp."
    OTHER = OTHER


describe_enum(TemplateStatus, description="WhatsApp's status of a template.")


class TemplateCategory(WhatsAppEnum):
    MARKETING = "MARKETING", "Offers and news; customers can opt out."
    UTILITY = "UTILITY", "Updates of an order or another transaction."
    AUTHENTICATION = "AUTHENTICATION", "One-time codes."
    OTHER = OTHER


describe_enum(TemplateCategory, description="WhatsApp's category of a template.")
