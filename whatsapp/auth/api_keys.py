"""API keys: creation, authentication and revocation.

A key is `wag_<prefix>_<secret>`. The prefix finds the document, then the SHA-256 of the whole key
is compared. The secret has 256 random bits, so a fast hash is as safe as a slow one.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Agent, ApiKey, CredentialKind, Grant, Role
from models.database.base import collection, to_bson, utc_now
from models.database.coalescing import find_by
from models.database.conversion import from_bson
from whatsapp.auth.access import Viewer
from whatsapp.auth.agent_activity import AgentActivity
from whatsapp.auth.agents import add_grant, make_agent, remove_grant
from whatsapp.auth.identity_provider import IdentityProvider
from whatsapp.auth.retired_agents import RetiredAgents
from whatsapp.auth.token_agents import TokenAgents
from whatsapp.common.account_workspaces import select_accounts
from whatsapp.common.crypto import digest_secret
from whatsapp.workspaces.workspace_states import WorkspaceStates

PREFIX = "wag_"
_TOKEN = re.compile(r"wag_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
LAST_USED_STEP = timedelta(minutes=1)


async def create_api_key(
    workspace_id: PydanticObjectId,
    *,
    name: str,
    role: Role,
    account_ids: list[PydanticObjectId] | None = None,
    expires_at: datetime | None = None,
    created_by: str | None = None,
    agent_id: PydanticObjectId | None = None,
    for_server: bool = False,
) -> tuple[ApiKey, str]:
    """Creates a key; returns the document and the key itself, which is shown only once.

    The key belongs to the agent `agent_id`, by default to a new agent with the name of the key. The
    key of a server has no agent.
    """
    prefix = secrets.token_hex(6)
    token = f"wag_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        workspace_id=workspace_id,
        name=name,
        prefix=prefix,
        secret_hash=digest_secret(token),
        role=role,
        account_ids=account_ids,
        expires_at=expires_at,
        created_by=created_by,
        agent_id=agent_id,
    )
    grant = Grant(api_key_id=key.id, role=role, account_ids=account_ids, expires_at=expires_at)
    agent = None if for_server or agent_id is not None else make_agent(workspace_id, name, grant)
    if agent is not None:
        key.agent_id = agent.id

    async def write(session: AsyncClientSession) -> None:
        if agent is not None:
            await collection(Agent).insert_one(to_bson(agent), session=session)
        elif agent_id is not None:
            await add_grant(agent_id, grant, session)
        await collection(ApiKey).insert_one(to_bson(key), session=session)

    await _write_in_transaction(write)
    return key, token


async def authenticate_api_key(token: str) -> Viewer | None:
    """Returns the key's viewer, or None if it is malformed, unknown, expired or revoked."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    stored = await find_by(ApiKey, "prefix").load(match[1])
    key = None if stored is None else from_bson(ApiKey, stored)
    if key is None or not hmac.compare_digest(key.secret_hash, digest_secret(token)):
        return None
    if not is_valid(key, utc_now()):
        return None
    await _record_use(key)
    return view_key(key)


def is_valid(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def view_key(key: ApiKey) -> Viewer:
    accounts = None if key.account_ids is None else frozenset(key.account_ids)
    return Viewer(
        credential_id=key.id,
        name=key.name,
        role=key.role,
        workspace_id=key.workspace_id,
        account_ids=accounts,
        expires_at=key.expires_at,
        agent_id=key.agent_id,
    )


async def list_viewers(key_ids: Iterable[PydanticObjectId]) -> dict[PydanticObjectId, Viewer]:
    """Returns the current rights of the given keys that are still valid."""
    now = utc_now()
    keys = await ApiKey.find({"_id": {"$in": list(key_ids)}}).to_list()
    return {key.id: view_key(key) for key in keys if is_valid(key, now)}


async def revoke_api_key(key: ApiKey) -> ApiKey:
    """Revokes a key; its open sockets are closed within seconds. Repeating it is harmless."""

    async def write(session: AsyncClientSession) -> None:
        await collection(ApiKey).update_one(
            {"_id": key.id, "revoked_at": None},
            {"$set": {"revoked_at": utc_now()}},
            session=session,
        )
        if key.agent_id is not None:
            await remove_grant(key.agent_id, key.id, session)

    await _write_in_transaction(write)
    return await ApiKey.get(key.id) or key


async def _write_in_transaction(write: Callable[[AsyncClientSession], Awaitable[None]]) -> None:
    async with collection(ApiKey).database.client.start_session() as session:
        await session.with_transaction(write)


async def _record_use(key: ApiKey) -> None:
    # At most one write a minute, so that a busy key does not write its document on every request.
    now = utc_now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_STEP:
        await collection(ApiKey).update_one({"_id": key.id}, {"$max": {"last_used_at": now}})


class Authenticator:
    """Authenticates API keys, and tokens of the identity provider if there is one."""

    def __init__(
        self,
        provider: IdentityProvider | None = None,
        *,
        activity: AgentActivity,
        retired_agents: RetiredAgents,
        workspace_states: WorkspaceStates,
        claims_check_seconds: float,
    ) -> None:
        self._provider = provider
        self._activity = activity
        self.retired_agents = retired_agents
        self._workspace_states = workspace_states
        self._token_agents = TokenAgents(check_seconds=claims_check_seconds)

    async def authenticate(self, credential: str) -> Viewer | None:
        """Returns the viewer, or None if the credential is invalid, expired or revoked.

        It is invalid if its workspace is being deleted.

        Raises:
            PyMongoError: MongoDB is unavailable.
            ProviderUnavailable: the identity provider's keys could not be fetched yet.
            AgentRetired: the credential is valid, but its agent is retired.
            WorkspaceSuspended: the credential is valid, but its workspace is suspended.
        """
        if credential.startswith(PREFIX):
            viewer = await authenticate_api_key(credential)
        else:
            viewer = await self._provider.authenticate(credential) if self._provider else None
        if viewer is None or not await self._workspace_states.may_be_used(viewer.workspace_id):
            return None
        if viewer.kind is CredentialKind.JWT:
            viewer = await self._complete_token(viewer)
        await self.retired_agents.require_active(viewer.agent_id)
        self._activity.record(viewer.agent_id)
        return viewer

    async def _complete_token(self, viewer: Viewer) -> Viewer:
        """Adds the token's agent, and leaves out accounts of other workspaces."""
        if viewer.account_ids is not None:
            own_ids = await select_accounts(viewer.workspace_id, viewer.account_ids)
            viewer = replace(viewer, account_ids=frozenset(own_ids))
        return replace(viewer, agent_id=await self._token_agents.find(viewer))
