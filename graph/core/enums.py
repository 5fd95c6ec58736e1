"""Enums of the graph: those of the documents, with a description for every value."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from models import (
    AuditAction,
    AuditOutcome,
    CheckName,
    ConversationStatus,
    CredentialKind,
    HealthState,
    MediaState,
    MessageDirection,
    MessageStatus,
    ParkedReason,
    ParkedState,
    Role,
)
from whatsapp.accounts.webhook_subscription import WebhookLevel

__all__ = [
    "AuditAction",
    "AuditOutcome",
    "CheckName",
    "ConversationStatus",
    "CredentialKind",
    "HealthState",
    "MediaKind",
    "MediaState",
    "MessageDirection",
    "MessageStatus",
    "ParkedReason",
    "ParkedState",
    "Role",
    "WebhookLevel",
]

EnumT = TypeVar("EnumT", bound=type[Enum])


def describe_enum(
    enum_class: EnumT, *, name: str, description: str, values: Mapping[str, str]
) -> EnumT:
    """Makes a document's enum one of the graph; `values` describes each by its name."""
    described = strawberry.enum(enum_class, name=name, description=description)
    definition: StrawberryEnumDefinition = described.__strawberry_definition__  # type: ignore[attr-defined]  # just set
    for value in definition.values:
        value.description = values[value.name]
    return described


describe_enum(
    MessageDirection,
    name="MessageDirection",
    description="Who wrote a message.",
    values={"INBOUND": "The customer wrote it.", "OUTBOUND": "The business wrote it."},
)
describe_enum(
    MediaState,
    name="MediaState",
    description="Where the file of a message stands.",
    values={
        "PENDING": "Still being fetched from WhatsApp.",
        "STORED": "Stored here: `url` shows it.",
        "FAILED": "It could not be fetched, and is not tried again.",
        "EXPIRED": "WhatsApp has it no more.",
    },
)
describe_enum(
    MessageStatus,
    name="MessageStatus",
    description="How far a message has come; it never goes back.",
    values={
        "RECEIVED": "Inbound: it has arrived here.",
        "QUEUED": "Stored, and waiting for its turn in its conversation.",
        "SENDING": "Being handed to WhatsApp.",
        "UNKNOWN": "Handed to WhatsApp, but the answer was lost; it is not sent again by itself.",
        "ACCEPTED": "WhatsApp took it.",
        "HELD": "WhatsApp holds it back to assess its quality.",
        "SENT": "WhatsApp sent it to the customer.",
        "FAILED": "It was not delivered; `errors` says why.",
        "DELIVERED": "It is on the customer's device.",
        "READ": "The customer has read it.",
        "PLAYED": "The customer has played the voice message.",
        "CANCELLED": "Taken back before it was sent.",
    },
)
describe_enum(
    ConversationStatus,
    name="ConversationStatus",
    description="Whether a conversation needs attention.",
    values={
        "OPEN": "Being worked on; a message of the customer opens it again.",
        "CLOSED": "Done.",
    },
)
describe_enum(
    HealthState,
    name="AccountHealthState",
    description="Whether an account can send.",
    values={
        "OK": "Messages are sent.",
        "STOPPED": "WhatsApp refused the account; its messages wait until that is mended.",
    },
)
describe_enum(
    CheckName,
    name="AccountCheckName",
    description="What is looked at when an account is checked.",
    values={
        "TOKEN": "Whether WhatsApp takes the access token.",
        "PHONE_NUMBER": "Whether the number exists and is registered with the Cloud API.",
        "BUSINESS_ACCOUNT": "Whether the number belongs to the business account.",
        "WEBHOOK_SUBSCRIPTION": "Whether a Meta app gets the business account's webhooks.",
        "WEBHOOK_URL": "Whether messages are posted to this server.",
        "APP_SECRET": "Whether webhooks can be verified: the secret is there, and is that of the"
        " access token's app.",
    },
)
describe_enum(
    WebhookLevel,
    name="WebhookLevel",
    description="For what the URL of webhooks is set.",
    values={
        "BUSINESS_ACCOUNT": "For all numbers of the business account; not with a key limited"
        " to some accounts.",
        "PHONE_NUMBER": "For this number only; it comes before the business account's.",
    },
)
describe_enum(
    Role,
    name="Role",
    description="What a credential may do: an ADMIN all that an AGENT may, an AGENT all that a"
    " VIEWER may.",
    values={
        "VIEWER": "Reads.",
        "AGENT": "Reads, sends, and works on conversations, contacts and users.",
        "ADMIN": "Everything: accounts, API keys, parked items and erasure too.",
    },
)
describe_enum(
    ParkedReason,
    name="ParkedReason",
    description="Why an item of a webhook couldn't be applied.",
    values={
        "UNKNOWN_ACCOUNT": "It is for a number that is not connected.",
        "ACCOUNT_DISABLED": "Its account is disabled.",
        "WRONG_SECRET": "It was signed with a secret that is not its account's.",
        "INVALID_BODY": "The body of the webhook is not readable JSON.",
        "INVALID_ITEM": "It does not have the form that WhatsApp describes.",
        "INTERNAL_ERROR": "An error of this server; the log says which.",
    },
)
describe_enum(
    ParkedState,
    name="ParkedState",
    description="What became of a parked item.",
    values={
        "PARKED": "It waits.",
        "APPLIED": "It was applied later.",
        "DISCARDED": "An admin decided that it is not needed.",
    },
)


