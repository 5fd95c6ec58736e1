"""Roles and account scopes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from beanie import PydanticObjectId

from models import Account, Agent, ApiKey, CredentialKind, Role, User
from models.database.base import DocumentType, match_workspace
from whatsapp.errors import NotFound

_WORD = re.compile("[A-Z][a-z]*")
# Operators manage workspaces and see no content, so they have none of the other roles.
RANKS = {Role.OPERATOR: 0, Role.VIEWER: 1, Role.AGENT: 2, Role.ADMIN: 3}


class OfAccount(Protocol):
    """A document or an event of an account."""

    @property
    def workspace_id(self) -> PydanticObjectId: ...

    @property
    def account_id(self) -> PydanticObjectId: ...


@dataclass(frozen=True)
class Viewer:
    """The authenticated caller and their rights."""

    credential_id: PydanticObjectId | str
    """The API key's id, or the subject of a token."""
    name: str
    role: Role
    workspace_id: PydanticObjectId
    account_ids: frozenset[PydanticObjectId] | None = None
    """Accounts of the workspace. None: all of them."""
    kind: CredentialKind = CredentialKind.API_KEY
    expires_at: datetime | None = None
    """Expiry of the credential."""
    agent_id: PydanticObjectId | None = None
    """The agent that uses the credential; None for the key of a server."""
    email: str | None = None
    """The e-mail address in a token."""

    @property
    def key(self) -> bytes | str:
        """The credential as a dictionary key: bytes hash and compare faster than an ObjectId."""
        credential_id = self.credential_id
        if isinstance(credential_id, str):
            # A subject may have tokens of several workspaces.
            return f"{self.workspace_id}:{credential_id}"
        return credential_id.binary

    def has_role(self, role: Role) -> bool:
        if Role.OPERATOR in (role, self.role):
            return role is self.role
        return RANKS[self.role] >= RANKS[role]

    def can_see(self, document: OfAccount) -> bool:
        return document.workspace_id == self.workspace_id and (
            self.account_ids is None or document.account_id in self.account_ids
        )

    def can_see_account(self, account: Account) -> bool:
        return account.workspace_id == self.workspace_id and self.is_allowed(account.id)

    def can_see_shared(self, document: Agent | ApiKey | User) -> bool:
        """Returns True for a document of several accounts, if it shares one with the viewer."""
        return document.workspace_id == self.workspace_id and (
            self.account_ids is None or bool(self.narrow(document.account_ids or ()))
        )

    def is_allowed(self, account_id: PydanticObjectId) -> bool:
        """Returns False if the credential is limited to other accounts.

        Without a limit it is True for any account, also of another workspace.
        """
        return self.account_ids is None or account_id in self.account_ids

    def limit_accounts(self, field: str = "account_id") -> dict[str, Any]:
        """Returns the part of a MongoDB filter that limits results to this viewer's accounts."""
        if self.account_ids is None:
            return match_workspace(self.workspace_id)
        # Without the workspace, indexes that begin with the account answer alone.
        return {field: {"$in": sorted(self.account_ids)}}

    def narrow(self, account_ids: Iterable[PydanticObjectId]) -> list[PydanticObjectId]:
        """Returns the given accounts of the viewer's workspace that this viewer may see."""
        return [account_id for account_id in account_ids if self.is_allowed(account_id)]


async def get_visible(
    document_class: type[DocumentType],
    viewer: Viewer,
    document_id: PydanticObjectId,
    *,
    field: str,
    account_field: str = "account_id",
) -> DocumentType:
    """Returns the document; `field` is the input field with its id.

    Raises:
        NotFound: it does not exist, or the viewer may not see it.
    """
    query = {"_id": document_id, **viewer.limit_accounts(account_field)}
    document = await document_class.find_one(query)
    if document is None:
        noun = " ".join(_WORD.findall(document_class.__name__)).lower()
        raise NotFound(f"The {noun}", field=[field])
    return document
