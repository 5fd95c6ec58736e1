"""ApiKey: a credential for the GraphQL API. Only a hash of its secret is stored."""

from datetime import datetime
from enum import StrEnum

from beanie import PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument, utc_now


class Role(StrEnum):
    OPERATOR = "OPERATOR"
    """Workspaces, and metadata of what belongs to none; no content."""
    ADMIN = "ADMIN"
    AGENT = "AGENT"
    VIEWER = "VIEWER"


class CredentialKind(StrEnum):
    """The kind of a credential; OPERATOR stands for manage.py on the server, and SERVER for the
    server itself, which applies rules."""

    API_KEY = "API_KEY"
    JWT = "JWT"
    OPERATOR = "OPERATOR"
    SERVER = "SERVER"


class ApiKey(InWorkspace, ObjectIdDocument):
    name: str
    prefix: str
    """The public part of the key, shown in lists and used to find it."""
    secret_hash: str
    """Hex SHA-256 of the whole key; its secret part has 256 random bits."""
    role: Role
    account_ids: list[PydanticObjectId] | None = None
    """None for all accounts."""
    agent_id: PydanticObjectId | None = None
    """The agent that uses the key; None for the key of a server."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    created_by: str | None = None
    created_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "api_keys"
        indexes = [
            IndexModel([("prefix", ASCENDING)], name="prefix", unique=True),
            IndexModel(
                [("workspace_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="newest_of_workspace",
            ),
            IndexModel(
                [("agent_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
                name="agent",
            ),
        ]
