"""Mutations of contacts."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID, Maybe
from strawberry.scalars import JSON

from graph.core.context import Info, IsAdmin, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.mutation_field import mutation_field
from graph.types.contacts import Contact
from graph.types.inbox.contact_exports import ContactExport
from models import AuditAction
from whatsapp.contacts import blocking, contact_management
from whatsapp.exports.exports import request_export
from whatsapp.merging import contact_merging
from whatsapp.privacy.erasures import erase_contact


@strawberry.input(description="Changes to a contact; omitted fields keep their values.")
class UpdateContactInput:
    contact_id: ID = strawberry.field(description="Id of the contact.")
    name: Maybe[str | None] = strawberry.field(
        description="Name given by your staff, up to 200 characters; null removes it."
    )
    tags: Maybe[list[str] | None] = strawberry.field(
        description="Labels that replace the current ones: up to 50, each up to 64 characters."
    )
    attributes: Maybe[JSON | None] = strawberry.field(
        description="JSON object of up to 16 KiB that replaces the current one."
    )
    marketing_opt_out: Maybe[bool | None] = strawberry.field(
        description="True if the customer opted out of marketing messages."
    )


@strawberry.input(description="Attributes to set on a contact.")
class SetAttributesInput:
    contact_id: ID = strawberry.field(description="Id of the contact.")
    attributes: JSON = strawberry.field(
        description="JSON object with the new values by name. All attributes of a contact have up"
        " to 16 KiB."
    )


@strawberry.input(description="Attributes to remove from a contact.")
class RemoveAttributesInput:
    contact_id: ID = strawberry.field(description="Id of the contact.")
    names: list[str] = strawberry.field(description="Names of the attributes.")


@strawberry.input(description="Input of `linkContact`.")
class LinkContactInput:
    contact_id: ID = strawberry.field(description="Id of the contact.")
    user_id: ID = strawberry.field(description="Id of the user behind the contact.")


@strawberry.input
class ContactIdInput:
    contact_id: ID = strawberry.field(description="Id of the contact.")


@strawberry.input(description="Two contacts of the same account to merge.")
class MergeContactsInput:
    contact_id: ID = strawberry.field(description="Id of the contact to merge and remove.")
    into_contact_id: ID = strawberry.field(description="Id of the contact to keep.")


@strawberry.type(description="Result of a mutation that changes a contact.")
class ContactPayload:
    contact: Contact | None = strawberry.field(
        default=None, description="Current state of the contact; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `deleteContact`.")
class DeleteContactPayload:
    deleted_contact_id: ID | None = strawberry.field(
        default=None, description="Id of the erased contact; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `exportContact`.")
class ExportContactPayload:
    export: ContactExport | None = strawberry.field(
        default=None, description="Queued or running export; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ContactMutations:
    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACT_UPDATED,
        description="Changes a contact. Requires role AGENT.",
    )
    async def update_contact(self, info: Info, input: UpdateContactInput) -> ContactPayload:
        never_null = ("tags", "attributes", "marketing_opt_out")
        document = await contact_management.update_contact(
            get_viewer(info),
            _require(input.contact_id),
            changes=list_changes(input, "name", *never_null, required=never_null),
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.ATTRIBUTES_SET,
        description="Sets attributes of a contact and keeps its others, also those that others"
        " change at the same time. Requires role AGENT.",
    )
    async def set_attributes(self, info: Info, input: SetAttributesInput) -> ContactPayload:
        document = await contact_management.set_contact_attributes(
            get_viewer(info), _require(input.contact_id), input.attributes
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.ATTRIBUTES_REMOVED,
        description="Removes attributes of a contact. Requires role AGENT.",
    )
    async def remove_attributes(self, info: Info, input: RemoveAttributesInput) -> ContactPayload:
        document = await contact_management.remove_contact_attributes(
            get_viewer(info), _require(input.contact_id), input.names
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACT_LINKED,
        description="Links a contact to a user, replacing any other link. Requires role AGENT.",
    )
    async def link_contact(self, info: Info, input: LinkContactInput) -> ContactPayload:
        document = await contact_management.link_contact(
            get_viewer(info),
            _require(input.contact_id),
            require_id(input.user_id, "User", "userId"),
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACT_UNLINKED,
        description="Removes the link between a contact and its user; new messages do not restore"
        " it. Requires role AGENT.",
    )
    async def unlink_contact(self, info: Info, input: ContactIdInput) -> ContactPayload:
        contact_id = _require(input.contact_id)
        document = await contact_management.unlink_contact(get_viewer(info), contact_id)
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACT_BLOCKED,
        description="Blocks a customer at WhatsApp: they can't message the number, and nothing is"
        " sent to them, including queued messages. WhatsApp only allows blocking within 24 hours"
        " of the customer's last message. Requires role AGENT.",
    )
    async def block_contact(self, info: Info, input: ContactIdInput) -> ContactPayload:
        contact_id = _require(input.contact_id)
        api = info.context.services.account_api
        document = await run_without_deadline(
            blocking.block_contact(api, get_viewer(info), contact_id)
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACT_UNBLOCKED,
        description="Unblocks a customer, so that messages can be exchanged again. Requires role"
        " AGENT.",
    )
    async def unblock_contact(self, info: Info, input: ContactIdInput) -> ContactPayload:
        contact_id = _require(input.contact_id)
        api = info.context.services.account_api
        document = await run_without_deadline(
            blocking.unblock_contact(api, get_viewer(info), contact_id)
        )
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.CONTACTS_MERGED,
        description="Merges a contact into another contact of the same account: identities, user,"
        " tags, attributes, history and queued messages. It can't be undone; repeat the mutation"
        " to finish an interrupted merge. Requires role AGENT.",
    )
    async def merge_contacts(self, info: Info, input: MergeContactsInput) -> ContactPayload:
        merging = contact_merging.merge_contacts(
            get_viewer(info),
            _require(input.contact_id),
            into_id=require_id(input.into_contact_id, "Contact", "intoContactId"),
            wait_seconds=info.context.services.timeouts.merge_wait_seconds,
        )
        document = await run_without_deadline(merging)
        return ContactPayload(contact=Contact.from_document(document))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.CONTACT_DELETED,
        description="Erases a contact permanently with all that is stored about the customer,"
        " including webhooks. Also deletes its user if the user has no contact of another account."
        " Only a later message of the customer creates a new contact. Requires role ADMIN.",
    )
    async def delete_contact(self, info: Info, input: ContactIdInput) -> DeleteContactPayload:
        contact_id = _require(input.contact_id)
        services = info.context.services
        erasing = erase_contact(
            get_viewer(info),
            contact_id,
            services.erasure_log,
            wait_seconds=services.timeouts.erasure_wait_seconds,
        )
        await run_without_deadline(erasing)
        return DeleteContactPayload(deleted_contact_id=input.contact_id)

    @mutation_field(
        IsAdmin,
        audit=AuditAction.CONTACT_EXPORTED,
        description="Exports all data about a contact into a ZIP file: messages with their files,"
        " notes, changes and audited actions, as JSON and as web pages. Returns the unfinished"
        " export of the contact if there is one; an account has at most 100 unfinished exports."
        " Requires role ADMIN.",
    )
    async def export_contact(self, info: Info, input: ContactIdInput) -> ExportContactPayload:
        contact_id = _require(input.contact_id)
        document = await request_export(get_viewer(info), contact_id)
        info.context.services.wake_exports()
        return ExportContactPayload(export=ContactExport.from_document(document))


def _require(contact_id: str) -> PydanticObjectId:
    return require_id(contact_id, "Contact", "contactId")
