"""Exports of contacts in the graph, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.enums import ExportState
from graph.core.ids import parse_id, parse_object_id
from graph.core.scalars import Url
from graph.core.stored import CONTACTS, LINKED_AGENTS, linked, reads, registers_type, stored
from graph.types.accounts import HasAccount
from graph.types.auth.agents import Agent
from graph.types.connection_field import AccountId, DocumentList, connection_field, limit_to_account
from graph.types.contacts import Contact
from models import Role
from whatsapp.exports.exports import FILE_LIFE


@strawberry.type(description="Progress of an export.")
class ContactExportProgress:
    done: int = strawberry.field(description="Messages, notes and changes that are written.")
    total: int | None = strawberry.field(
        description="Number of messages, notes and changes when the export started; null before."
    )


@registers_type(models.ContactExport)
@strawberry.type(
    description="ZIP file with all data about a contact. Visible to callers with role ADMIN."
)
class ContactExport(relay.Node, HasAccount):
    node_id: relay.NodeID[str]
    state: ExportState = stored(
        "shown_state", needs=["state", "expires_at"], description="Current state of the export."
    )
    size_bytes: float | None = stored(
        "size_bytes",
        description="Size of the file in bytes, which may exceed the range of Int; null until"
        " READY.",
    )
    error: str | None = stored(
        "error", description="Reason why the last attempt failed; null if none did."
    )
    contact: Contact | None = linked(
        "contact_id", CONTACTS, description="Exported contact; null if it was removed meanwhile."
    )
    requested_by: Agent | None = linked(
        "agent_id",
        LINKED_AGENTS,
        description="Agent who requested the export; null if the API key of a server did.",
        needs=["requested_by"],
    )
    requested_by_name: str = stored(
        "requester_name",
        needs=["requested_by"],
        description="Name of the API key or of the token's holder when the export was requested.",
    )
    created_at: datetime = stored("created_at", description="Time of the request.")
    finished_at: datetime | None = stored(
        "finished_at", description="Time at which the export was READY or FAILED; null before."
    )
    expires_at: datetime | None = stored(
        "expires_at",
        description=f"Time at which the file is deleted: after {FILE_LIFE.days} days, or when a"
        " newer export of the contact is READY; null until READY.",
    )
    document: strawberry.Private[models.ContactExport]

    @strawberry.field(
        description="Progress; it starts again if another process takes the export over.",
        metadata=reads("done", "total"),
    )
    def progress(self) -> ContactExportProgress:
        return ContactExportProgress(done=self.document.done, total=self.document.total)

    @strawberry.field(
        description="Signed URL of the file, valid for a limited time without credentials; null"
        " unless READY.",
        metadata=reads("id", "state", "expires_at"),
    )
    def url(self, info: Info) -> Url | None:
        if self.document.shown_state is not ExportState.READY:
            return None
        return Url(info.context.services.export_urls.make(self.document.id))

    @classmethod
    def from_document(cls, document: models.ContactExport) -> Self:
        return cls(node_id=str(document.id), document=document)


@strawberry.type
class ContactExportQueries:
    @connection_field(
        ContactExport,
        permission_classes=[IsAdmin],
        description="Lists exports of contacts, newest first. Requires role ADMIN.",
    )
    async def contact_exports(
        self,
        info: Info,
        account_id: AccountId = None,
        contact_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Returns only exports of this contact."),
        ] = None,
    ) -> DocumentList:
        of_accounts = await limit_to_account(info, account_id)
        conditions: list[dict[str, Any]] = [of_accounts, {"erased_at": None}]
        if contact_id is not None:
            conditions.append({"contact_id": parse_id(contact_id, "Contact")})
        return DocumentList(models.ContactExport, {"$and": conditions})


async def find_contact_export(info: Info, document_id: str) -> ContactExport | None:
    """Loads an export; None if it is not visible to the viewer."""
    export_id = parse_object_id(document_id)
    export = await _load(info, export_id) if export_id is not None else None
    return ContactExport.from_document(export) if export is not None else None


async def _load(info: Info, export_id: PydanticObjectId) -> models.ContactExport | None:
    viewer = get_viewer(info)
    if not viewer.has_role(Role.ADMIN):
        return None
    visible = {"_id": export_id, "erased_at": None, **viewer.limit_accounts()}
    return await models.ContactExport.find_one(visible)
