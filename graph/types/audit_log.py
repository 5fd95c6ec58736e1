"""The audit log in the graph: who did what to what, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.connections import (
    NEWEST,
    After,
    Before,
    Connection,
    First,
    Last,
    connect,
    read_page,
)
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import AuditAction, AuditOutcome, CredentialKind
from graph.core.ids import encode_id, parse_id, parse_object_id
from graph.core.stored import load_account
from graph.inputs.filters import AccountId
from graph.types.accounts import Account
from whatsapp.auth.audit import make_entry_filter


@strawberry.type(description="Who acted.")
class AuditActor:
    kind: CredentialKind = strawberry.field(description="With what they acted.")
    id: str = strawberry.field(
        description="Id of the API key as in `apiKeys`, the subject (`sub`) of the token, or the"
        " operator's name on the server."
    )
    name: str = strawberry.field(description="Their name at that time.")

    @classmethod
    def from_document(cls, actor: models.AuditActor) -> Self:
        is_key = actor.kind is CredentialKind.API_KEY
        shown = encode_id("ApiKey", actor.id) if is_key else actor.id
        return cls(kind=actor.kind, id=shown, name=actor.name)


@strawberry.type(description="What was acted on.")
class AuditTarget:
    type: str = strawberry.field(description="Name of its type: Account, Contact and so on.")
    id: strawberry.ID = strawberry.field(
        description="Its global id; it may exist no more, or never have existed."
    )


@strawberry.type(description="One act, written before it was done and completed after it.")
class AuditEntry(relay.Node):
    node_id: relay.NodeID[str]
    action: AuditAction = strawberry.field(description="What was done.")
    actor: AuditActor = strawberry.field(description="Who did it.")
    targets: list[AuditTarget] = strawberry.field(description="What it was done to.")
    fields: list[str] = strawberry.field(
        description="Names of the fields that were given. What was in them is not kept."
    )
    outcome: AuditOutcome = strawberry.field(description="What came of it.")
    refusal: str | None = strawberry.field(description="Code of the refusal, if it was refused.")
    request_id: str | None = strawberry.field(
        description="The request's `X-Request-Id`, which the log has too."
    )
    created_at: datetime = strawberry.field(description="When it was begun.")
    finished_at: datetime | None = strawberry.field(description="When its outcome was noted.")
    account_ids: strawberry.Private[list[PydanticObjectId]]

    @strawberry.field(description="The accounts that it touched, as far as they still exist.")
    async def accounts(self, info: Info) -> list[Account]:
        found = [await load_account(info, account_id) for account_id in self.account_ids]
        there = [one for one in found if one is not None and one.deleted_at is None]
        return [Account.from_document(document) for document in there]

    @classmethod
    def from_document(cls, document: models.AuditEntry) -> Self:
        return cls(
            node_id=str(document.id),
            action=document.action,
            actor=AuditActor.from_document(document.actor),
            targets=[
                AuditTarget(type=one.type, id=strawberry.ID(encode_id(one.type, one.id)))
                for one in document.targets
            ],
            fields=document.fields,
            outcome=document.outcome,
            refusal=document.refusal,
            request_id=document.request_id,
            created_at=document.created_at,
            finished_at=document.finished_at,
            account_ids=document.account_ids,
        )


@strawberry.type
class AuditQueries:
    @strawberry.field(
        permission_classes=[IsAdmin],
        description="Who did what, newest first; an admin of some accounts sees what touched these"
        " only. Requires role ADMIN.",
    )
    async def audit_log(
        self,
        info: Info,
        account_id: AccountId = None,
        actor: Annotated[
            str | None, strawberry.argument(description="Only acts of whoever has this id or name.")
        ] = None,
        action: Annotated[
            AuditAction | None, strawberry.argument(description="Only acts of this kind.")
        ] = None,
        first: First = 50,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[AuditEntry]:
        page = read_page(info, first=first, after=after, last=last, before=before)
        conditions = [make_entry_filter(get_viewer(info))]
        if account_id is not None:
            conditions.append({"account_ids": parse_id(account_id, "Account")})
        if actor is not None:
            conditions.append(_match_actor(actor))
        if action is not None:
            conditions.append({"action": action.value})
        return await connect(
            models.AuditEntry,
            {"$and": conditions},
            AuditEntry.from_document,
            order=NEWEST,
            page=page,
        )


def _match_actor(text: str) -> dict[str, Any]:
    key_id = parse_id(text, "ApiKey")
    return {"$or": [{"actor.id": str(key_id) if key_id else text}, {"actor.name": text}]}


async def find_audit_entry(info: Info, document_id: str) -> AuditEntry | None:
    """The entry, if the viewer may see it."""
    viewer, entry_id = get_viewer(info), parse_object_id(document_id)
    if entry_id is None or not viewer.has_role(models.Role.ADMIN):
        return None
    found = await models.AuditEntry.find_one({"_id": entry_id, **make_entry_filter(viewer)})
    return AuditEntry.from_document(found) if found else None
