"""API keys in the graph: who may use it. The keys themselves are shown once, when they are made."""

import asyncio
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.connections import (
    NEWEST,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import Role
from graph.core.ids import parse_id
from graph.core.stored import load_account
from graph.types.accounts import Account
from whatsapp.auth.access import Viewer


@strawberry.type(description="A key with which a program or a person uses this API.")
class ApiKey(relay.Node):
    node_id: relay.NodeID[str]
    name: str = strawberry.field(description="What it is for; messages sent with it carry it.")
    prefix: str = strawberry.field(description="The public part of the key, to recognise it by.")
    role: Role = strawberry.field(description="What it may do.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    revoked_at: datetime | None = strawberry.field(description="When it was ended.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute."
    )
    created_by: str | None = strawberry.field(description="Name of the key that made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    document: strawberry.Private[models.ApiKey]

    @strawberry.field(
        description="The accounts it is limited to, as far as they exist; null means all accounts."
    )
    async def accounts(self, info: Info) -> list[Account] | None:
        if self.document.account_ids is None:
            return None
        account_ids = self.document.account_ids
        found = await asyncio.gather(*(load_account(info, one) for one in account_ids))
        there = [document for document in found if document and document.deleted_at is None]
        return [Account.from_document(document) for document in there]

    @classmethod
    def from_document(cls, document: models.ApiKey) -> Self:
        return cls(
            node_id=str(document.id),
            name=document.name,
            prefix=document.prefix,
            role=document.role,
            expires_at=document.expires_at,
            revoked_at=document.revoked_at,
            last_used_at=document.last_used_at,
            created_by=document.created_by,
            created_at=document.created_at,
            document=document,
        )


@strawberry.type
class ApiKeyQueries:
    @strawberry.field(
        permission_classes=[IsAdmin],
        description="The API keys, newest first; an admin of some accounts sees those that reach"
        " no further. Requires role ADMIN.",
    )
    async def api_keys(
        self,
        info: Info,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ApiKey]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        within = limit_keys(get_viewer(info))
        return await connect(models.ApiKey, within, ApiKey.from_document, order=NEWEST, page=page)


def limit_keys(viewer: Viewer) -> dict[str, Any]:
    """The filter of the keys that reach no further than the viewer."""
    if viewer.account_ids is None:
        return {}
    beyond = {"$elemMatch": {"$nin": sorted(viewer.account_ids)}}
    return {"account_ids": {"$type": "array", "$not": beyond}}


async def find_api_key(viewer: Viewer, global_id: str) -> models.ApiKey | None:
    """The key with this global id, if the viewer may see it."""
    key_id = parse_id(global_id, "ApiKey")
    if key_id is None:
        return None
    return await models.ApiKey.find_one({"_id": key_id, **limit_keys(viewer)})
