"""The stored documents, a Beanie document in each file. Imports no other package of wagraph.

Writes that must be atomic use pymongo through `collection()`: upserts on a unique key, `$min` and
`$max`, conditional updates. Beanie declares indexes, reads and validates.
"""

from beanie import Document

from models.accounts.account import (
    Account,
    AccountCheck,
    AccountHealth,
    AccountRestrictions,
    CheckName,
    CheckReport,
    HealthState,
    SendingBlock,
    TemplateSyncState,
)
from models.accounts.account_event import AccountEvent
from models.accounts.template import Template
from models.auth.agent import Agent, Grant, TokenClaims
from models.auth.api_key import ApiKey, CredentialKind, Role
from models.auth.audit_entry import (
    AuditAction,
    AuditActor,
    AuditEntry,
    AuditOutcome,
    AuditTarget,
    RemovedKind,
)
from models.auth.presence import Look, Presence
from models.auth.workspace import (
    Quotas,
    Retention,
    Workspace,
    WorkspaceState,
    make_default_workspace,
)
from models.auth.workspace_usage import WorkspaceUsage
from models.contacts.contact import Contact, Identity, IdentityKind
from models.contacts.contact_merge import ContactMerge
from models.contacts.erased_identity import ErasedIdentity
from models.contacts.erasure import Erasure
from models.contacts.people_key import PEOPLE_KEY_ID, PeopleKey
from models.contacts.user import User
from models.messages.contact_export import ContactExport, ExportState
from models.messages.conversation import (
    UNANSWERED,
    Conversation,
    ConversationStatus,
    ReadMark,
    ReadReceipt,
    Reopening,
)
from models.messages.conversation_change import (
    Actor,
    ConversationChange,
    ConversationChangeKind,
)
from models.messages.erased_message import ErasedMessage
from models.messages.media import Media, MediaState
from models.messages.message import (
    CALL,
    NO_OWN_REACTIONS,
    REACTION,
    Message,
    MessageDirection,
    MessageError,
    UnknownStatus,
)
from models.messages.message_status import SENT, UNSENT, MessageStatus
from models.messages.note import Note
from models.messages.outbox_state import MessagePriority, OutboxState
from models.messages.pending_update import PendingUpdate
from models.messages.quick_reply import QuickReply
from models.messages.uploaded_media import UploadedMedia
from models.outbox.member import Member
from models.outbox.partition import Partition
from models.webhooks.parked_item import ParkedItem, ParkedReason, ParkedState
from models.webhooks.webhook_event import EventState, WebhookEvent

DOCUMENTS: list[type[Document]] = [
    Account,
    AccountEvent,
    Agent,
    ApiKey,
    AuditEntry,
    Contact,
    ContactExport,
    ContactMerge,
    Conversation,
    ConversationChange,
    ErasedIdentity,
    ErasedMessage,
    Erasure,
    Media,
    Member,
    Message,
    Note,
    ParkedItem,
    Partition,
    PendingUpdate,
    PeopleKey,
    Presence,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    WebhookEvent,
    Workspace,
    WorkspaceUsage,
]
