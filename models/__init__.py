"""The stored documents, a Beanie document in each file. Imports no other package of wagraph.

Writes that must be atomic use pymongo through `collection()`: upserts on a unique key, `$min` and
`$max`, conditional updates. Beanie declares indexes, reads and validates.
"""

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
from models.auth.audit_entry import AuditAction, AuditActor, AuditEntry, AuditOutcome, AuditTarget
from models.auth.presence import Look, Presence
from models.contacts.contact import Contact, Identity, IdentityKind
from models.contacts.contact_merge import ContactMerge
from models.contacts.erasure import Erasure
from models.contacts.user import User
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
from models.messages.media import Media, MediaState
from models.messages.message import (
    CALL,
    NO_OWN_REACTIONS,
    REACTION,
    Message,
    MessageDirection,
    MessageError,
    MessageStatus,
    OutboxState,
    UnknownStatus,
)
from models.messages.note import Note
from models.messages.pending_update import PendingUpdate
from models.messages.quick_reply import QuickReply
from models.messages.uploaded_media import UploadedMedia
from models.outbox.lane import Lane
from models.outbox.pace import Pace
from models.webhooks.parked_item import ParkedItem, ParkedReason, ParkedState
from models.webhooks.webhook_event import EventState, WebhookEvent

DOCUMENTS = [
    Account,
    AccountEvent,
    Agent,
    ApiKey,
    AuditEntry,
    Contact,
    ContactMerge,
    Conversation,
    ConversationChange,
    Erasure,
    Lane,
    Media,
    Message,
    Note,
    Pace,
    ParkedItem,
    PendingUpdate,
    Presence,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    WebhookEvent,
]
