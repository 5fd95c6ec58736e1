"""Account: a connected WhatsApp Business phone number with its credentials."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class HealthState(StrEnum):
    """Sending health; STOPPED if Meta refused the token or the account."""

    OK = "OK"
    STOPPED = "STOPPED"


class AccountHealth(BaseModel):
    state: HealthState = HealthState.OK
    reason: str | None = None
    """The reason of a stop, for operators."""
    quality_rating: str | None = None
    """Meta's GREEN, YELLOW, RED or UNKNOWN."""
    throughput: str | None = None
    """Meta's STANDARD or HIGH."""
    messaging_limit: str | None = None
    """The limit of conversations that the business may begin in 24 hours, such as TIER_1K."""
    changed_at: datetime | None = None
    stop_code: int | None = None
    """Meta's error code that stopped it. A new token lifts only a stop by a refused token."""


class CheckName(StrEnum):
    """A check of an account."""

    TOKEN = "TOKEN"  # noqa: S105 - the name of a check
    PHONE_NUMBER = "PHONE_NUMBER"
    BUSINESS_ACCOUNT = "BUSINESS_ACCOUNT"
    WEBHOOK_SUBSCRIPTION = "WEBHOOK_SUBSCRIPTION"
    WEBHOOK_URL = "WEBHOOK_URL"
    APP_SECRET = "APP_SECRET"  # noqa: S105 - the name of a check


class AccountCheck(BaseModel):
    name: CheckName
    ok: bool
    message: str
    """The result and, if the check failed, the remedy; for operators."""


class CheckReport(BaseModel):
    at: datetime
    checks: list[AccountCheck]


class SendingBlock(BaseModel):
    """The newest report about a cause for which WhatsApp stops an account."""

    at: datetime
    reason: str | None = None
    """None if the cause has ended."""
    until: datetime | None = None
    """The time at which it expires."""


class AccountRestrictions(BaseModel):
    """Restrictions that stop the account, stored per cause because each ends on its own."""

    blocks: dict[str, SendingBlock] = Field(default_factory=dict)
    """Newest report per cause: ban, restriction, connection, deletion."""
    cleared_at: datetime | None = None
    """Time at which staff restarted the account; earlier restrictions are ignored."""
    is_stopping: bool = False
    """True if `health` is STOPPED because of a restriction in `blocks`."""


class TemplateSyncState(BaseModel):
    """The last and the next sync of the account's templates."""

    synced_at: datetime | None = None
    """Start of the last successful sync."""
    error: str | None = None
    """The reason why the last sync failed, for operators."""
    due_at: datetime | None = None
    stale_at: datetime | None = None
    """Time of the first webhook that only a sync can complete."""
    leased_until: datetime | None = None
    """End of the lease of the running sync."""


class FormerSecret(BaseModel):
    """An app secret that was replaced."""

    digest: str | None
    """None for the server's default secret."""
    replaced_at: datetime


class Account(InWorkspace, ObjectIdDocument):
    """`access_token`, `app_secret` and `verify_token` are ciphertexts of `whatsapp.common.crypto`.

    The `*_digest` fields are hex SHA-256 digests. They find the account of a verify token and the
    signer of a webhook without decrypting every account.
    """

    name: str
    phone_number_id: str
    business_account_id: str
    display_phone_number: str | None = None
    verified_name: str | None = None
    access_token: str
    app_secret: str | None = None
    app_secret_digest: str | None = None
    former_app_secrets: list[FormerSecret] = Field(default_factory=list)
    """The newest last. Webhook URLs that name them stay valid, and bodies that came before the
    replacement are applied.
    """
    verify_token: str
    verify_token_digest: str
    graph_api_version: str | None = None
    """A version such as `v25.0`; None for the server's default."""
    enabled: bool = True
    workspace_suspended_at: datetime | None = None
    """Time at which its workspace was suspended; it sends nothing until it is None again."""
    health: AccountHealth = Field(default_factory=AccountHealth)
    restrictions: AccountRestrictions = Field(default_factory=AccountRestrictions)
    changed_at: dict[str, datetime] = Field(default_factory=dict)
    """Meta's time of the newest report for each group of fields; older reports are ignored."""
    send_read_receipts: bool = True
    """True if read receipts are sent to customers."""
    last_check: CheckReport | None = None
    check_due_at: datetime | None = None
    """Time of the next background check, or the end of the running check's lease."""
    replay_due_at: datetime | None = None
    """Time of the next replay of parked items, or the end of the running replay's lease."""
    template_sync: TemplateSyncState = Field(default_factory=TemplateSyncState)
    last_event_at: datetime | None = None
    """Meta's time of the newest AccountEvent."""
    webhook_verified_at: datetime | None = None
    """Time of the last handshake with this account's verify token."""
    deleted_at: datetime | None = None
    """Set when the account is deleted and hidden; its data is removed after that."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "accounts"
        indexes = [
            IndexModel([("phone_number_id", ASCENDING)], name="phone_number_id", unique=True),
            IndexModel([("verify_token_digest", ASCENDING)], name="verify_token_digest"),
            IndexModel([("business_account_id", ASCENDING)], name="business_account_id"),
            IndexModel([("replay_due_at", ASCENDING)], name="replay_due_at"),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("workspace_suspended_at", ASCENDING)],
                name="suspended",
                partialFilterExpression={"workspace_suspended_at": {"$type": "date"}},
            ),
            IndexModel(
                [("deleted_at", ASCENDING)],
                name="deleted",
                partialFilterExpression={"deleted_at": {"$type": "date"}},
            ),
            IndexModel(
                [("check_due_at", ASCENDING)],
                name="checks_due",
                partialFilterExpression={"check_due_at": {"$type": "date"}},
            ),
            IndexModel(
                [
                    ("enabled", ASCENDING),
                    ("health.state", ASCENDING),
                    ("template_sync.due_at", ASCENDING),
                ],
                name="templates_due",
                partialFilterExpression={"template_sync.due_at": {"$type": "date"}},
            ),
            IndexModel(
                [("template_sync.stale_at", ASCENDING)],
                name="templates_stale",
                partialFilterExpression={"template_sync.stale_at": {"$type": "date"}},
            ),
            IndexModel(
                [("restrictions.is_stopping", ASCENDING)],
                name="restricted",
                partialFilterExpression={"restrictions.is_stopping": True},
            ),
        ]
