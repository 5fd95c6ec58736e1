"""Mutations of API keys."""

from datetime import datetime

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import Role
from graph.core.errors import forbidden
from graph.core.ids import require_id
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.mutations.auditing import audited
from graph.types.api_keys import ApiKey, find_api_key
from models import AuditAction
from models.database.base import utc_now
from whatsapp.auth import api_keys
from whatsapp.auth.access import Viewer
from whatsapp.common.values import check_text
from whatsapp.errors import InvalidInput, NotFound

MAX_ACCOUNTS = 100


@strawberry.input(description="A new API key.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What it is for: 1 to 200 characters.")
    role: Role = strawberry.field(description="What it may do.")
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The accounts it is limited to, 1 to 100; without them, all accounts.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends by itself; without it, never."
    )


@strawberry.input(description="The API key to end.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = strawberry.field(description="The API key.")


@strawberry.type(description="An API key as it is now.")
class ApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(
        default=None, description="The API key; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The API key that was made.")
class CreateApiKeyPayload(ApiKeyPayload):
    token: str | None = strawberry.field(
        default=None, description="The key itself, to be kept in a safe place: shown this once."
    )


@strawberry.type(description="The API key that was ended.")
class RevokeApiKeyPayload(ApiKeyPayload):
    pass


@strawberry.type
class ApiKeyMutations:
    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Makes an API key that reaches no further than your own. Requires role ADMIN.",
    )
    @refusals_as_data(CreateApiKeyPayload)
    @audited(AuditAction.API_KEY_CREATED)
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:
        viewer = get_viewer(info)
        name = check_text(input.name, field="name")
        if name is None:
            raise InvalidInput("It must not be empty.", field=["name"])
        key, token = await api_keys.create_api_key(
            name=name,
            role=input.role,
            account_ids=await _read_accounts(viewer, input.account_ids),
            expires_at=_read_expiry(input.expires_at),
            created_by=viewer.name,
        )
        return CreateApiKeyPayload(api_key=ApiKey.from_document(key), token=token)

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Ends an API key for good; what it has open is closed within seconds."
        " Requires role ADMIN.",
    )
    @refusals_as_data(RevokeApiKeyPayload)
    @audited(AuditAction.API_KEY_REVOKED)
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> RevokeApiKeyPayload:
        key = await find_api_key(get_viewer(info), input.api_key_id)
        if key is None:
            raise NotFound("The API key", field=["apiKeyId"])
        revoked = await api_keys.revoke_api_key(key)
        return RevokeApiKeyPayload(api_key=ApiKey.from_document(revoked))


async def _read_accounts(
    viewer: Viewer, global_ids: list[strawberry.ID] | None
) -> list[PydanticObjectId] | None:
    """The accounts a key is limited to: those of the viewer at most."""
    if global_ids is None:
        if viewer.account_ids is not None:
            raise forbidden("Your key is limited to some accounts: name some of these.")
        return None
    if not 0 < len(global_ids) <= MAX_ACCOUNTS:
        raise InvalidInput(f"Name 1 to {MAX_ACCOUNTS} accounts.", field=["accountIds"])
    account_ids = sorted({require_id(one, "Account", "accountIds") for one in global_ids})
    seen = viewer.narrow(account_ids)
    there = await models.Account.find({"_id": {"$in": seen}, "deleted_at": None}).count()
    if there < len(account_ids):
        raise NotFound("An account", field=["accountIds"])
    return account_ids


def _read_expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at <= utc_now():
        raise InvalidInput("It lies in the past.", field=["expiresAt"])
    return expires_at
