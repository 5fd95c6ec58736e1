"""The workspaces of an app, whose secret signs the webhooks of its numbers.

An app secret speaks for the workspaces whose accounts have it, and the server's default secret for
`default` and for the workspaces that an operator has bound to it. An item reaches no workspace that
its signer does not speak for, and does not show the signer that a number is connected there.
"""

from typing import Any

from beanie import PydanticObjectId

from models import Account
from models.database.base import (
    DEFAULT_WORKSPACE_ID,
    NO_WORKSPACE_ID,
    WORKSPACE_FIELD,
    collection,
    match_workspace,
)
from whatsapp.accounts.default_secret import has_default_secret, list_default_workspaces


class AppWorkspaces:
    """Finds the workspaces of signers, and caches them. Use an instance per batch."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, bool], frozenset[PydanticObjectId]] = {}

    async def find(self, secret_digest: str, *, by_default_secret: bool) -> PydanticObjectId:
        """Returns the only workspace that the signer speaks for, or else NO_WORKSPACE_ID."""
        found = await self.list_signed(secret_digest, by_default_secret=by_default_secret)
        return next(iter(found)) if len(found) == 1 else NO_WORKSPACE_ID

    async def list_signed(
        self, secret_digest: str, *, by_default_secret: bool
    ) -> frozenset[PydanticObjectId]:
        """Returns the workspaces that the signer speaks for."""
        key = (secret_digest, by_default_secret)
        if key not in self._found:
            owners = await _list_owners(secret_digest)
            self._found[key] = owners | (
                await list_default_workspaces() if by_default_secret else frozenset()
            )
        return self._found[key]


async def match_signers(
    workspace_id: PydanticObjectId, default_digest: str | None
) -> dict[str, Any]:
    """Returns the query for the parked items whose signer speaks for the workspace."""
    fields = {"app_secret_digest": 1, "former_app_secrets.digest": 1}
    digests: set[str] = set()
    async for account in collection(Account).find(match_workspace(workspace_id), fields):
        formers = account.get("former_app_secrets", [])
        known = [account.get("app_secret_digest"), *(former["digest"] for former in formers)]
        digests.update(digest for digest in known if digest is not None)
    if not await has_default_secret(workspace_id):
        return {"secret_digest": {"$in": sorted(digests)}}
    if default_digest is not None:
        digests.add(default_digest)
    return {"$or": [{"secret_digest": {"$in": sorted(digests)}}, {"by_default_secret": True}]}


async def _list_owners(secret_digest: str) -> frozenset[PydanticObjectId]:
    """Returns the workspaces of the accounts that have the secret, or had it."""
    is_signer = [
        {"app_secret_digest": secret_digest},
        {"former_app_secrets.digest": secret_digest},
    ]
    query = {"$or": is_signer}
    accounts = collection(Account).find(query, {WORKSPACE_FIELD: 1})
    return frozenset(
        [account.get(WORKSPACE_FIELD, DEFAULT_WORKSPACE_ID) async for account in accounts]
    )
