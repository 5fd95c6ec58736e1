"""The server's default app secret, and the workspaces that it speaks for.

It speaks for `default`, and for the workspaces that an operator has bound to it. An account of any
other workspace needs an app secret of its own: else a tenant could connect a number of the
operator's app, and the app's webhooks could not be told apart.
"""

from beanie import PydanticObjectId
from pydantic import SecretStr

from models import Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from whatsapp.errors import InvalidInput, InvalidReason
from whatsapp.settings import Settings


async def has_default_secret(workspace_id: PydanticObjectId) -> bool:
    """Returns True if the default secret speaks for the workspace."""
    if workspace_id == DEFAULT_WORKSPACE_ID:
        return True
    query = {"_id": workspace_id, "uses_default_app_secret": True}
    return await collection(Workspace).find_one(query, {"_id": 1}) is not None


async def list_default_workspaces() -> frozenset[PydanticObjectId]:
    """Returns the workspaces that the default secret speaks for."""
    bound = collection(Workspace).find({"uses_default_app_secret": True}, {"_id": 1})
    return frozenset([DEFAULT_WORKSPACE_ID, *[workspace["_id"] async for workspace in bound]])


async def find_default_secret(
    settings: Settings, workspace_id: PydanticObjectId
) -> SecretStr | None:
    """Returns the secret of the workspace's accounts without one of their own, if there is one."""
    if settings.meta_app_secret is None or not await has_default_secret(workspace_id):
        return None
    return settings.meta_app_secret


async def require_app_secret(workspace_id: PydanticObjectId, app_secret: str | None) -> None:
    """Raises InvalidInput if an account without this secret would have none."""
    if not app_secret and not await has_default_secret(workspace_id):
        raise InvalidInput(
            "Enter the app secret of your Meta app: the server's default secret is not for your"
            " workspace.",
            field=["appSecret"],
            reason=InvalidReason.REQUIRED,
        )
