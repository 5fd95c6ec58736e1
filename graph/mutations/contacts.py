"""Mutations of contacts."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID, Maybe
from strawberry.scalars import JSON

from graph.core.context import Info, IsAdmin, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, refusals_as_data, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.auditing import audited
from graph.types.contacts import Contact
from models import AuditAction
from whatsapp.contacts import blocking, contact_management
from whatsapp.merging import contact_merging
from whatsapp.privacy.erasures import erase_contact


@strawberry.input(description="What to change of a contact; absent fields stay as they are.")
class UpdateContactInput:
    contact_id: ID = strawberry.field(description="The contact.")
    name: Maybe[str | None] = strawberry.field(
        description="The name your staff give them, at most 200 characters; null clears it."
    )
    tags: Maybe[list[str] | None] = strawberry.field(
        description="All their labels from now on: at most 50 of 64 characters."
    )
    attributes: Maybe[JSON | None] = strawberry.field(
        description="A JSON object of at most 16 KiB that replaces the one before."
    )
    marketing_opt_out: Maybe[bool | None] = strawberry.field(
        description="Whether they want no marketing messages."
    )


@strawberry.input(description="Which person a contact is.")
class LinkContactInput:
    contact_id: ID = strawberry.field(description="The contact.")
    user_id: ID = strawberry.field(description="The user they are.")


@strawberry.input(description="The contact to take the user from.")
class UnlinkContactInput:
    contact_id: ID = strawberry.field(description="The contact.")


@strawberry.input(description="The contact to block.")
class BlockContactInput:
    contact_id: ID = strawberry.field(description="The contact.")


@strawberry.input(description="The contact to unblock.")
class UnblockContactInput:
    contact_id: ID = strawberry.field(description="The contact.")


@strawberry.input(description="The contact to erase.")
class DeleteContactInput:
    contact_id: ID = strawberry.field(description="The contact.")


@strawberry.input(description="Two contacts of one account that are the same person.")
class MergeContactsInput:
    contact_id: ID = strawberry.field(description="The contact that ends.")
    into_contact_id: ID = strawberry.field(description="The contact that is left.")


@strawberry.type(description="A contact as it is now.")
class ContactPayload:
    contact: Contact | None = strawberry.field(
        default=None, description="The contact; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The contact that was changed.")
class UpdateContactPayload(ContactPayload):
    pass


@strawberry.type(description="The contact with its user.")
class LinkContactPayload(ContactPayload):
    pass


@strawberry.type(description="The contact without a user.")
class UnlinkContactPayload(ContactPayload):
    pass


@strawberry.type(description="The contact that was blocked.")
class BlockContactPayload(ContactPayload):
    pass


@strawberry.type(description="The contact that was unblocked.")
class UnblockContactPayload(ContactPayload):
    pass


@strawberry.type(description="The contact that is left.")
class MergeContactsPayload(ContactPayload):
    pass


@strawberry.type(description="What was erased.")
class DeleteContactPayload:
    deleted_contact_id: ID | None = strawberry.field(
        default=None, description="Id of the contact that was; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ContactMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent], description="Changes a contact. Requires role AGENT."
    )
    @refusals_as_data(UpdateContactPayload)
    @audited(AuditAction.CONTACT_UPDATED)
    async def update_contact(self, info: Info, input: UpdateContactInput) -> UpdateContactPayload:
        never_null = ("tags", "attributes", "marketing_opt_out")
        document = await contact_management.update_contact(
            get_viewer(info),
            _require(input.contact_id),
            changes=list_changes(input, "name", *never_null, required=never_null),
        )
        return UpdateContactPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Says which user a contact is, in place of any other. Requires role AGENT.",
    )
    @refusals_as_data(LinkContactPayload)
    @audited(AuditAction.CONTACT_LINKED)
    async def link_contact(self, info: Info, input: LinkContactInput) -> LinkContactPayload:
        document = await contact_management.link_contact(
            get_viewer(info),
            _require(input.contact_id),
            require_id(input.user_id, "User", "userId"),
        )
        return LinkContactPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Takes the user from a contact; messages don't bring one back."
        " Requires role AGENT.",
    )
    @refusals_as_data(UnlinkContactPayload)
    @audited(AuditAction.CONTACT_UNLINKED)
    async def unlink_contact(self, info: Info, input: UnlinkContactInput) -> UnlinkContactPayload:
        contact_id = _require(input.contact_id)
        document = await contact_management.unlink_contact(get_viewer(info), contact_id)
        return UnlinkContactPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Blocks a customer at WhatsApp: they can't write to the number any more, and"
        " nothing is sent to them, not even what is queued. WhatsApp allows it for who wrote within"
        " the last 24 hours. Requires role AGENT.",
    )
    @refusals_as_data(BlockContactPayload)
    @audited(AuditAction.CONTACT_BLOCKED)
    async def block_contact(self, info: Info, input: BlockContactInput) -> BlockContactPayload:
        contact_id = _require(input.contact_id)
        api = info.context.services.account_api
        document = await run_without_deadline(
            blocking.block_contact(api, get_viewer(info), contact_id)
        )
        return BlockContactPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Lets a blocked customer write to the number, and be written to, again."
        " Requires role AGENT.",
    )
    @refusals_as_data(UnblockContactPayload)
    @audited(AuditAction.CONTACT_UNBLOCKED)
    async def unblock_contact(
        self, info: Info, input: UnblockContactInput
    ) -> UnblockContactPayload:
        contact_id = _require(input.contact_id)
        api = info.context.services.account_api
        document = await run_without_deadline(
            blocking.unblock_contact(api, get_viewer(info), contact_id)
        )
        return UnblockContactPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Merges a contact into another one of its account: identities, user, tags,"
        " attributes, history and queued messages. It can't be undone; asked again it finishes what"
        " was interrupted. Requires role AGENT.",
    )
    @refusals_as_data(MergeContactsPayload)
    @audited(AuditAction.CONTACTS_MERGED)
    async def merge_contacts(self, info: Info, input: MergeContactsInput) -> MergeContactsPayload:
        merging = contact_merging.merge_contacts(
            get_viewer(info),
            _require(input.contact_id),
            into_id=require_id(input.into_contact_id, "Contact", "intoContactId"),
        )
        document = await run_without_deadline(merging)
        info.context.services.outbox.wake()
        return MergeContactsPayload(contact=Contact.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Erases a contact with its conversation and messages, for good, and the user"
        " that a first message made if no contact of theirs is left. Requires role ADMIN.",
    )
    @refusals_as_data(DeleteContactPayload)
    @audited(AuditAction.CONTACT_DELETED)
    async def delete_contact(self, info: Info, input: DeleteContactInput) -> DeleteContactPayload:
        contact_id = _require(input.contact_id)
        await run_without_deadline(erase_contact(get_viewer(info), contact_id))
        return DeleteContactPayload(deleted_contact_id=input.contact_id)


def _require(contact_id: str) -> PydanticObjectId:
    return require_id(contact_id, "Contact", "contactId")
