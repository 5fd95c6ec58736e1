"""Mutations of API keys."""

from datetime import datetime

import strawberry
from beanie import PydanticObjectId

from graph.core.context import Info, IsAdmin, IsAdminOrOperator, get_viewer
from graph.core.enums import Role
from graph.core.errors import forbidden
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, user_errors
from graph.mutations.account_ids import read_accounts, require_accounts
from graph.mutations.mutation_field import mutation_field
from graph.types.auth.api_keys import ApiKey, find_api_key
from models import AuditAction
from models.database.base import utc_now
from whatsapp.auth import api_keys
from whatsapp.auth.access import Viewer
from whatsapp.auth.agents import get_managed_agent, require_active
from whatsapp.common.values import check_name
from whatsapp.errors import InvalidInput, InvalidReason, NotFound, RefusalCollector
from whatsapp.workspaces.workspaces import get_workspace, require_unused


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
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Workspace of the key; for an OPERATOR, who must give it, only. Others make"
        " keys of their own workspace.",
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
        IsAdminOrOperator,
        audit=AuditAction.API_KEY_CREATED,
        description="Creates an API key for at most the accounts of the caller. An OPERATOR creates"
        " the first key of a workspace, with role ADMIN. Requires role ADMIN or OPERATOR.",
    )
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:
        viewer = get_viewer(info)
        with RefusalCollector() as collect:
            name = collect(check_name, input.name)
            account_ids = collect(read_accounts, viewer, input.account_ids)
            expires_at = collect(_read_expiry, input.expires_at)
            agent_id = collect(_read_agent, input)
            collect(_check_role, viewer, input.role)
        workspace_id = await _choose_workspace(viewer, input.workspace_id)
        await require_accounts(viewer, account_ids)
        if agent_id is not None:
            require_active(await get_managed_agent(viewer, agent_id))
        key, token = await api_keys.create_api_key(
            workspace_id,
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


def _check_role(viewer: Viewer, role: Role) -> None:
    if role is Role.OPERATOR:
        raise InvalidInput(
            "Keys of operators are made on the server, by manage.py create-api-key.", field=["role"]
        )
    if viewer.has_role(Role.OPERATOR) and role is not Role.ADMIN:
        raise InvalidInput("The first key of a workspace has the role ADMIN.", field=["role"])


async def _choose_workspace(viewer: Viewer, global_id: str | None) -> PydanticObjectId:
    """Returns the workspace of the new key: the caller's, or the given one for an operator.

    Raises:
        RequestError: FORBIDDEN, only an operator can give a workspace.
        InvalidInput, NotFound: an operator gives none, or an unknown one.
        Conflict: the operator's workspace is in use.
    """
    if not viewer.has_role(Role.OPERATOR):
        if global_id is not None:
            raise forbidden("Requires role OPERATOR: omit `workspaceId`.")
        return viewer.workspace_id
    if global_id is None:
        raise InvalidInput(
            "Give the workspace of the key.", field=["workspaceId"], reason=InvalidReason.REQUIRED
        )
    workspace = await get_workspace(require_id(global_id, "Workspace", "workspaceId"))
    await require_unused(workspace)
    return workspace.id


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
