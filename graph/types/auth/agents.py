"""Agents in the graph: the people and programs that answer customers."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.enums import Role
from graph.core.ids import require_id
from graph.core.pages import BY_AGENT_NAME
from graph.core.stored import load_agent, reads, registers_type, stored
from graph.types.accounts import Account, list_visible_accounts
from graph.types.connection_field import AccountId, DocumentList, connection_field, node_field
from graph.types.id_arguments import require_visible_ids
from graph.types.timestamped import Timestamped
from whatsapp.auth import agents
from whatsapp.auth.access import Viewer


@registers_type(models.Agent)
@strawberry.type(
    description="Person or program of the business that answers customers. Agents remain when"
    " their credentials end."
)
class Agent(relay.Node, Timestamped):
    node_id: relay.NodeID[str]
    name: str = stored("name", description="Name of the agent.")
    email: str | None = stored("email", description="E-mail address.")
    last_seen_at: datetime | None = stored(
        "last_seen_at",
        description="Time of the agent's last request or open subscription, late by up to a"
        " minute; null if it was never seen.",
    )
    retired_at: datetime | None = stored(
        "retired_at",
        description="Time at which the agent was retired; null if its credentials are accepted.",
    )
    document: strawberry.Private[models.Agent]

    @strawberry.field(
        description="Highest role of its credentials in accounts visible to the caller; null if it"
        " has no valid credential there, or is retired.",
        metadata=reads("grants", "retired_at"),
    )
    def role(self, info: Info) -> Role | None:
        return agents.find_role(self._list_grants(info))

    @strawberry.field(
        description="True if the agent can be assigned conversations of accounts visible to the"
        " caller. False for retired agents, and for agents whose last credential has ended, unless"
        " `createAgent` created them.",
        metadata=reads("grants", "retired_at"),
    )
    def is_active(self, info: Info) -> bool:
        return bool(self._list_grants(info))

    @strawberry.field(
        description="True if the agent works in all accounts, including later ones.",
        metadata=reads("grants", "retired_at"),
    )
    def covers_all_accounts(self, info: Info) -> bool:
        return agents.list_granted_accounts(self._list_grants(info)) is None

    @strawberry.field(
        description="True if the agent has a WebSocket or event stream open.",
        metadata=reads("id"),
    )
    async def is_online(self, info: Info) -> bool:
        return await info.context.services.presence.is_online(self.document.id)

    @connection_field(
        Account,
        description="Accounts in which the agent works, of those visible to the caller; newest"
        " first.",
        needs=["grants", "retired_at"],
    )
    def accounts(self, info: Info) -> DocumentList:
        visible = list_visible_accounts(get_viewer(info))
        granted = agents.list_granted_accounts(self._list_grants(info))
        conditions = [visible] if granted is None else [visible, {"_id": {"$in": sorted(granted)}}]
        return DocumentList(models.Account, {"$and": conditions})

    def _list_grants(self, info: Info) -> list[models.Grant]:
        return agents.list_grants(self.document, get_viewer(info).account_ids)

    @classmethod
    def from_document(cls, document: models.Agent) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.input(description="Filter for agents; all given conditions must match.")
class AgentFilter:
    active: bool | None = strawberry.field(
        default=None,
        description="Returns agents to whom conversations can be assigned if true, others if"
        " false.",
    )


@strawberry.type
class AgentQueries:
    agent = node_field(Agent, load_agent)

    @connection_field(
        Agent,
        permission_classes=[IsViewer],
        description="Lists the agents that share an account with the caller, by name. Requires"
        " role VIEWER.",
    )
    async def agents(
        self,
        info: Info,
        account_id: AccountId = None,
        filter: Annotated[
            AgentFilter | None,
            strawberry.argument(description="Returns only agents that match this filter."),
        ] = None,
    ) -> DocumentList:
        # Agents of all accounts would also be listed for an unknown account.
        await require_visible_ids(info, {"account_id": account_id})
        conditions = _list_conditions(get_viewer(info), account_id, filter)
        return DocumentList(models.Agent, {"$and": conditions}, BY_AGENT_NAME)


def _list_conditions(
    viewer: Viewer, account_id: str | None, filter: AgentFilter | None
) -> list[dict[str, Any]]:
    conditions, account_ids = [agents.limit_agents(viewer)], viewer.account_ids
    if account_id is not None:
        account_ids = frozenset([require_id(account_id, "Account", "accountId")])
        conditions.append(agents.match_accounts(account_ids))
    if filter is not None and filter.active is not None:
        active = agents.match_active(account_ids)
        conditions.append(active if filter.active else {"$nor": [active]})
    return conditions
