"""Roles and account scopes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from models import CredentialKind, Role
from models.database.base import DocumentType
from whatsapp.errors import NotFound

_WORD = re.compile("[A-Z][a-z]*")
RANKS = {Role.VIEWER: 1, Role.AGENT: 2, Role.ADMIN: 3}


@dataclass(frozen=True)
class Viewer:
    """The authenticated caller and their rights."""

    credential_id: PydanticObjectId | str
    """The API key's id, or the subject of a token."""
    name: str
    role: Role
    account_ids: frozenset[PydanticObjectId] | None = None
    """None: all accounts."""
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
        return credential_id if isinstance(credential_id, str) else credential_id.binary

    def has_role(self, role: Role) -> bool:
        return RANKS[self.role] >= RANKS[role]

    def can_see(self, account_id: PydanticObjectId) -> bool:
        return self.account_ids is None or account_id in self.account_ids

    def limit_accounts(self, field: str = "account_id") -> dict[str, Any]:
        """Returns the part of a MongoDB filter that limits results to this viewer's accounts."""
        if self.account_ids is None:
            return {}
        return {field: {"$in": sorted(self.account_ids)}}

    def narrow(self, account_ids: Iterable[PydanticObjectId]) -> list[PydanticObjectId]:
        """Returns the given accounts that this viewer may see."""
        return [account_id for account_id in account_ids if self.can_see(account_id)]


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
