"""The caller of a request."""

from datetime import datetime
from typing import Self

import strawberry

import models
from graph.core.context import Info, IsViewer, IsViewerOrOperator, get_viewer
from graph.core.enums import CredentialKind, Role
from graph.core.stored import load_agent, load_workspace
from graph.types.accounts import Account, list_visible_accounts
from graph.types.auth.agents import Agent
from graph.types.auth.workspaces import Workspace
from graph.types.connection_field import DocumentList, connection_field
from telemetry.global_ids import encode_id
from version import VERSION
from whatsapp.auth.access import Viewer as Access


@strawberry.type(description="Caller of the request, as identified by its credential.")
class Viewer:
    id: str = strawberry.field(
        description="Id of the API key as in `apiKeys`, or subject (`sub`) of the token."
    )
    kind: CredentialKind = strawberry.field(description="Kind of credential.")
    name: str = strawberry.field(description="Name of the API key or of the token's holder.")
    role: Role = strawberry.field(description="Role that the credential grants.")
    expires_at: datetime | None = strawberry.field(
        description="Time at which the credential expires and its open sockets are closed."
    )
    server_version: str = strawberry.field(description="Version of the server, such as 0.2.0.")
    covers_all_accounts: bool = strawberry.field(
        description="True if the credential covers all accounts, including later ones."
    )
    access: strawberry.Private[Access]

    @connection_field(Account, description="Accounts visible to the caller, newest first.")
    def accounts(self) -> DocumentList:
        return DocumentList(models.Account, list_visible_accounts(self.access))

    @strawberry.field(
        description="Agent that uses the credential; null for the API key of a server."
    )
    async def agent(self, info: Info) -> Agent | None:
        agent_id = self.access.agent_id
        document = None if agent_id is None else await load_agent(info, agent_id)
        return None if document is None else Agent.from_document(document)

    @strawberry.field(description="Workspace of the credential; null for an OPERATOR.")
    async def workspace(self, info: Info) -> Workspace | None:
        document = await load_workspace(info, self.access.workspace_id)
        return None if document is None else Workspace.from_document(document)

    @classmethod
    def from_access(cls, viewer: Access) -> Self:
        is_key = viewer.kind is CredentialKind.API_KEY
        own_id = str(viewer.credential_id)
        return cls(
            id=encode_id("ApiKey", own_id) if is_key else own_id,
            kind=viewer.kind,
            name=viewer.name,
            role=viewer.role,
            expires_at=viewer.expires_at,
            server_version=VERSION,
            covers_all_accounts=viewer.account_ids is None,
            access=viewer,
        )


@strawberry.type
class ViewerQueries:
    @strawberry.field(
        permission_classes=[IsViewerOrOperator],
        description="Returns the caller with its role and accounts. Requires role VIEWER or"
        " OPERATOR.",
    )
    def viewer(self, info: Info) -> Viewer:
        return Viewer.from_access(get_viewer(info))

    @strawberry.field(
        permission_classes=[IsViewer],
        description="Returns the cursor of the newest event. To miss no change, read it, load your"
        " lists, then subscribe with `after` set to it. Requires role VIEWER.",
    )
    async def event_cursor(self, info: Info) -> str:
        return await info.context.services.live.get_cursor(get_viewer(info).workspace_id)
