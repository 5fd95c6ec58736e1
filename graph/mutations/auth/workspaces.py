"""Mutations of workspaces, for operators."""

from collections.abc import Collection

import strawberry
from strawberry import ID, Maybe

import models
from graph.core.context import Info, IsAdminOrOperator, IsOperator, get_viewer
from graph.core.errors import forbidden
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.mutation_field import mutation_field
from graph.types.auth.retention import RetentionRulesInput
from graph.types.auth.workspaces import Workspace
from models import AuditAction, Quotas, Retention, Role
from whatsapp.errors import NotFound
from whatsapp.privacy import workspace_deletion
from whatsapp.workspaces import suspension, workspaces

# What an administrator may decide about the own workspace.
_OF_ADMINS = frozenset({"retention"})


@strawberry.input(description="Workspace to create.")
class CreateWorkspaceInput:
    name: str = strawberry.field(
        description="Name, 1 to 63 characters, unique on the instance whatever its case."
    )


@strawberry.input(
    description="Limits of a workspace, each 1 to 1,000,000,000; null removes a limit, omitted"
    " fields keep theirs."
)
class WorkspaceQuotasInput:
    operation_cost_per_minute: Maybe[int | None] = strawberry.field(
        description="Cost of queries and mutations a minute, in each server process."
    )
    event_cost_per_minute: Maybe[int | None] = strawberry.field(
        description="Cost of the events of subscriptions a minute, in each server process."
    )
    sockets: Maybe[int | None] = strawberry.field(
        description="Open WebSockets and event streams, in each server process."
    )
    uploads_per_minute: Maybe[int | None] = strawberry.field(
        description="Requests with files a minute, in each server process."
    )
    sends_per_second: Maybe[int | None] = strawberry.field(
        description="Messages that leave for WhatsApp a second, in each server process."
    )
    media_downloads: Maybe[int | None] = strawberry.field(
        description="Received files that are downloaded at once, in each server process."
    )
    stored_bytes: Maybe[float | None] = strawberry.field(
        description="Bytes of all stored files, at most 1e15. Beyond it, received files wait as"
        " PENDING, and uploads are refused."
    )


@strawberry.input(description="Changes to a workspace; omitted fields keep their values.")
class UpdateWorkspaceInput:
    workspace_id: ID | None = strawberry.field(
        default=None, description="Id of the workspace; an ADMIN may omit it for the own one."
    )
    name: Maybe[str | None] = strawberry.field(
        description="Name, 1 to 63 characters; the workspace `default` keeps its name."
    )
    uses_default_app_secret: Maybe[bool | None] = strawberry.field(
        description="True to accept webhooks that are signed with the server's app secret for"
        " accounts without an app secret of their own; always true for the workspace `default`."
    )
    quotas: Maybe[WorkspaceQuotasInput | None] = strawberry.field(
        description="Limits of the workspace, applied within seconds."
    )
    retention: Maybe[RetentionRulesInput | None] = strawberry.field(
        description="Rules by which data is removed, applied within a minute and then once a day."
    )


@strawberry.input(description="Input of a mutation of one workspace.")
class WorkspaceInput:
    workspace_id: ID = strawberry.field(description="Id of the workspace.")


