"""Mutations of agents."""

import strawberry
from strawberry import ID, Maybe

from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.mutations.account_ids import read_accounts, require_accounts
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


@strawberry.input(description="Agent to create.")
class CreateAgentInput:
    name: str = strawberry.field(description="Name, 1 to 200 characters.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    account_ids: list[ID] | None = strawberry.field(
        default=None,
        description="1 to 100 accounts in which the agent works; all accounts if omitted.",
    )


@strawberry.input(description="Input of a mutation of one agent.")
class AgentInput:
    agent_id: ID = strawberry.field(description="Id of the agent.")


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

    @mutation_field(
        IsAdmin,
        audit=AuditAction.AGENT_CREATED,
        description="Creates an agent without a credential, to whom conversations can be assigned."
        " `createApiKey(agentId)` gives it a key later. Requires role ADMIN.",
    )
    async def create_agent(self, info: Info, input: CreateAgentInput) -> AgentPayload:
        viewer = get_viewer(info)
        account_ids = read_accounts(viewer, input.account_ids)
        await require_accounts(viewer, account_ids)
        document = await agents.create_agent(
            viewer.workspace_id, name=input.name, email=input.email, account_ids=account_ids
        )
        return AgentPayload(agent=Agent.from_document(document))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.AGENT_RETIRED,
        description="Retires an agent: its API keys and tokens are refused with AGENT_RETIRED,"
        " and its connections closed, within seconds. Nothing can be assigned to it any more; it"
        " keeps its conversations, messages and notes. An ADMIN limited to some accounts has the"
        " limits of `updateAgent`. Requires role ADMIN.",
    )
    async def retire_agent(self, info: Info, input: AgentInput) -> AgentPayload:
        return await _set_retired(info, input, is_retired=True)

    @mutation_field(
        IsAdmin,
        audit=AuditAction.AGENT_REACTIVATED,
        description="Reactivates a retired agent with its former access. An ADMIN limited to some"
        " accounts has the limits of `updateAgent`. Requires role ADMIN.",
    )
    async def reactivate_agent(self, info: Info, input: AgentInput) -> AgentPayload:
        return await _set_retired(info, input, is_retired=False)


async def _set_retired(info: Info, input: AgentInput, *, is_retired: bool) -> AgentPayload:
    agent_id = require_id(input.agent_id, "Agent", "agentId")
    document = await agents.set_retired(get_viewer(info), agent_id, is_retired=is_retired)
    # Other processes refresh within seconds.
    await info.context.services.authenticator.retired_agents.refresh()
    return AgentPayload(agent=Agent.from_document(document))
