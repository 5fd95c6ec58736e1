"""Closes sockets within seconds after their credential expires, is revoked or changes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import CredentialKind
from models.database.base import utc_now
from models.database.outage_log import log_failure
from whatsapp.auth.access import Viewer
from whatsapp.auth.agent_activity import AgentActivity
from whatsapp.auth.api_keys import list_viewers
from whatsapp.auth.retired_agents import RetiredAgents
from whatsapp.common.timeouts import Timeouts
from whatsapp.workspaces.workspace_states import WorkspaceStates

logger = logging.getLogger(__name__)


class CredentialWatch:
    """Checks the API keys of all open sockets of a process with one query per round.

    A socket with a token (JWT) keeps its rights until the token expires or its agent is retired.
    Sockets of a suspended or deleted workspace are closed. An open socket counts as activity of its
    agent.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        activity: AgentActivity,
        retired_agents: RetiredAgents,
        workspace_states: WorkspaceStates,
    ) -> None:
        self._timeouts = timeouts
        self._activity = activity
        self._retired_agents = retired_agents
        self._workspace_states = workspace_states
        self._watched: dict[object, tuple[Viewer, Callable[[], None]]] = {}

    @contextlib.contextmanager
    def watch(self, viewer: Viewer, *, close: Callable[[], None]) -> Iterator[None]:
        """Calls `close` once if the credential expires, is revoked or changes its rights."""
        entry = object()
        self._watched[entry] = (viewer, close)
        try:
            yield
        finally:
            self._watched.pop(entry, None)

    def list_agents(self) -> frozenset[PydanticObjectId]:
        """Returns the agents with an open socket or event stream."""
        viewers = (viewer for viewer, _ in self._watched.values())
        return frozenset(viewer.agent_id for viewer in viewers if viewer.agent_id is not None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._timeouts.credential_check_seconds)
            try:
                # Checked first, because it works without the database.
                self._check_expiry()
                await self._check_workspaces()
                await self._check_agents()
                await self._check_keys()
            except PyMongoError as error:
                # Sockets stay open during an outage; the next round checks again.
                log_failure(logger, error, "Could not check the API keys of open sockets")
            except Exception:
                # A bug must not end the task, or no credential would be checked again.
                logger.exception("The credential watch failed")

    def _check_expiry(self) -> None:
        """Closes sockets whose credential expired; the agents of the others are active."""
        now = utc_now()
        for entry, (viewer, _) in dict(self._watched).items():
            if viewer.expires_at is not None and viewer.expires_at <= now:
                self._end(entry)
            else:
                self._activity.record(viewer.agent_id)

    async def _check_agents(self) -> None:
        """Closes the sockets of retired agents, whose requests are also refused."""
        if not (self.list_agents() or self._retired_agents.is_in_use):
            return
        with pymongo.timeout(self._timeouts.credential_query_seconds):
            await self._retired_agents.refresh()
        for entry, (viewer, _) in dict(self._watched).items():
            if self._retired_agents.includes(viewer.agent_id):
                self._end(entry)

    async def _check_workspaces(self) -> None:
        """Closes the sockets of workspaces that are not active, whose requests are also refused."""
        if not (self._watched or self._workspace_states.is_in_use):
            return
        with pymongo.timeout(self._timeouts.credential_query_seconds):
            await self._workspace_states.refresh()
        for entry, (viewer, _) in dict(self._watched).items():
            if not self._workspace_states.is_active(viewer.workspace_id):
                self._end(entry)

    async def _check_keys(self) -> None:
        watched = {
            entry: viewer
            for entry, (viewer, _) in self._watched.items()
            if viewer.kind is CredentialKind.API_KEY
        }
        if not watched:
            return
        with pymongo.timeout(self._timeouts.credential_query_seconds):
            valid = await list_viewers(
                {PydanticObjectId(viewer.credential_id) for viewer in watched.values()}
            )
        for entry, viewer in watched.items():
            current = valid.get(PydanticObjectId(viewer.credential_id))
            if current is None or _get_rights(current) != _get_rights(viewer):
                self._end(entry)

    def _end(self, entry: object) -> None:
        _, close = self._watched.pop(entry, (None, None))
        if close is not None:
            close()


def _get_rights(viewer: Viewer) -> tuple[object, object]:
    return viewer.role, viewer.account_ids  # the workspace of a credential never changes
