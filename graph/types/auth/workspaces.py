"""Workspaces in the graph."""

from typing import Self

import strawberry
from strawberry import relay

import models
from graph.core.connections import ListCount
from graph.core.context import Info, IsOperator, get_loaders, get_viewer
from graph.core.enums import WorkspaceState
from graph.core.loaders import CountQuery
from graph.core.stored import reads, registers_type, stored
from graph.types.accounts import list_visible_accounts
from graph.types.auth.retention import RetentionRules
from graph.types.auth.workspace_usage import WorkspaceQuotas, WorkspaceUsage, load_usage
from graph.types.connection_field import DocumentList, connection_field
from graph.types.timestamped import Timestamped
from models.database.base import match_workspace


@registers_type(models.Workspace)
@strawberry.type(
    description="Tenant of the instance: a business with its accounts, people, credentials and"
    " rules."
)
class Workspace(relay.Node, Timestamped):
    node_id: relay.NodeID[str]
    name: str = stored("name", description="Name, unique on the instance whatever its case.")
    state: WorkspaceState = stored("state", description="Current state.")
    uses_default_app_secret: bool = stored(
        "uses_default_app_secret",
        description="True if webhooks that are signed with the server's app secret are accepted for"
        " accounts without an app secret of their own.",
    )

    document: strawberry.Private[models.Workspace]

    @strawberry.field(
        description="Rules by which data of the workspace is removed; null for other roles than"
        " ADMIN and OPERATOR.",
        metadata=reads("retention"),
    )
    def retention(self, info: Info) -> RetentionRules | None:
        viewer = get_viewer(info)
        if not (viewer.has_role(models.Role.ADMIN) or viewer.has_role(models.Role.OPERATOR)):
            return None
        return RetentionRules.from_model(self.document.retention)

    @strawberry.field(description="Limits of the workspace.", metadata=reads("quotas"))
    def quotas(self) -> WorkspaceQuotas:
        return WorkspaceQuotas.from_model(self.document.quotas)

    @strawberry.field(
        description="What the workspace uses; null for a credential that is limited to some"
        " accounts.",
        metadata=reads("id", "quotas"),
    )
    async def usage(self, info: Info) -> WorkspaceUsage | None:
        is_limited = get_viewer(info).account_ids is not None
        return None if is_limited else await load_usage(info, self.document)

    @strawberry.field(
        description="Number of the workspace's accounts that are visible to the caller; an OPERATOR"
        " counts all. Costs 10 objects.",
        metadata=reads("id"),
    )
    async def account_count(self, info: Info) -> ListCount:
        viewer = get_viewer(info)
        visible = (
            match_workspace(self.document.id) | {"deleted_at": None}
            if viewer.has_role(models.Role.OPERATOR)
            else list_visible_accounts(viewer)
        )
        query = CountQuery(models.Account, visible)
        return ListCount.from_count(await get_loaders(info).counts.load(query))

    @classmethod
    def from_document(cls, document: models.Workspace) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class WorkspaceQueries:
    @connection_field(
        Workspace,
        permission_classes=[IsOperator],
        description="Lists the workspaces of the instance, newest first. Requires role OPERATOR.",
    )
    def workspaces(self) -> DocumentList:
        return DocumentList(models.Workspace, {})
