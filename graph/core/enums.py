"""GraphQL enums: enums of the documents with a description for each value."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Self, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from models import (
    AuditAction,
    AuditOutcome,
    CheckName,
    ConversationChangeKind,
    ConversationStatus,
    CredentialKind,
    ExportState,
    HealthState,
    MediaState,
    MessageDirection,
    MessagePriority,
    MessageStatus,
    ParkedReason,
    ParkedState,
    RemovedKind,
    Role,
    WorkspaceState,
)
from whatsapp.accounts.webhook_subscription import WebhookLevel

EnumT = TypeVar("EnumT", bound=type[Enum])


class DescribedEnum(StrEnum):
    """An enum of the graph, whose members have a description."""

    _value_: str
    description: str

    def __new__(cls, value: str, description: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member


def describe_enum(
    enum_class: EnumT,
    *,
    description: str,
    values: Mapping[str, str] | None = None,
    name: str | None = None,
) -> EnumT:
    """Registers an enum as a GraphQL enum; `values` holds descriptions by name.

    A `DescribedEnum` needs no `values`.

    Its GraphQL name is `name`, by default the name of the class.
    """
    if values is None:
        values = {
            member.name: member.description
            for member in enum_class
            if isinstance(member, DescribedEnum)
        }
    described = strawberry.enum(enum_class, name=name, description=description)
    definition: StrawberryEnumDefinition = described.__strawberry_definition__  # type: ignore[attr-defined]  # just set
    for value in definition.values:
        value.description = values[value.name]
    return described


describe_enum(
    MessageDirection,
    description="Direction of a message.",
    values={"INBOUND": "From the customer.", "OUTBOUND": "From the business."},
)
describe_enum(
    MessagePriority,
    description="Priority of a message among the queued messages of its account. Messages of a"
    " conversation with the same priority are sent in order.",
    values={
        "NORMAL": "Sent before all BULK messages of the account.",
        "BULK": "Part of a broadcast: sent while no NORMAL message of the account can be sent, and"
        " never holds one up.",
    },
)
describe_enum(
    MediaState,
    description="State of a message's file.",
    values={
        "PENDING": "Being downloaded from WhatsApp.",
        "STORED": "Stored; available at `url`.",
        "FAILED": "The download failed and is not retried.",
        "EXPIRED": "WhatsApp no longer has the file, or a retention rule removed it.",
    },
)
describe_enum(
    MessageStatus,
    description="Delivery status of a message; it only advances.",
    values={
        "RECEIVED": "Inbound message received.",
        "QUEUED": "Stored and waiting to be sent.",
        "SENDING": "Being sent to WhatsApp.",
        "UNKNOWN": "Sent to WhatsApp without a response; not retried automatically.",
        "ACCEPTED": "Accepted by WhatsApp.",
        "HELD": "Held by WhatsApp for quality assessment.",
        "SENT": "Sent by WhatsApp to the customer.",
        "FAILED": "Not delivered; see `errors`.",
        "DELIVERED": "Delivered to the customer's device.",
        "READ": "Read by the customer.",
        "PLAYED": "Voice message played by the customer.",
        "CANCELLED": "Cancelled before it was sent.",
    },
)
describe_enum(
    ConversationStatus,
    description="Status of a conversation.",
    values={
        "OPEN": "In progress; an inbound message reopens a closed conversation.",
        "CLOSED": "Closed by an agent.",
    },
)
describe_enum(
    HealthState,
    name="AccountHealthState",
    description="Sending state of an account.",
    values={
        "OK": "The account can send.",
        "STOPPED": "WhatsApp refuses the account; its messages stay queued.",
    },
)
describe_enum(
    CheckName,
    name="AccountCheckName",
    description="Checks of an account.",
    values={
        "TOKEN": "WhatsApp accepts the access token.",
        "PHONE_NUMBER": "The number exists and is registered with the Cloud API.",
        "BUSINESS_ACCOUNT": "The number belongs to the business account.",
        "WEBHOOK_SUBSCRIPTION": "A Meta app receives the business account's webhooks.",
        "WEBHOOK_URL": "WhatsApp posts messages to this server.",
        "APP_SECRET": "Webhooks can be verified: the app secret is set and belongs to the access"
        " token's app.",
    },
)
describe_enum(
    WebhookLevel,
    description="Scope of the webhook URL.",
    values={
        "BUSINESS_ACCOUNT": "All numbers of the business account; refused for credentials limited"
        " to some accounts.",
        "PHONE_NUMBER": "This number only; overrides the business account.",
    },
)
describe_enum(
    Role,
    description="Role of a credential. ADMIN includes AGENT, and AGENT includes VIEWER.",
    values={
        "OPERATOR": "Manages the workspaces of the instance, and reads no content of any.",
        "VIEWER": "Can read.",
        "AGENT": "Can also send messages, and change conversations, contacts, users and quick"
        " replies.",
        "ADMIN": "Can also manage accounts, agents, API keys and parked items, and erase contacts.",
    },
)
describe_enum(
    ParkedReason,
    description="Reason why an item of a webhook was parked.",
    values={
        "UNKNOWN_ACCOUNT": "No account has the number.",
        "ACCOUNT_DISABLED": "The account is disabled.",
        "WRONG_SECRET": "Signed with a secret of another account.",
        "INVALID_BODY": "The body of the webhook is not valid JSON.",
        "INVALID_ITEM": "The item does not match WhatsApp's documented format.",
        "INTERNAL_ERROR": "Error of this server; see the log.",
    },
)
describe_enum(
    ParkedState,
    description="State of a parked item.",
    values={
        "PARKED": "Waiting to be replayed.",
        "APPLIED": "Applied by a replay.",
        "DISCARDED": "Discarded by an admin.",
    },
)


class MediaKind(DescribedEnum):
    IMAGE = "IMAGE", "Image."
    VIDEO = "VIDEO", "Video."
    AUDIO = "AUDIO", "Audio file or voice message."
    DOCUMENT = "DOCUMENT", "Other file."
    STICKER = "STICKER", "Sticker."


describe_enum(MediaKind, description="Kind of a message's file.")
describe_enum(
    CredentialKind,
    description="Kind of the credential that performed an action.",
    values={
        "API_KEY": "API key.",
        "JWT": "Token of your identity provider.",
        "OPERATOR": "`manage.py` on the server.",
        "SERVER": "The server itself, which applies rules.",
    },
)
describe_enum(
    RemovedKind,
    description="Kind of data that an action removed.",
    values={
        "MESSAGES": "Messages.",
        "FILES": "Files of messages.",
        "NOTES": "Notes.",
        "CONVERSATION_CHANGES": "Records of changes of conversations.",
        "CONVERSATIONS": "Conversations.",
        "ACCOUNT_EVENTS": "Events of accounts that name customers.",
        "PARKED_ITEMS": "Parked items.",
        "PENDING_UPDATES": "Updates of unknown messages.",
    },
)
describe_enum(
    AuditOutcome,
    description="Outcome of an action.",
    values={
        "STARTED": "Started with unknown result; it may have been completed.",
        "DONE": "Completed.",
        "REFUSED": "Refused; see `refusal`.",
        "FAILED": "Failed with an error or outage; see the log for the request id.",
    },
)
describe_enum(
    ConversationChangeKind,
    description="Kind of change of a conversation.",
    values={
        "ASSIGNED": "It was assigned to an agent.",
        "UNASSIGNED": "The assignment was removed.",
        "CLOSED": "It was closed.",
        "REOPENED": "It was reopened by staff, by a message of the customer, or by a merge with an"
        " open conversation.",
        "TAGGED": "Tags were added or removed.",
    },
)
describe_enum(
    ExportState,
    name="ContactExportState",
    description="State of an export.",
    values={
        "QUEUED": "Waiting for its first or next attempt.",
        "RUNNING": "Being written; `progress` tells how far it is.",
        "READY": "Written; the file is available at `url`.",
        "FAILED": "Given up; `error` has the reason. Request a new export.",
        "EXPIRED": "The file is deleted. Request a new export.",
    },
)
describe_enum(
    WorkspaceState,
    description="State of a workspace.",
    values={
        "ACTIVE": "In use.",
        "SUSPENDED": "Refuses requests and sends nothing; webhooks are still stored.",
        "DELETING": "Being removed with all its data.",
    },
)
describe_enum(
    AuditAction,
    description="Audited action.",
    values={
        "ACCOUNT_CREATED": "Connected an account.",
        "ACCOUNT_UPDATED": "Changed an account.",
        "ACCOUNT_MOVED": "Changed the number or business account of an account.",
        "ACCOUNT_ENABLED": "Enabled an account.",
        "ACCOUNT_DISABLED": "Disabled an account.",
        "ACCOUNT_DELETED": "Deleted an account with all its data.",
        "ACCOUNT_CHECKED": "Checked an account's credentials.",
        "WEBHOOKS_SUBSCRIBED": "Subscribed an account to webhooks.",
        "WEBHOOKS_UNSUBSCRIBED": "Unsubscribed an account from webhooks.",
        "TEMPLATES_SYNCED": "Synchronized an account's templates from WhatsApp.",
        "AGENT_CREATED": "Created an agent without a credential.",
        "AGENT_UPDATED": "Changed the name or e-mail address of an agent.",
        "AGENT_RETIRED": "Retired an agent; its credentials are refused.",
        "AGENT_REACTIVATED": "Reactivated a retired agent.",
        "API_KEY_CREATED": "Created an API key.",
        "API_KEY_REVOKED": "Revoked an API key.",
        "ENCRYPTION_KEYS_ROTATED": "Re-encrypted all credentials with the newest key.",
        "RESTORE_BEGUN": "Held sending for the restore of a backup.",
        "RESTORE_FINISHED": "Finished the restore of a backup, which released sending.",
        "PARKED_ITEMS_REPLAYED": "Replayed parked items.",
        "PARKED_ITEMS_DISCARDED": "Discarded parked items.",
        "CONTACT_UPDATED": "Changed a contact.",
        "CONTACT_LINKED": "Linked a contact to a user.",
        "CONTACT_UNLINKED": "Unlinked a contact from its user.",
        "CONTACT_BLOCKED": "Blocked a contact.",
        "CONTACT_UNBLOCKED": "Unblocked a contact.",
        "CONTACT_DELETED": "Erased a contact with its messages.",
        "CONTACT_EXPORTED": "Exported all data about a contact.",
        "CONTACTS_MERGED": "Merged a contact into another contact.",
        "ATTRIBUTES_SET": "Set attributes of a contact.",
        "ATTRIBUTES_REMOVED": "Removed attributes of a contact.",
        "TAGS_ADDED": "Added tags to a contact or conversation.",
        "TAGS_REMOVED": "Removed tags from a contact or conversation.",
        "USER_CREATED": "Created a user.",
        "USER_UPDATED": "Changed a user.",
        "QUICK_REPLY_CREATED": "Created a quick reply.",
        "QUICK_REPLY_UPDATED": "Changed a quick reply.",
        "QUICK_REPLY_DELETED": "Deleted a quick reply.",
        "WORKSPACE_CREATED": "Created a workspace.",
        "WORKSPACE_UPDATED": "Changed a workspace.",
        "WORKSPACE_SUSPENDED": "Suspended a workspace.",
        "WORKSPACE_RESUMED": "Resumed a suspended workspace.",
        "WORKSPACE_DELETED": "Deleted a workspace with all its data.",
        "RETENTION_APPLIED": "Removed what the retention rules of the workspace do not keep.",
    },
)
