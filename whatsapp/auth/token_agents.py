"""Agents of tokens: made at the first use of a subject, updated when its claims change."""

from collections import OrderedDict
from time import monotonic
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Agent, Grant, TokenClaims
from models.auth.agent import make_names
from models.database.base import collection, from_bson, match_workspace, to_bson, utc_now
from whatsapp.auth.access import Viewer
from whatsapp.auth.agents import make_agent, widen_accounts

MAX_KNOWN = 10_000


class TokenAgents:
    """Finds the agents of subjects; reads each again after `check_seconds`."""

    def __init__(self, *, check_seconds: float) -> None:
        self._check_seconds = check_seconds
        self._known: OrderedDict[tuple[PydanticObjectId, str], tuple[float, PydanticObjectId]] = (
            OrderedDict()
        )
        """By workspace and subject."""

    async def find(self, viewer: Viewer) -> PydanticObjectId:
        """Returns the id of the agent of a token's viewer."""
        subject, now = str(viewer.credential_id), monotonic()
        key = (viewer.workspace_id, subject)
        checked_at, agent_id = self._known.get(key, (now, None))
        if agent_id is not None and now - checked_at < self._check_seconds:
            return agent_id
        agent_id = await _store_agent(subject, viewer)
        self._known[key] = now, agent_id
        self._known.move_to_end(key)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return agent_id


async def _store_agent(subject: str, viewer: Viewer) -> PydanticObjectId:
    claims = TokenClaims(name=viewer.name, email=viewer.email)
    account_ids = None if viewer.account_ids is None else sorted(viewer.account_ids)
    grant = Grant(role=viewer.role, account_ids=account_ids)
    of_subject = match_workspace(viewer.workspace_id) | {"subject": subject}
    stored = await collection(Agent).find_one(of_subject)
    if stored is None:
        agent = make_agent(
            viewer.workspace_id,
            claims.name,
            grant,
            subject=subject,
            claims=claims,
            email=claims.email,
        )
        try:
            await collection(Agent).insert_one(to_bson(agent))
        except DuplicateKeyError:
            # A concurrent request stored it first.
            return await _store_agent(subject, viewer)
        return agent.id
    agent = from_bson(Agent, stored)
    if agent.claims != claims or grant not in agent.grants:
        await _update_agent(agent, claims, grant)
    return agent.id


async def _update_agent(agent: Agent, claims: TokenClaims, grant: Grant) -> None:
    of_keys = {"$filter": {"input": "$grants", "cond": {"$ne": ["$$this.api_key_id", None]}}}
    stage: dict[str, Any] = {
        "claims": {"$literal": claims.model_dump()},
        "grants": {"$concatArrays": [of_keys, [{"$literal": grant.model_dump()}]]},
        "account_ids": widen_accounts(grant.account_ids),
        "updated_at": utc_now(),
    }
    # An unchanged claim does not undo a change by an administrator.
    if agent.claims is None or agent.claims.name != claims.name:
        stage |= {key: {"$literal": text} for key, text in make_names(claims.name).items()}
    if claims.email is not None and (agent.claims is None or agent.claims.email != claims.email):
        stage["email"] = {"$literal": claims.email}
    await collection(Agent).update_one({"_id": agent.id}, [{"$set": stage}])
