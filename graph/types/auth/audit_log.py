"""Audit log in the graph, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay

import models
from graph.core.context import Info, IsAdminOrOperator, get_viewer
from graph.core.enums import AuditAction, AuditOutcome, CredentialKind, RemovedKind
from graph.core.ids import parse_id, parse_object_id
from graph.core.stored import LINKED_AGENTS, linked, reads, registers_type, stored
from graph.types.accounts import Account, list_accounts
from graph.types.auth.agents import Agent
from graph.types.connection_field import AccountId, DocumentList, connection_field
from telemetry.global_ids import encode_id
from whatsapp.auth.audit import make_entry_filter


@strawberry.type(description="Caller who performed an action.")
class AuditActor:
    kind: CredentialKind = strawberry.field(description="Kind of credential that was used.")
    credential_id: str = strawberry.field(
        description="Id of the API key as in `apiKeys`, subject (`sub`) of the token, or user name"
        " of the operator or task on the server."
    )
    name: str = strawberry.field(
        description="Name of the API key or of the token's holder at the time of the action."
    )
    agent: Agent | None = linked(
        "agent_id",
        LINKED_AGENTS,
        description="Agent of the credential; null for servers and operators.",
    )
    document: strawberry.Private[models.AuditActor]

    @classmethod
    def from_document(cls, actor: models.AuditActor) -> Self:
        is_key = actor.kind is CredentialKind.API_KEY
        credential_id = encode_id("ApiKey", actor.id) if is_key else actor.id
        return cls(kind=actor.kind, credential_id=credential_id, name=actor.name, document=actor)


@strawberry.type(description="Object of an action.")
class AuditTarget:
    type: str = strawberry.field(
        description="GraphQL type of the object, such as Account or Contact."
    )
    id: strawberry.ID = strawberry.field(
        description="Global id of the object; the object may have been deleted, or never have"
        " existed."
    )

    @classmethod
    def from_document(cls, target: models.AuditTarget) -> Self:
        return cls(type=target.type, id=strawberry.ID(encode_id(target.type, target.id)))


@strawberry.type(description="Number of removed objects of a kind.")
class AuditCount:
    kind: RemovedKind = strawberry.field(description="Kind of the objects.")
    count: int = strawberry.field(description="Number of removed objects.")


def _read_counts(counts: dict[str, int]) -> list[AuditCount]:
    return [AuditCount(kind=RemovedKind(kind), count=counts[kind]) for kind in sorted(counts)]


def _read_targets(targets: list[models.AuditTarget]) -> list[AuditTarget]:
    return [AuditTarget.from_document(target) for target in targets]


@registers_type(models.AuditEntry)
@strawberry.type(
    description="Audited action. The entry is written before the action and completed after it."
)
class AuditEntry(relay.Node):
    node_id: relay.NodeID[str]
    action: AuditAction = stored("action", description="Action that was performed.")
    actor: AuditActor = stored(
        "actor", convert=AuditActor.from_document, description="Caller who performed the action."
    )
    targets: list[AuditTarget] = stored(
        "targets", convert=_read_targets, description="Objects of the action."
    )
    fields: list[str] = stored(
        "fields",
        description="Names of the input fields that were given; their values are not stored.",
    )
    outcome: AuditOutcome = stored("outcome", description="Outcome of the action.")
    counts: list[AuditCount] = stored(
        "counts",
        convert=_read_counts,
        description="Numbers of objects that retention rules removed. If `outcome` stays STARTED,"
        " the run was interrupted and the last 500 objects may be missing.",
    )
    refusal: str | None = stored("refusal", description="Error code if the action was refused.")
    request_id: str | None = stored(
        "request_id",
        description="Value of the request's `X-Request-Id` header, which also appears in the"
        " server log.",
    )
    created_at: datetime = stored("created_at", description="Time at which the action started.")
    finished_at: datetime | None = stored(
        "finished_at", description="Time at which the outcome was recorded."
    )
    document: strawberry.Private[models.AuditEntry]

    @strawberry.field(
        description="Existing accounts that the action affected.",
        metadata=reads("account_ids"),
    )
    async def accounts(self, info: Info) -> list[Account]:
        return await list_accounts(info, self.document.account_ids)

    @classmethod
    def from_document(cls, document: models.AuditEntry) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class AuditQueries:
    @connection_field(
        AuditEntry,
        permission_classes=[IsAdminOrOperator],
        description="Lists audited actions, newest first. An ADMIN limited to some accounts sees"
        " only actions that affected these accounts; an OPERATOR sees only actions of operators."
        " Requires role ADMIN or OPERATOR.",
    )
    def audit_log(
        self,
        info: Info,
        account_id: AccountId = None,
        actor: Annotated[
            str | None,
            strawberry.argument(
                description="Returns only actions of the caller with this id or name, or of the"
                " agent with this id."
            ),
        ] = None,
        action: Annotated[
            AuditAction | None,
            strawberry.argument(description="Returns only actions of this kind."),
        ] = None,
        since: Annotated[
            datetime | None,
            strawberry.argument(description="Returns only actions from this time or later."),
        ] = None,
        until: Annotated[
            datetime | None,
            strawberry.argument(description="Returns only actions before this time."),
        ] = None,
    ) -> DocumentList:
        conditions = [make_entry_filter(get_viewer(info))]
        if account_id is not None:
            conditions.append({"account_ids": parse_id(account_id, "Account")})
        if actor is not None:
            conditions.append(_match_actor(actor))
        if action is not None:
            conditions.append({"action": action.value})
        times = {"$gte": since, "$lt": until}
        if limits := {name: time for name, time in times.items() if time is not None}:
            conditions.append({"created_at": limits})
        return DocumentList(models.AuditEntry, {"$and": conditions})


def _match_actor(text: str) -> dict[str, Any]:
    key_id, agent_id = parse_id(text, "ApiKey"), parse_id(text, "Agent")
    if agent_id is not None:
        return {"actor.agent_id": agent_id}
    return {"$or": [{"actor.id": str(key_id) if key_id else text}, {"actor.name": text}]}


async def find_audit_entry(info: Info, document_id: str) -> AuditEntry | None:
    """Loads an entry; None if it is not visible to the viewer."""
    viewer, entry_id = get_viewer(info), parse_object_id(document_id)
    roles = (models.Role.ADMIN, models.Role.OPERATOR)
    if entry_id is None or not any(map(viewer.has_role, roles)):
        return None
    entry = await models.AuditEntry.find_one({"_id": entry_id, **make_entry_filter(viewer)})
    return AuditEntry.from_document(entry) if entry else None
