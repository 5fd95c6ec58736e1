"""The numbers of open sockets of credentials and workspaces."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from beanie import PydanticObjectId

from graph.core.errors import RateLimited
from whatsapp.auth.access import Viewer
from whatsapp.workspaces.quotas import WorkspaceQuotas


class OpenSockets:
    """Counts the open sockets of the process."""

    def __init__(self, quotas: WorkspaceQuotas, *, per_credential: int) -> None:
        self._quotas = quotas
        self._per_credential = per_credential
        self._credentials: Counter[Hashable] = Counter()
        self._workspaces: Counter[PydanticObjectId] = Counter()

    def count(self, workspace_id: PydanticObjectId) -> int:
        return self._workspaces[workspace_id]

    @contextmanager
    def hold(self, viewer: Viewer) -> Iterator[None]:
        """Counts an open socket of the viewer's credential and workspace.

        Raises:
            RateLimited: the credential or its workspace has too many sockets.
        """
        credential, workspace_id = viewer.key, viewer.workspace_id
        if 0 < self._per_credential <= self._credentials[credential]:
            raise RateLimited(1)
        limit = self._quotas.get(workspace_id).sockets
        if limit is not None and limit <= self._workspaces[workspace_id]:
            raise RateLimited(1)
        counts: list[tuple[Counter[Any], Hashable]] = [
            (self._credentials, credential),
            (self._workspaces, workspace_id),
        ]
        for counter, holder in counts:
            counter[holder] += 1
        try:
            yield
        finally:
            for counter, holder in counts:
                counter[holder] -= 1
                if not counter[holder]:
                    del counter[holder]
