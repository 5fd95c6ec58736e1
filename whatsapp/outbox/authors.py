"""Authors of outbound messages: an agent, or a server that sends for itself or for an agent."""

from dataclasses import dataclass

from beanie import PydanticObjectId

from models import Agent, Message, Role
from whatsapp.auth.access import Viewer
from whatsapp.auth.agents import require_agent_of_account

FIELD = "onBehalfOfAgentId"


@dataclass(frozen=True)
class Author:
    """The agent who wrote a message and, unless it sent the message itself, the sender's name."""

    agent_id: PydanticObjectId | None
    sent_by: str | None = None
    """Name of the credential that sends for the agent, or that has no agent."""


def may_send_for(viewer: Viewer, agent_id: PydanticObjectId) -> bool:
    """Returns True for the viewer's own agent, and for any agent if it is a server or an ADMIN."""
    is_own = agent_id == viewer.agent_id
    return is_own or viewer.agent_id is None or viewer.has_role(Role.ADMIN)


def choose_author(
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    on_behalf_of: PydanticObjectId | None,
    agent: Agent | None,
) -> Author:
    """Returns the author of a message that the viewer sends, for itself or for another agent.

    `agent` is the stored agent with the id `on_behalf_of`, unless that is the viewer's.

    Raises:
        NotFound, InvalidInput: see `get_agent_of_account`.
    """
    if on_behalf_of is not None and on_behalf_of != viewer.agent_id:
        agent = require_agent_of_account(viewer, agent, account_id, field=FIELD)
        return Author(agent.id, viewer.name)
    return _get_own_author(viewer)


def find_retry_author(viewer: Viewer, message: Message) -> Author:
    """Returns the author of a retry: the viewer's agent, else the agent of the message."""
    if viewer.agent_id is None and message.agent_id is not None:
        return Author(message.agent_id, viewer.name)
    return _get_own_author(viewer)


def _get_own_author(viewer: Viewer) -> Author:
    return Author(viewer.agent_id, viewer.name if viewer.agent_id is None else None)
