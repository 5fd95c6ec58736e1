"""Agents that look at a conversation, in the graph."""

from datetime import datetime

import strawberry

from graph.core.stored import LINKED_AGENTS, linked, stored
from graph.types.auth.agents import Agent
from whatsapp.auth.presence import Colleague


@strawberry.type(description="Agent that looks at a conversation, or types in it.")
class ConversationViewer:
    agent: Agent = linked("agent_id", LINKED_AGENTS, description="The agent.", missing="agent")
    is_typing: bool = stored(
        "is_typing", description="True for 8 seconds after the agent's last `setTyping`."
    )
    since: datetime = stored(
        "since", description="Time at which the agent began to look at the conversation."
    )
    document: strawberry.Private[Colleague]