class MediaKind(StrEnum):
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    AUDIO = "AUDIO"
    DOCUMENT = "DOCUMENT"
    STICKER = "STICKER"


describe_enum(
    MediaKind,
    name="MediaKind",
    description="Which kind of file a message brings.",
    values={
        "IMAGE": "A picture.",
        "VIDEO": "A video.",
        "AUDIO": "A sound or a voice message.",
        "DOCUMENT": "Any other file.",
        "STICKER": "A sticker.",
    },
)
describe_enum(
    CredentialKind,
    name="CredentialKind",
    description="With what somebody acts.",
    values={
        "API_KEY": "An API key.",
        "JWT": "A token of your identity provider.",
        "OPERATOR": "`manage.py`, on the server itself.",
    },
)
describe_enum(
    AuditOutcome,
    name="AuditOutcome",
    description="What came of an act.",
    values={
        "STARTED": "It was begun, and nothing more is known: it may have been done.",
        "DONE": "It was done.",
        "REFUSED": "It was refused; `refusal` says why.",
        "FAILED": "An error ended it, or an outage; the log has it under the request's id.",
    },
)
describe_enum(
    AuditAction,
    name="AuditAction",
    description="What somebody did.",
    values={
        "ACCOUNT_CREATED": "Connected an account.",
        "ACCOUNT_UPDATED": "Changed an account.",
        "ACCOUNT_MOVED": "Changed which number or business account an account stands for.",
        "ACCOUNT_ENABLED": "Enabled an account.",
        "ACCOUNT_DISABLED": "Disabled an account.",
        "ACCOUNT_DELETED": "Deleted an account with all its data.",
        "ACCOUNT_CHECKED": "Had an account's credentials checked.",
        "WEBHOOKS_SUBSCRIBED": "Had WhatsApp send an account's webhooks here.",
        "WEBHOOKS_UNSUBSCRIBED": "Had WhatsApp send an account's webhooks no more.",
        "TEMPLATES_SYNCED": "Had an account's templates read from WhatsApp.",
        "API_KEY_CREATED": "Made an API key.",
        "API_KEY_REVOKED": "Ended an API key.",
        "ENCRYPTION_KEYS_ROTATED": "Encrypted all credentials under the newest key.",
        "PARKED_ITEMS_REPLAYED": "Had parked items applied.",
        "PARKED_ITEMS_DISCARDED": "Discarded parked items.",
        "CONTACT_UPDATED": "Changed a contact.",
        "CONTACT_LINKED": "Said which user a contact is.",
        "CONTACT_UNLINKED": "Took the user from a contact.",
        "CONTACT_BLOCKED": "Blocked a contact.",
        "CONTACT_UNBLOCKED": "Unblocked a contact.",
        "CONTACT_DELETED": "Erased a contact with all that was said.",
        "CONTACTS_MERGED": "Merged a contact into another one.",
        "USER_CREATED": "Made a user.",
        "USER_UPDATED": "Changed a user.",
    },
)
