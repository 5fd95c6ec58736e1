"""Agents: access by their credentials, visibility, and changes by administrators.

Nothing deletes an agent, so that messages and assignments keep their names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Agent, Grant, Role
from models.auth.agent import make_names
from models.database.base import collection, match_workspace, utc_now
from whatsapp.auth.access import RANKS, Viewer
from whatsapp.common.values import check_email, check_name
from whatsapp.errors import InvalidInput, NotFound, RefusalCollector


def make_agent(workspace_id: PydanticObjectId, name: str, grant: Grant, **fields: Any) -> Agent:
    """Returns a new agent, which the caller stores."""
    account_ids = None if grant.account_ids is None else sorted(set(grant.account_ids))
    return Agent(
        workspace_id=workspace_id,
        **make_names(name),
        grants=[grant],
        account_ids=account_ids,
        **fields,
    )


async def get_agent(viewer: Viewer, agent_id: PydanticObjectId, *, field: str = "agentId") -> Agent:
    """Returns the agent; `field` is the input field with its id.

    Raises:
        NotFound: it does not exist, or shares no account with the viewer.
    """
    return _require_visible(viewer, await Agent.get(agent_id), field=field)


def _require_visible(viewer: Viewer, agent: Agent | None, *, field: str) -> Agent:
    if agent is None or not is_visible(viewer, agent):
        raise NotFound("The agent", field=[field])
    return agent


async def get_managed_agent(
    viewer: Viewer, agent_id: PydanticObjectId, *, field: str = "agentId"
) -> Agent:
    """Returns an agent that an administrator may change: limited to the viewer's accounts.

    Raises:
        NotFound: it does not exist, or is not limited to accounts of the viewer.
    """
    agent = await get_agent(viewer, agent_id, field=field)
    own_ids, account_ids = viewer.account_ids, agent.account_ids
    if own_ids is not None and (account_ids is None or not own_ids.issuperset(account_ids)):
        raise NotFound("The agent", field=[field])
    return agent


async def get_agent_of_account(
    viewer: Viewer, agent_id: PydanticObjectId, account_id: PydanticObjectId, *, field: str
) -> Agent:
    """Returns an agent that may see the account.

    Raises:
        NotFound: as for `get_agent`.
        InvalidInput: the agent is retired, or may not see the account.
    """
    agent = await Agent.get(agent_id)
    return require_agent_of_account(viewer, agent, account_id, field=field)


def require_agent_of_account(
    viewer: Viewer, agent: Agent | None, account_id: PydanticObjectId, *, field: str
) -> Agent:
    """Returns the agent, or raises as `get_agent_of_account`. None is an unknown agent."""
    agent = _require_visible(viewer, agent, field=field)
    require_active(agent, field=field)
    if not list_grants(agent, [account_id]):
        raise InvalidInput(
            "The agent has no access to this account: choose another agent.", field=[field]
        )
    return agent


def require_active(agent: Agent, *, field: str = "agentId") -> None:
    """Raises InvalidInput if the agent is retired."""
    if agent.retired_at is not None:
        raise InvalidInput("The agent is retired: reactivate it or choose another.", field=[field])


def limit_agents(viewer: Viewer) -> dict[str, Any]:
    """Returns the filter for the agents that share an account with the viewer, and the viewer's."""
    limited = match_workspace(viewer.workspace_id)
    if viewer.account_ids is None:
        return limited
    own_agent = {"_id": viewer.agent_id}
    return limited | (
        {"$or": [match_accounts(viewer.account_ids), own_agent]}
        if viewer.account_ids
        else own_agent
    )


def match_accounts(account_ids: Iterable[PydanticObjectId]) -> dict[str, Any]:
    """Returns the filter for the agents of these accounts, including former ones."""
    return {"account_ids": {"$in": [None, *sorted(account_ids)]}}


def match_active(account_ids: Iterable[PydanticObjectId] | None) -> dict[str, Any]:
    """Returns the filter for active agents with access to any of the accounts; None for all."""
    conditions: list[dict[str, Any]] = [
        {"$or": [{"expires_at": None}, {"expires_at": {"$gt": utc_now()}}]}
    ]
    if account_ids is not None:
        conditions.append(match_accounts(account_ids))
    return {"retired_at": None, "grants": {"$elemMatch": {"$and": conditions}}}


def is_visible(viewer: Viewer, agent: Agent) -> bool:
    """Returns True if `limit_agents` includes the agent."""
    if agent.workspace_id != viewer.workspace_id:
        return False
    if viewer.account_ids is None or agent.id == viewer.agent_id:
        return True
    if agent.account_ids is None:
        return bool(viewer.account_ids)
    return bool(viewer.narrow(agent.account_ids))


