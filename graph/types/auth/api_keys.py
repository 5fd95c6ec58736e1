"""API keys in the graph. The secret is returned once, by `createApiKey`."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import Role
from graph.core.ids import parse_id
from graph.core.stored import LINKED_AGENTS, linked, registers_type, stored
from graph.types.accounts import Account, list_visible_accounts
from graph.types.auth.agents import Agent
from graph.types.connection_field import DocumentList, connection_field
from models.database.base import match_workspace
from whatsapp.auth.access import Viewer


@registers_type(models.ApiKey)
@strawberry.type(description="Credential with which a program or a person uses this API.")
class ApiKey(relay.Node):
    node_id: relay.NodeID[str]
    name: str = stored(
        "name",
        description="Purpose of the key; messages that a server's key sends carry this name.",
    )
    prefix: str = stored("prefix", description="Public part of the key, for recognition.")
    role: Role = stored("role", description="Role that the key grants.")
    expires_at: datetime | None = stored(
        "expires_at", description="Time at which the key expires; null if it never does."
    )
    revoked_at: datetime | None = stored(
        "revoked_at", description="Time at which the key was revoked; null if it is valid."
    )
    last_used_at: datetime | None = stored(
        "last_used_at", description="Time of the last use, with a precision of one minute."
    )
    created_by: str | None = stored(
        "created_by", description="Name of the key that created this key."
    )
    created_at: datetime = stored("created_at", description="Time of creation.")
    agent: Agent | None = linked(
        "agent_id",
        LINKED_AGENTS,
        description="Agent that uses the key; null for the key of a server.",
    )
    covers_all_accounts: bool = stored(
        "account_ids",
        convert=lambda account_ids: account_ids is None,
        description="True if the key covers all accounts, including later ones.",
    )
    document: strawberry.Private[models.ApiKey]

    @connection_field(
        Account,
        description="Existing accounts that the key covers, newest first.",
        needs=["account_ids"],
    )
    def accounts(self, info: Info) -> DocumentList:
        conditions = [list_visible_accounts(get_viewer(info))]
        if self.document.account_ids is not None:
            conditions.append({"_id": {"$in": self.document.account_ids}})
        return DocumentList(models.Account, {"$and": conditions})

    @classmethod
    def from_document(cls, document: models.ApiKey) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class ApiKeyQueries:
    @connection_field(
        ApiKey,
        permission_classes=[IsAdmin],
        description="Lists API keys, newest first. An ADMIN limited to some accounts sees only"
        " keys limited to these accounts. Requires role ADMIN.",
    )
    def api_keys(
        self,
        info: Info,
        agent_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Returns only keys of this agent."),
        ] = None,
    ) -> DocumentList:
        conditions = limit_keys(get_viewer(info))
        if agent_id is not None:
            conditions["agent_id"] = parse_id(agent_id, "Agent")
        return DocumentList(models.ApiKey, conditions)


def limit_keys(viewer: Viewer) -> dict[str, Any]:
    """Returns the filter of the keys limited to the viewer's accounts."""
    limited = match_workspace(viewer.workspace_id)
    if viewer.account_ids is None:
        return limited
    beyond = {"$elemMatch": {"$nin": sorted(viewer.account_ids)}}
    return limited | {"account_ids": {"$type": "array", "$not": beyond}}


async def find_api_key(viewer: Viewer, global_id: str) -> models.ApiKey | None:
    """Loads an API key by its global id; None if it is not visible to the viewer."""
    key_id = parse_id(global_id, "ApiKey")
    if key_id is None:
        return None
    return await models.ApiKey.find_one({"_id": key_id, **limit_keys(viewer)})
