"""Agents: access by their credentials, visibility, and changes by administrators.

Nothing deletes an agent, so that messages and assignments keep their names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models import Agent, Grant, Role
from models.auth.agent import make_names
from models.database.base import collection, utc_now
from whatsapp.auth.access import RANKS, Viewer
from whatsapp.common.values import check_email, check_name
from whatsapp.errors import InvalidInput, NotFound, RefusalCollector


def make_agent(name: str, grant: Grant, **fields: Any) -> Agent:
    """Returns a new agent, which the caller stores."""
    account_ids = None if grant.account_ids is None else sorted(set(grant.account_ids))
    return Agent(**make_names(name), grants=[grant], account_ids=account_ids, **fields)


async def get_agent(viewer: Viewer, agent_id: PydanticObjectId, *, field: str = "agentId") -> Agent:
    """Returns the agent; `field` is the input field with its id.

    Raises:
        NotFound: it does not exist, or shares no account with the viewer.
    """
    agent = await Agent.get(agent_id)
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
        InvalidInput: the agent may not see the account.
    """
    agent = await get_agent(viewer, agent_id, field=field)
    if not list_grants(agent, [account_id]):
        raise InvalidInput(
            "The agent has no access to this account: choose another agent.", field=[field]
        )
    return agent


def limit_agents(viewer: Viewer) -> dict[str, Any]:
    """Returns the filter for the agents that share an account with the viewer, and the viewer's."""
    if viewer.account_ids is None:
        return {}
    own = {"_id": viewer.agent_id}
    return {"$or": [match_accounts(viewer.account_ids), own]} if viewer.account_ids else own


def match_accounts(account_ids: Iterable[PydanticObjectId]) -> dict[str, Any]:
    """Returns the filter for the agents of these accounts, including former ones."""
    return {"account_ids": {"$in": [None, *sorted(account_ids)]}}


def match_active(account_ids: Iterable[PydanticObjectId] | None) -> dict[str, Any]:
    """Returns the filter for agents with access to any of the accounts, or to any account."""
    conditions: list[dict[str, Any]] = [
        {"$or": [{"expires_at": None}, {"expires_at": {"$gt": utc_now()}}]}
    ]
    if account_ids is not None:
        conditions.append(match_accounts(account_ids))
    return {"grants": {"$elemMatch": {"$and": conditions}}}


def is_visible(viewer: Viewer, agent: Agent) -> bool:
    """Returns True if `limit_agents` includes the agent."""
    if viewer.account_ids is None or agent.id == viewer.agent_id:
        return True
    if agent.account_ids is None:
        return bool(viewer.account_ids)
    return bool(viewer.narrow(agent.account_ids))


def list_grants(agent: Agent, account_ids: Iterable[PydanticObjectId] | None) -> list[Grant]:
    """Returns the current grants for any of the accounts, or for any account if None."""
    now = utc_now()
    wanted = None if account_ids is None else set(account_ids)
    return [
        grant
        for grant in agent.grants
        if (grant.expires_at is None or grant.expires_at > now) and _covers_any(grant, wanted)
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