@strawberry.type(description="Result of a mutation that changes a workspace.")
class WorkspacePayload:
    workspace: Workspace | None = strawberry.field(
        default=None,
        description="Current state of the workspace; null if the mutation was refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class WorkspaceMutations:
    @mutation_field(
        IsOperator,
        audit=AuditAction.WORKSPACE_CREATED,
        description="Creates a workspace, without credentials or accounts. Requires role OPERATOR.",
    )
    async def create_workspace(self, info: Info, input: CreateWorkspaceInput) -> WorkspacePayload:  # noqa: ARG002 - read by the audit log
        document = await workspaces.create_workspace(input.name)
        return WorkspacePayload(workspace=Workspace.from_document(document))

    @mutation_field(
        IsAdminOrOperator,
        audit=AuditAction.WORKSPACE_UPDATED,
        description="Changes a workspace; an ADMIN of all accounts can change only `retention` of"
        " the own one. Requires role ADMIN or OPERATOR.",
    )
    async def update_workspace(self, info: Info, input: UpdateWorkspaceInput) -> WorkspacePayload:
        names = ("name", "uses_default_app_secret", "quotas", "retention")
        changes = list_changes(input, *names, required=names)
        if "quotas" in changes:
            changes["quotas"] = list_changes(changes["quotas"], *Quotas.model_fields)
        if "retention" in changes:
            changes["retention"] = list_changes(changes["retention"], *Retention.model_fields)
        workspace = await _get_changeable(info, input.workspace_id, changes)
        document = await workspaces.update_workspace(workspace, changes=changes)
        info.context.services.wake_ingest()
        await info.context.services.quotas.refresh()
        return WorkspacePayload(workspace=Workspace.from_document(document))

    @mutation_field(
        IsOperator,
        audit=AuditAction.WORKSPACE_SUSPENDED,
        description="Suspends a workspace: within seconds its requests are refused with"
        " WORKSPACE_SUSPENDED, and nothing is sent; webhooks are still stored. Requires role"
        " OPERATOR.",
    )
    async def suspend_workspace(self, info: Info, input: WorkspaceInput) -> WorkspacePayload:
        workspace = await _get_workspace(input.workspace_id)
        return await _show(info, await suspension.suspend_workspace(workspace))

    @mutation_field(
        IsOperator,
        audit=AuditAction.WORKSPACE_RESUMED,
        description="Resumes a suspended workspace, whose queued messages then leave. Requires role"
        " OPERATOR.",
    )
    async def resume_workspace(self, info: Info, input: WorkspaceInput) -> WorkspacePayload:
        workspace = await _get_workspace(input.workspace_id)
        return await _show(info, await suspension.resume_workspace(workspace))

    @mutation_field(
        IsOperator,
        audit=AuditAction.WORKSPACE_DELETED,
        description="Deletes a workspace for good, with its accounts, customers, messages, agents"
        " and keys. Its credentials are refused at once; its data is removed within minutes, which"
        " the state DELETING shows. Requires role OPERATOR.",
    )
    async def delete_workspace(self, info: Info, input: WorkspaceInput) -> WorkspacePayload:
        workspace = await _get_workspace(input.workspace_id)
        services = info.context.services
        seconds = services.timeouts.account_removal_seconds
        deletion = workspace_deletion.delete_workspace(
            workspace, services.erasure_log, wait_seconds=seconds
        )
        return await _show(info, await run_without_deadline(deletion))


async def _get_workspace(global_id: str) -> models.Workspace:
    return await workspaces.get_workspace(require_id(global_id, "Workspace", "workspaceId"))


async def _show(info: Info, document: models.Workspace) -> WorkspacePayload:
    # Other processes see the new state within seconds.
    await info.context.services.workspace_states.refresh()
    return WorkspacePayload(workspace=Workspace.from_document(document))


async def _get_changeable(
    info: Info, global_id: str | None, changes: Collection[str]
) -> models.Workspace:
    """Returns the workspace that the caller may change in this way.

    Raises:
        RequestError: FORBIDDEN, whatever the id is.
        NotFound, InvalidInput: the id.
    """
    viewer = get_viewer(info)
    if viewer.has_role(Role.OPERATOR):
        return await _get_workspace(global_id or "")
    if viewer.account_ids is not None:
        raise forbidden(
            "Your credential is limited to some accounts, so it can't change the workspace."
        )
    if set(changes) - _OF_ADMINS:
        raise forbidden("Only an OPERATOR can change more than `retention`.")
    own_id = viewer.workspace_id
    if global_id is not None and require_id(global_id, "Workspace", "workspaceId") != own_id:
        raise NotFound("The workspace", field=["workspaceId"])
    return await workspaces.get_workspace(own_id)
