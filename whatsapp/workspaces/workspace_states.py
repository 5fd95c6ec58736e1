"""The states of workspaces, known to each process without a read for each request."""

import time

from beanie import PydanticObjectId

from models import Workspace, WorkspaceState
from models.database.base import collection

# After the last request of any workspace; an idle process reads nothing.
KEPT_FRESH_SECONDS = 60.0


class WorkspaceSuspended(Exception):
    """The credential or link is valid, but its workspace is suspended."""


class WorkspaceStates:
    """The workspaces that are not active, as of the last refresh.

    They are refreshed in the background while they are used, and by the first use after a pause.
    """

    def __init__(self) -> None:
        self._suspended: frozenset[PydanticObjectId] | None = None
        self._deleted: set[PydanticObjectId] = set()
        """Also those that are removed since, as a deleted workspace never comes back."""
        self._used_at = float("-inf")

    @property
    def is_in_use(self) -> bool:
        return time.monotonic() - self._used_at < KEPT_FRESH_SECONDS

    async def refresh(self) -> None:
        """Reads the states.

        Raises:
            PyMongoError: MongoDB is unavailable; the known states stay.
        """
        inactive = {"state": {"$in": [WorkspaceState.SUSPENDED, WorkspaceState.DELETING]}}
        suspended: set[PydanticObjectId] = set()
        async for workspace in collection(Workspace).find(inactive, {"state": 1}):
            is_suspended = workspace["state"] == WorkspaceState.SUSPENDED
            (suspended if is_suspended else self._deleted).add(PydanticObjectId(workspace["_id"]))
        self._suspended = frozenset(suspended)

    async def may_be_used(self, workspace_id: PydanticObjectId) -> bool:
        """Returns False if the workspace is being deleted.

        Raises:
            WorkspaceSuspended: it is suspended.
            PyMongoError: MongoDB is unavailable, and the known states may be old.
        """
        if self._suspended is None or not self.is_in_use:
            await self.refresh()
        self._used_at = time.monotonic()
        if self.is_suspended(workspace_id):
            raise WorkspaceSuspended
        return workspace_id not in self._deleted

    def is_suspended(self, workspace_id: PydanticObjectId) -> bool:
        return self._suspended is not None and workspace_id in self._suspended

    def is_active(self, workspace_id: PydanticObjectId) -> bool:
        """Returns False if the workspace is known to be suspended or deleted."""
        return not self.is_suspended(workspace_id) and workspace_id not in self._deleted
