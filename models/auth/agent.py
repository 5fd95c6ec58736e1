"""Agent: a person or program of the business that answers customers."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pydantic import BaseModel, Field
from pymongo import ASCENDING, IndexModel

from models.auth.api_key import Role
from models.database.base import ANY_STRING, InWorkspace, ObjectIdDocument, utc_now


class Grant(BaseModel):
    """Access that a credential gives to its agent."""

    api_key_id: PydanticObjectId | None = None
    """The API key. None for tokens, and for an agent of version 0.1, which has no credential."""
    role: Role | None = None
    """None without a credential."""
    account_ids: list[PydanticObjectId] | None = None
    """None for all accounts of the workspace."""
    expires_at: datetime | None = None
    """Expiry of the API key."""


class TokenClaims(BaseModel):
    """The claims of the newest token."""

    name: str
    email: str | None = None


class Agent(InWorkspace, ObjectIdDocument):
    """Made with an API key, or at the first use of a token. Kept when its credentials end."""

    name: str
    sort_name: str
    """`name` in lower case; lists are sorted by it."""
    email: str | None = None
    subject: str | None = None
    """The `sub` of its tokens, or the text by which version 0.1 knew the agent."""
    claims: TokenClaims | None = None
    """None until the agent uses a token."""
    grants: list[Grant] = Field(default_factory=list)
    """Access by API keys that are not revoked, and by the newest token."""
    account_ids: list[PydanticObjectId] | None = None
    """The accounts of all grants, also of former ones: their staff may see the agent. None for all
    accounts."""
    retired_at: datetime | None = None
    """None while its credentials are accepted."""
    last_seen_at: datetime | None = None
    """Time of the last request or open subscription, late by up to a minute."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    class Settings:
        name = "agents"
        indexes = [
            IndexModel(
                [("workspace_id", ASCENDING), ("subject", ASCENDING)],
                name="subject_of_workspace",
                unique=True,
                partialFilterExpression={"subject": ANY_STRING},
            ),
            IndexModel(
                [("retired_at", ASCENDING)],
                name="retired",
                partialFilterExpression={"retired_at": {"$type": "date"}},
            ),
            IndexModel(
                [("workspace_id", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name_of_workspace",
            ),
            IndexModel(
                [("account_ids", ASCENDING), ("sort_name", ASCENDING), ("_id", ASCENDING)],
                name="by_name_of_accounts",
            ),
        ]


def make_names(name: str) -> dict[str, Any]:
    """Returns the fields that hold a name."""
    return {"name": name, "sort_name": name.casefold()}
