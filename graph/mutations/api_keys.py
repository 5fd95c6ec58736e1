"""Mutations of API keys."""

from datetime import datetime

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import Role
from graph.core.errors import forbidden
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.auth.api_keys import ApiKey, find_api_key
from models import AuditAction
from models.database.base import utc_now
from whatsapp.auth import api_keys
from whatsapp.auth.access import Viewer
from whatsapp.auth.agents import get_managed_agent
from whatsapp.common.values import check_name
from whatsapp.errors import InvalidInput, NotFound, RefusalCollector

MAX_ACCOUNTS = 100


@strawberry.input(description="API key to create.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="Purpose of the key, 1 to 200 characters.")
    role: Role = strawberry.field(description="Role that the key grants.")
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="1 to 100 accounts to which the key is limited; all accounts if omitted.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="Time at which the key expires; never if omitted."
    )
    agent_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Id of the agent that uses the key; by default a new agent with the name of"
        " the key.",
    )
    for_server: bool = strawberry.field(
        default=False,
        description="True for the key of a server, which has no agent and can send messages on"
        " behalf of agents; not with `agentId`.",
    )


@strawberry.input(description="Input of `revokeApiKey`.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = strawberry.field(description="Id of the API key.")


@strawberry.type(description="Result of a mutation that changes an API key.")
class ApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(
        default=None, description="Current state of the API key; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `createApiKey`.")
class CreateApiKeyPayload(ApiKeyPayload):
    token: str | None = strawberry.field(
        default=None, description="Secret key; returned only once, so store it safely."
    )


@strawberry.type
class ApiKeyMutations:
    @mutation_field(
        IsAdmin,
        audit=AuditAction.API_KEY_CREATED,
        description="Creates an API key limited to the caller's own accounts at most. Requires"
        " role ADMIN.",
    )
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:
        viewer = get_viewer(info)
        with RefusalCollector() as collect:
            name = collect(check_name, input.name)
            account_ids = collect(_read_accounts, viewer, input.account_ids)
            expires_at = collect(_read_expiry, input.expires_at)
            agent_id = collect(_read_agent, input)
        await _require_accounts(viewer, account_ids)
        if agent_id is not None:
            await get_managed_agent(viewer, agent_id)
        key, token = await api_keys.create_api_key(
            name=name,
            role=input.role,
            account_ids=account_ids,
            expires_at=expires_at,
            created_by=viewer.name,
            agent_id=agent_id,
            for_server=input.for_server,
        )
        return CreateApiKeyPayload(api_key=ApiKey.from_document(key), token=token)

    @mutation_field(
        IsAdmin,
        audit=AuditAction.API_KEY_REVOKED,
        description="Revokes an API key permanently and closes its connections within seconds."
        " Requires role ADMIN.",
    )
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> ApiKeyPayload:
        key = await find_api_key(get_viewer(info), input.api_key_id)
        if key is None:
            raise NotFound("The API key", field=["apiKeyId"])
        revoked = await api_keys.revoke_api_key(key)
        return ApiKeyPayload(api_key=ApiKey.from_document(revoked))


def _read_accounts(
    viewer: Viewer, global_ids: list[strawberry.ID] | None
) -> list[PydanticObjectId] | None:
    """Returns the accounts of a new key; None for all."""
    if global_ids is None:
        if viewer.account_ids is not None:
            raise forbidden("Your credential is limited to some accounts; give `accountIds`.")
        return None
    if not 0 < len(global_ids) <= MAX_ACCOUNTS:
        raise InvalidInput(f"Give 1 to {MAX_ACCOUNTS} accounts.", field=["accountIds"])
    return sorted({require_id(global_id, "Account", "accountIds") for global_id in global_ids})


async def _require_accounts(viewer: Viewer, account_ids: list[PydanticObjectId] | None) -> None:
    """Raises NotFound if the viewer can't see one of the accounts."""
    if account_ids is None:
        return
    visible_ids = viewer.narrow(account_ids)
    count = await models.Account.find({"_id": {"$in": visible_ids}, "deleted_at": None}).count()
    if count < len(account_ids):
        raise NotFound("An account", field=["accountIds"])


def _read_agent(input: CreateApiKeyInput) -> PydanticObjectId | None:
    if input.agent_id is not None and input.for_server:
        raise InvalidInput("The key of a server has no agent; omit `agentId`.", field=["agentId"])
    return parse_given_id(input.agent_id, "Agent", "agentId")


def _read_expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at <= utc_now():
        raise InvalidInput("The expiry time must be in the future.", field=["expiresAt"])
    return expires_at
