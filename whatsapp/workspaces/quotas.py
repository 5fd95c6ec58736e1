"""The quotas of workspaces, known to each process without a read for each request."""

import asyncio
import logging
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Quotas, Workspace, WorkspaceUsage
from models.database.base import collection, utc_now
from models.database.outage_log import log_failure
from whatsapp.common.timeouts import Timeouts
from whatsapp.workspaces.stored_bytes import StoredBytes

logger = logging.getLogger(__name__)

UNLIMITED = Quotas()
# Each refresh reads this much again: a write may become visible after a later one.
OVERLAP = timedelta(seconds=60)


class WorkspaceQuotas:
    """The quotas of all workspaces, as of the last refresh.

    They are refreshed in the background while they are used; an idle process reads nothing.
    """

    def __init__(self, *, refresh_seconds: float = Timeouts.quota_refresh_seconds) -> None:
        self._refresh_seconds = refresh_seconds
        self._limited: dict[PydanticObjectId, Quotas] = {}
        self._stored = StoredBytes()
        self._has_several = False
        self._used = asyncio.Event()
        self._read_until: datetime | None = None

    def get(self, workspace_id: PydanticObjectId) -> Quotas:
        self._used.set()
        return self._limited.get(workspace_id, UNLIMITED)

    def is_limited(self, workspace_id: PydanticObjectId) -> bool:
        """Returns True if the workspace has a quota and is not the only workspace."""
        self._used.set()
        return self._has_several and workspace_id in self._limited

    def list_holders(self, workspace_id: PydanticObjectId) -> list[Hashable]:
        """Returns the workspace as a further holder of a shared pool.

        It is empty if there is only one workspace, which may have all that its credentials get.
        """
        self._used.set()
        return [workspace_id] if self._has_several else []

    def get_stored_bytes(self, workspace_id: PydanticObjectId) -> int:
        """Returns the measured bytes and those that this process has stored since."""
        self._used.set()
        return self._stored.get(workspace_id)

    def add_stored_bytes(self, workspace_id: PydanticObjectId, size: int) -> None:
        """Counts a file that this process has stored."""
        if self.get(workspace_id).stored_bytes is not None:
            self._stored.add(workspace_id, size)

    def has_room(self, workspace_id: PydanticObjectId, size: int = 1) -> bool:
        """Returns True if a file of `size` bytes may be stored."""
        limit = self.get(workspace_id).stored_bytes
        return limit is None or self._stored.get(workspace_id) + size <= limit

    def list_full(self) -> list[PydanticObjectId]:
        """Returns the workspaces that may not store another file."""
        self._used.set()
        return [workspace_id for workspace_id in self._limited if not self.has_room(workspace_id)]

    async def run(self) -> None:
        """Refreshes while the quotas are used, until cancelled."""
        self._used.set()  # what was changed before this process started
        while True:
            await self._used.wait()
            self._used.clear()
            try:
                await self.refresh()
            except PyMongoError as error:
                log_failure(logger, error, "Quotas of workspaces can't be read")
            await asyncio.sleep(self._refresh_seconds)

    async def refresh(self) -> None:
        """Reads what has changed since the last refresh.

        Raises:
            PyMongoError: MongoDB is unavailable; the known quotas stay.
        """
        began = utc_now()
        since: dict[str, Any] = {"$type": "date"}  # lets MongoDB use the partial index
        if self._read_until is not None:
            since["$gte"] = self._read_until
        workspaces = collection(Workspace)
        changed = workspaces.find({"quotas_changed_at": since}, {"quotas": 1})
        async for workspace in changed:
            self._set(workspace["_id"], Quotas.model_validate(workspace["quotas"]))
        measured = collection(WorkspaceUsage).find(
            {"measured_at": since}, {"stored_bytes": 1, "measured_at": 1}
        )
        async for usage in measured:
            self._stored.set_measured(usage["_id"], usage["stored_bytes"], usage["measured_at"])
        ids = workspaces.find({}, {"_id": 1}, hint="_id_").limit(2)
        self._has_several = len(await ids.to_list()) > 1
        self._read_until = began - OVERLAP

    def _set(self, workspace_id: PydanticObjectId, quotas: Quotas) -> None:
        if quotas == UNLIMITED:
            self._limited.pop(workspace_id, None)
        else:
            self._limited[workspace_id] = quotas
