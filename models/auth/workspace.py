"""Workspace: a tenant, one business with its accounts, people, credentials and rules."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import DEFAULT_WORKSPACE_ID, ObjectIdDocument, utc_now

DEFAULT_WORKSPACE_NAME = "default"


class WorkspaceState(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    """It refuses requests and sends nothing, but webhooks are still stored."""
    DELETING = "DELETING"
    """Its data is being removed."""


class Quotas(BaseModel):
    """The shares of a workspace; None for no limit of its own. Rates are per server process."""

    operation_cost_per_minute: int | None = None
    """Cost of queries and mutations."""
    event_cost_per_minute: int | None = None
    """Cost of the events of subscriptions."""
    sockets: int | None = None
    """Open WebSockets and event streams, in each server process."""
    uploads_per_minute: int | None = None
    sends_per_second: int | None = None
    """Messages that leave for WhatsApp, over all accounts whose messages a process sends."""
    media_downloads: int | None = None
    """Received files that a server process downloads at the same time."""
    stored_bytes: int | None = None
    """Bytes of all stored files, received and uploaded."""


class Retention(BaseModel):
    """The days after which data is removed; None keeps it."""

    messages_days: int | None = None
    media_days: int | None = None
    raw_bodies_days: int | None = None
    """None for the server's default, a day after a body is processed."""
    closed_conversations_days: int | None = None
    audit_days: int | None = None
    """None for the server's default."""


class Workspace(ObjectIdDocument):
    name: str
    name_key: str
    """The name without case, unique on the instance."""
    state: WorkspaceState = WorkspaceState.ACTIVE
    suspended_at: datetime | None = None
    """Time of the suspension, which its accounts repeat; None unless it is suspended."""
    deleted_at: datetime | None = None
    """Set when it is deleted; its data is removed after that."""
    uses_default_app_secret: bool = False
    """True if the server's app secret speaks for its accounts; always for `default`."""
    quotas: Quotas = Field(default_factory=Quotas)
    quotas_changed_at: datetime | None = None
    """None if it never had quotas. Processes read the quotas that changed since their last read."""
    retention: Retention = Field(default_factory=Retention)
    retention_due_at: datetime | None = None
    """Time at which the retention rules are applied next; None without rules."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "workspaces"
        indexes = [
            IndexModel([("name_key", ASCENDING)], name="name", unique=True),
            IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
            IndexModel(
                [("retention_due_at", ASCENDING)],
                name="retention_due",
                partialFilterExpression={"retention_due_at": {"$type": "date"}},
            ),
            IndexModel([("state", ASCENDING)], name="state"),
            IndexModel(
                [("quotas_changed_at", ASCENDING)],
                name="changed_quotas",
                partialFilterExpression={"quotas_changed_at": {"$type": "date"}},
            ),
            IndexModel(
                [("retention.raw_bodies_days", ASCENDING)],
                name="raw_bodies",
                partialFilterExpression={"retention.raw_bodies_days": {"$type": "int"}},
            ),
        ]


def make_default_workspace() -> Workspace:
    """Returns the workspace of an instance that serves one business."""
    return Workspace(
        id=DEFAULT_WORKSPACE_ID,
        name=DEFAULT_WORKSPACE_NAME,
        name_key=DEFAULT_WORKSPACE_NAME,
        uses_default_app_secret=True,
    )
