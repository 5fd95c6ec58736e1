"""AuditEntry: an action of an administrator, stored before it starts and completed after it."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.auth.api_key import CredentialKind
from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class AuditAction(StrEnum):
    ACCOUNT_CREATED = "ACCOUNT_CREATED"
    ACCOUNT_UPDATED = "ACCOUNT_UPDATED"
    ACCOUNT_MOVED = "ACCOUNT_MOVED"
    ACCOUNT_ENABLED = "ACCOUNT_ENABLED"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_DELETED = "ACCOUNT_DELETED"
    ACCOUNT_CHECKED = "ACCOUNT_CHECKED"
    WEBHOOKS_SUBSCRIBED = "WEBHOOKS_SUBSCRIBED"
    WEBHOOKS_UNSUBSCRIBED = "WEBHOOKS_UNSUBSCRIBED"
    TEMPLATES_SYNCED = "TEMPLATES_SYNCED"
    AGENT_CREATED = "AGENT_CREATED"
    AGENT_UPDATED = "AGENT_UPDATED"
    AGENT_RETIRED = "AGENT_RETIRED"
    AGENT_REACTIVATED = "AGENT_REACTIVATED"
    API_KEY_CREATED = "API_KEY_CREATED"
    API_KEY_REVOKED = "API_KEY_REVOKED"
    ENCRYPTION_KEYS_ROTATED = "ENCRYPTION_KEYS_ROTATED"
    RESTORE_BEGUN = "RESTORE_BEGUN"
    RESTORE_FINISHED = "RESTORE_FINISHED"
    PARKED_ITEMS_REPLAYED = "PARKED_ITEMS_REPLAYED"
    PARKED_ITEMS_DISCARDED = "PARKED_ITEMS_DISCARDED"
    CONTACT_UPDATED = "CONTACT_UPDATED"
    CONTACT_LINKED = "CONTACT_LINKED"
    CONTACT_UNLINKED = "CONTACT_UNLINKED"
    CONTACT_BLOCKED = "CONTACT_BLOCKED"
    CONTACT_UNBLOCKED = "CONTACT_UNBLOCKED"
    CONTACT_DELETED = "CONTACT_DELETED"
    CONTACT_EXPORTED = "CONTACT_EXPORTED"
    CONTACTS_MERGED = "CONTACTS_MERGED"
    ATTRIBUTES_SET = "ATTRIBUTES_SET"
    ATTRIBUTES_REMOVED = "ATTRIBUTES_REMOVED"
    TAGS_ADDED = "TAGS_ADDED"
    TAGS_REMOVED = "TAGS_REMOVED"
    USER_CREATED = "USER_CREATED"
    USER_UPDATED = "USER_UPDATED"
    QUICK_REPLY_CREATED = "QUICK_REPLY_CREATED"
    QUICK_REPLY_UPDATED = "QUICK_REPLY_UPDATED"
    QUICK_REPLY_DELETED = "QUICK_REPLY_DELETED"
    WORKSPACE_CREATED = "WORKSPACE_CREATED"
    WORKSPACE_UPDATED = "WORKSPACE_UPDATED"
    WORKSPACE_SUSPENDED = "WORKSPACE_SUSPENDED"
    WORKSPACE_RESUMED = "WORKSPACE_RESUMED"
    WORKSPACE_DELETED = "WORKSPACE_DELETED"
    RETENTION_APPLIED = "RETENTION_APPLIED"


class RemovedKind(StrEnum):
    """Kinds of data that an action removes."""

    MESSAGES = "MESSAGES"
    FILES = "FILES"
    NOTES = "NOTES"
    CONVERSATION_CHANGES = "CONVERSATION_CHANGES"
    CONVERSATIONS = "CONVERSATIONS"
    ACCOUNT_EVENTS = "ACCOUNT_EVENTS"
    PARKED_ITEMS = "PARKED_ITEMS"
    PENDING_UPDATES = "PENDING_UPDATES"


class AuditOutcome(StrEnum):
    STARTED = "STARTED"
    """The outcome was not recorded; the action may or may not have run."""
    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class AuditActor(BaseModel):
    kind: CredentialKind
    id: str
    """The API key's id, the token's subject, the operator's name on the server, or the task of the
    server."""
    name: str
    agent_id: PydanticObjectId | None = None
    """The agent of the credential; None for servers, operators, and entries of version 0.1."""


class AuditTarget(BaseModel):
    type: str
    """Name of its GraphQL type."""
    id: str


class AuditEntry(InWorkspace, ObjectIdDocument):
    """Immutable except for the outcome, which is set once, and the counts, which rise before that.
    Removed only when it expires."""

    action: AuditAction
    actor: AuditActor
    targets: list[AuditTarget] = Field(default_factory=list)
    account_ids: list[PydanticObjectId] = Field(default_factory=list)
    """The affected accounts that the actor may see."""
    fields: list[str] = Field(default_factory=list)
    """Names of the given input fields, without their values."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Numbers of removed documents, by `RemovedKind`."""
    request_id: str | None = None
    outcome: AuditOutcome = AuditOutcome.STARTED
    refusal: str | None = None
    """The code of the refusal."""
    created_at: datetime = Field(default_factory=utc_now)
    finished_at: datetime | None = None
    expires_at: datetime

    class Settings:
        name = "audit_entries"
        indexes = [
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("account_ids", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_account",
            ),
            IndexModel([("targets.id", ASCENDING)], name="of_target"),
            IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=0),
        ]