def list_grants(agent: Agent, account_ids: Iterable[PydanticObjectId] | None) -> list[Grant]:
    """Returns the current grants for any of the accounts, or for any account if None.

    A retired agent has none.
    """
    if agent.retired_at is not None:
        return []
    now = utc_now()
    allowed_ids = None if account_ids is None else set(account_ids)
    return [
        grant
        for grant in agent.grants
        if (grant.expires_at is None or grant.expires_at > now) and _covers_any(grant, allowed_ids)
    ]


def _covers_any(grant: Grant, account_ids: set[PydanticObjectId] | None) -> bool:
    if account_ids is None or grant.account_ids is None:
        return True
    return not account_ids.isdisjoint(grant.account_ids)


def find_role(grants: Iterable[Grant]) -> Role | None:
    """Returns the highest role of the grants."""
    roles = (grant.role for grant in grants if grant.role is not None)
    return max(roles, key=RANKS.__getitem__, default=None)


def list_granted_accounts(grants: Iterable[Grant]) -> set[PydanticObjectId] | None:
    """Returns the accounts of the grants, or None for all accounts."""
    account_ids: set[PydanticObjectId] = set()
    for grant in grants:
        if grant.account_ids is None:
            return None
        account_ids.update(grant.account_ids)
    return account_ids


async def add_grant(agent_id: PydanticObjectId, grant: Grant, session: AsyncClientSession) -> None:
    """Gives an agent the access of a further API key, in the transaction that stores the key."""
    stage = {
        "grants": {"$concatArrays": ["$grants", [{"$literal": grant.model_dump()}]]},
        "account_ids": widen_accounts(grant.account_ids),
        "updated_at": utc_now(),
    }
    await collection(Agent).update_one({"_id": agent_id}, [{"$set": stage}], session=session)


async def remove_grant(
    agent_id: PydanticObjectId, api_key_id: PydanticObjectId, session: AsyncClientSession
) -> None:
    """Removes the access of an API key, in the transaction that revokes the key."""
    await collection(Agent).update_one(
        {"_id": agent_id},
        {"$pull": {"grants": {"api_key_id": api_key_id}}, "$set": {"updated_at": utc_now()}},
        session=session,
    )


def widen_accounts(account_ids: Iterable[PydanticObjectId] | None) -> Any:
    """Returns the expression for `account_ids` of an agent that gets access to these accounts."""
    if account_ids is None:
        return None
    added = {"$setUnion": ["$account_ids", list(account_ids)]}
    return {"$cond": [{"$eq": ["$account_ids", None]}, None, added]}


async def update_agent(
    viewer: Viewer, agent_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> Agent:
    """Updates `name` and `email`; None clears the e-mail address.

    Raises:
        NotFound: see `get_managed_agent`.
        InvalidInput: a value is malformed.
    """
    agent = await get_managed_agent(viewer, agent_id)
    checked: dict[str, Any] = {}
    with RefusalCollector() as collect:
        if "name" in changes:
            checked |= make_names(collect(check_name, changes["name"]) or "")
        if "email" in changes:
            checked["email"] = collect(check_email, changes["email"])
    if checked:
        await collection(Agent).update_one(
            {"_id": agent_id, "$nor": [checked]}, {"$set": {**checked, "updated_at": utc_now()}}
        )
    return await Agent.get(agent_id) or agent


async def create_agent(
    workspace_id: PydanticObjectId,
    *,
    name: str,
    email: str | None,
    account_ids: list[PydanticObjectId] | None,
) -> Agent:
    """Stores an agent without a credential; None for all accounts of the workspace.

    Conversations of the accounts can be assigned to it.

    Raises:
        InvalidInput: a value is malformed.
    """
    with RefusalCollector() as collect:
        checked_name = collect(check_name, name)
        checked_email = collect(check_email, email)
    grant = Grant(account_ids=account_ids)
    agent = make_agent(workspace_id, checked_name, grant, email=checked_email)
    await agent.insert()
    return agent


async def set_retired(viewer: Viewer, agent_id: PydanticObjectId, *, is_retired: bool) -> Agent:
    """Retires or reactivates an agent. Repeating it is harmless.

    Raises:
        NotFound: see `get_managed_agent`.
        InvalidInput: the viewer's own agent.
    """
    agent = await get_managed_agent(viewer, agent_id)
    if is_retired and agent.id == viewer.agent_id:
        raise InvalidInput("You can't retire your own agent.", field=["agentId"])
    now = utc_now()
    await collection(Agent).update_one(
        {"_id": agent_id, "retired_at": None if is_retired else {"$ne": None}},
        {"$set": {"retired_at": now if is_retired else None, "updated_at": now}},
    )
    return await Agent.get(agent_id) or agent
