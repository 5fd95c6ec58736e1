"""Account: one WhatsApp Business phone number that a company connected, with its credentials."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field
from pymongo import ASCENDING, IndexModel

from models.database.base import ObjectIdDocument, utc_now


class HealthState(StrEnum):
    """Whether messages can be sent: OK, or STOPPED by Meta (token refused, account blocked)."""

    OK = "OK"
    STOPPED = "STOPPED"


class AccountHealth(BaseModel):
    state: HealthState = HealthState.OK
    reason: str | None = None
    """Why it is stopped, in words for an operator."""
    quality_rating: str | None = None
    """Meta's GREEN, YELLOW, RED or UNKNOWN."""
    throughput: str | None = None
    """Meta's STANDARD or HIGH."""
    messaging_limit: str | None = None
    """How many customers may be written to first in 24 hours: Meta's TIER_1K and so on."""
    changed_at: datetime | None = None
    stop_code: int | None = None
    """Meta's error code that stopped it, where it was an error: a token that works again starts
    only what a refused token stopped."""


class CheckName(StrEnum):
    """What is looked at when an account is checked."""

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
    """What was found and, where it is not well, what to do; in words for an operator."""


class CheckReport(BaseModel):
    at: datetime
    checks: list[AccountCheck]


class SendingBlock(BaseModel):
    """What WhatsApp last said about one cause for which it lets an account send nothing."""

    at: datetime
    reason: str | None = None
    """None: this cause holds no more."""
    until: datetime | None = None
    """When it ends by itself."""


class AccountRestrictions(BaseModel):
    """The causes apart, so that the end of one does not pass for the end of another."""

    blocks: dict[str, SendingBlock] = Field(default_factory=dict)
    """By cause: ban, restriction, connection, deletion."""
    cleared_at: datetime | None = None
    """Staff started the account again then: what stopped it before counts no more."""
    is_stopping: bool = False
    """Whether one of these is why `health` is STOPPED."""


class TemplateSyncState(BaseModel):
    """When the account's templates were and will be read from Meta."""

    synced_at: datetime | None = None
    """When they were last asked for and all came."""
    error: str | None = None
    """Why the last try failed, in words for an operator."""
    due_at: datetime | None = None
    stale_at: datetime | None = None
    """Since when a webhook's news of them waits to be completed."""
    leased_until: datetime | None = None
    """Whoever reads them has so much time."""


class FormerSecret(BaseModel):
    """An app secret that was replaced."""

    digest: str | None
    """None: the server's default secret."""
    replaced_at: datetime


class Account(ObjectIdDocument):
    """`access_token`, `app_secret` and `verify_token` are ciphertexts of `whatsapp.common.crypto`.

    The `*_digest` fields are hex SHA-256 digests: they find the account of a verify token, and tell
    whose secret signed a webhook, without decrypting every account.
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
    """The newest last: webhook URLs that name one of them stay in use, and bodies that came before
    the replacement are applied.
    """
    verify_token: str
    verify_token_digest: str
    graph_api_version: str | None = None
    """`v25.0` and the like; None follows the server's default."""
    enabled: bool = True
    health: AccountHealth = Field(default_factory=AccountHealth)
    standing: AccountRestrictions = Field(default_factory=AccountRestrictions)
    changed_at: dict[str, datetime] = Field(default_factory=dict)
    """Meta's time of what is stored of each aspect: an older report of it changes nothing."""
    send_read_receipts: bool = True
    """Whether customers learn that staff have read what they wrote."""
    last_check: CheckReport | None = None
    check_due_at: datetime | None = None
    """When it is to be checked in the background; whoever takes that over moves it on."""
    replay_due_at: datetime | None = None
    """When its parked items are to be replayed; the process that replays them moves it on."""
    template_sync: TemplateSyncState = Field(default_factory=TemplateSyncState)
    last_event_at: datetime | None = None
    """Meta's time of the newest AccountEvent."""
    deleted_at: datetime | None = None
    """Set while its data is being removed; a deleted account is invisible from that moment."""
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
                [("standing.is_stopping", ASCENDING)],
                name="stopped_by_webhook",
                partialFilterExpression={"standing.is_stopping": True},
            ),
        ]
