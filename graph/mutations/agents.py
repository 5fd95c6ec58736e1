"""Mutations of agents."""

import strawberry
from strawberry import ID, Maybe

from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.auth.agents import Agent
from models import AuditAction
from whatsapp.auth import agents


@strawberry.input(description="Changes to an agent; omitted fields keep their values.")
class UpdateAgentInput:
    agent_id: ID = strawberry.field(description="Id of the agent.")
    name: Maybe[str | None] = strawberry.field(description="Name, 1 to 200 characters.")
    email: Maybe[str | None] = strawberry.field(
        description="E-mail address; null removes the address."
    )


@strawberry.type(description="Result of a mutation that changes an agent.")
class AgentPayload:
    agent: Agent | None = strawberry.field(
        default=None, description="Current state of the agent; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class AgentMutations:
    @mutation_field(
        IsAdmin,
        audit=AuditAction.AGENT_UPDATED,
        description="Changes the name or e-mail address of an agent. An ADMIN limited to some"
        " accounts can change only agents limited to these accounts. Requires role ADMIN.",
    )
    async def update_agent(self, info: Info, input: UpdateAgentInput) -> AgentPayload:
        document = await agents.update_agent(
            get_viewer(info),
            require_id(input.agent_id, "Agent", "agentId"),
            changes=list_changes(input, "name", "email", required=["name"]),
        )
        return AgentPayload(agent=Agent.from_document(document))
