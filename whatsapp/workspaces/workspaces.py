"""Workspaces: creation and changes by operators."""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Account, Agent, ApiKey, Workspace, WorkspaceState
from models.database.base import (
    DEFAULT_WORKSPACE_ID,
    collection,
    match_workspace,
    to_bson,
    utc_now,
)
from whatsapp.common.values import check_name
from whatsapp.errors import Conflict, InvalidInput, InvalidReason, NotFound, RefusalCollector
from whatsapp.workspaces.retention_rules import check_retention

MAX_NAME = 63
MAX_QUOTA = 10**9
MAX_STORED_BYTES = 10**15


async def get_workspace(workspace_id: PydanticObjectId, *, field: str = "workspaceId") -> Workspace:
    """Returns the workspace; `field` is the input field with its id.

    Raises:
        NotFound: it does not exist.
    """
    workspace = await Workspace.get(workspace_id)
    if workspace is None:
        raise NotFound("The workspace", field=[field])
    return workspace


async def find_workspace_by_name(name: str) -> Workspace | None:
    return await Workspace.find_one({"name_key": make_name_key(name)})


async def create_workspace(name: str) -> Workspace:
    """Creates an active workspace.

    Raises:
        InvalidInput: the name is empty, longer than 63 characters or unprintable.
        Conflict: another workspace has this name.
    """
    text = check_workspace_name(name)
    workspace = Workspace(name=text, name_key=make_name_key(text))
    try:
        await collection(Workspace).insert_one(to_bson(workspace))
    except DuplicateKeyError:
        raise await _make_conflict(text) from None
    return workspace


async def update_workspace(workspace: Workspace, *, changes: Mapping[str, Any]) -> Workspace:
    """Changes `name`, `uses_default_app_secret`, and single `quotas` and rules of `retention`.

    Raises:
        InvalidInput: a value is malformed, or the default workspace can't have it.
        Conflict: another workspace has the name, or this one is being deleted.
    """
    with RefusalCollector() as collect:
        checked = collect(_check_changes, workspace, changes)
    if not checked:
        return workspace
    query = {"_id": workspace.id, "state": {"$ne": WorkspaceState.DELETING.value}}
    try:
        result = await collection(Workspace).update_one(
            query, {"$set": checked | {"updated_at": utc_now()}}
        )
    except DuplicateKeyError:
        raise await _make_conflict(checked["name"]) from None
    if not result.matched_count:
        raise make_deleting_conflict(workspace)
    if checked.get("uses_default_app_secret"):
        await _request_replays(workspace)
    return await Workspace.get(workspace.id) or workspace


async def _request_replays(workspace: Workspace) -> None:
    """Lets items be applied that were parked because of their signer."""
    of_default = match_workspace(workspace.id) | {"app_secret_digest": None, "deleted_at": None}
    await collection(Account).update_many(of_default, {"$set": {"replay_due_at": utc_now()}})


def _check_changes(workspace: Workspace, changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    with RefusalCollector() as collect:
        if "name" in changes:
            collect(_refuse_default, workspace, "name")
            name = collect(check_workspace_name, changes["name"]) or ""
            checked |= {"name": name, "name_key": make_name_key(name)}
        if "uses_default_app_secret" in changes:
            collect(_refuse_default, workspace, "usesDefaultAppSecret")
        quotas: Mapping[str, float | None] = checked.pop("quotas", {})
        for name, value in quotas.items():
            checked[f"quotas.{name}"] = collect(_check_quota, name, value)
        if "retention" in changes:
            checked |= collect(check_retention, checked.pop("retention")) or {}
    if quotas:
        checked["quotas_changed_at"] = utc_now()
    return checked


def _check_quota(name: str, value: float | None) -> int | None:
    limit = MAX_STORED_BYTES if name == "stored_bytes" else MAX_QUOTA
    if value is not None and not (1 <= value <= limit and value == int(value)):
        raise InvalidInput(
            f"Use a whole number from 1 to {limit}, or null for no limit.",
            field=["quotas", name],
        )
    return None if value is None else int(value)


def _refuse_default(workspace: Workspace, field: str) -> None:
    if workspace.id == DEFAULT_WORKSPACE_ID:
        raise InvalidInput("The workspace `default` can't be changed in this.", field=[field])


def check_workspace_name(name: str) -> str:
    """Returns the stripped name.

    Raises:
        InvalidInput: it is empty, longer than 63 characters or unprintable.
    """
    text = check_name(name)
    if len(text) > MAX_NAME:
        raise InvalidInput(
            f"Use at most {MAX_NAME} characters.",
            field=["name"],
            reason=InvalidReason.TOO_LONG,
            limit=MAX_NAME,
        )
    return text


def make_name_key(name: str) -> str:
    """Returns the name as it is compared: without case."""
    return name.strip().casefold()


async def _make_conflict(name: str) -> Conflict:
    return Conflict(
        "A workspace with this name already exists.",
        field=["name"],
        current=await find_workspace_by_name(name),
    )


def make_deleting_conflict(workspace: Workspace) -> Conflict:
    return Conflict("The workspace is being deleted.", field=["workspaceId"], current=workspace)


async def require_unused(workspace: Workspace) -> None:
    """Raises Conflict if the workspace has had a credential, an agent or an account.

    Operators read no content, so they give a key only to a workspace that has none.
    """
    if workspace.state is WorkspaceState.DELETING:
        raise make_deleting_conflict(workspace)
    for document_class in (ApiKey, Agent, Account):
        of_workspace = match_workspace(workspace.id)
        if await collection(document_class).find_one(of_workspace, {"_id": 1}) is not None:
            raise Conflict(
                "The workspace is in use: its administrators make its further keys.",
                field=["workspaceId"],
                current=workspace,
            )
