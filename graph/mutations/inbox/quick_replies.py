"""Mutations of quick replies."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID, Maybe

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.inbox.quick_replies import QuickReply
from models import AuditAction
from whatsapp.outbox import quick_replies


@strawberry.input(description="Quick reply to create: a text, a file or both.")
class CreateQuickReplyInput:
    account_id: ID = strawberry.field(description="Id of the account.")
    shortcut: str = strawberry.field(
        description="Shortcut of 1 to 50 printable characters without spaces; unique in the"
        " account, ignoring case."
    )
    text: str | None = strawberry.field(
        default=None,
        description="Text of up to 4,096 characters; with a file its caption of up to 1,024"
        " characters. Audio files and stickers have none.",
    )
    upload_id: ID | None = strawberry.field(
        default=None, description="Id of an uploaded file, see `uploadMedia`."
    )


@strawberry.input(
    description="Changes to a quick reply; omitted fields keep their values, null removes them."
)
class UpdateQuickReplyInput:
    quick_reply_id: ID = strawberry.field(description="Id of the quick reply.")
    shortcut: Maybe[str | None] = strawberry.field(
        description="Shortcut of 1 to 50 printable characters without spaces; not null."
    )
    text: Maybe[str | None] = strawberry.field(
        description="Text of up to 4,096 characters, or caption of up to 1,024 characters."
    )
    upload_id: Maybe[ID | None] = strawberry.field(
        description="Id of an uploaded file, see `uploadMedia`."
    )


@strawberry.input
class QuickReplyIdInput:
    quick_reply_id: ID = strawberry.field(description="Id of the quick reply.")


@strawberry.type(description="Result of a mutation that changes a quick reply.")
class QuickReplyPayload:
    quick_reply: QuickReply | None = strawberry.field(
        default=None,
        description="Current state of the quick reply; null if the mutation was refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `deleteQuickReply`.")
class DeleteQuickReplyPayload:
    deleted_quick_reply_id: ID | None = strawberry.field(
        default=None, description="Id of the deleted quick reply; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class QuickReplyMutations:
    @mutation_field(
        IsAgent,
        audit=AuditAction.QUICK_REPLY_CREATED,
        description="Creates a quick reply for all agents of an account. Requires role AGENT.",
    )
    async def create_quick_reply(
        self, info: Info, input: CreateQuickReplyInput
    ) -> QuickReplyPayload:
        document = await quick_replies.create_quick_reply(
            get_viewer(info),
            require_id(input.account_id, "Account", "accountId"),
            shortcut=input.shortcut,
            text=input.text,
            upload_id=parse_given_id(input.upload_id, "UploadedMedia", "uploadId"),
        )
        return QuickReplyPayload(quick_reply=QuickReply.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.QUICK_REPLY_UPDATED,
        description="Changes a quick reply. Requires role AGENT.",
    )
    async def update_quick_reply(
        self, info: Info, input: UpdateQuickReplyInput
    ) -> QuickReplyPayload:
        changes = list_changes(input, "shortcut", "text", "upload_id", required=["shortcut"])
        if "upload_id" in changes:
            changes["upload_id"] = parse_given_id(changes["upload_id"], "UploadedMedia", "uploadId")
        document = await quick_replies.update_quick_reply(
            get_viewer(info), _require(input.quick_reply_id), changes=changes
        )
        return QuickReplyPayload(quick_reply=QuickReply.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.QUICK_REPLY_DELETED,
        description="Deletes a quick reply; its file is deleted a day later, unless a message or"
        " another quick reply uses it. Requires role AGENT.",
    )
    async def delete_quick_reply(
        self, info: Info, input: QuickReplyIdInput
    ) -> DeleteQuickReplyPayload:
        await quick_replies.delete_quick_reply(get_viewer(info), _require(input.quick_reply_id))
        return DeleteQuickReplyPayload(deleted_quick_reply_id=input.quick_reply_id)


def _require(quick_reply_id: str) -> PydanticObjectId:
    return require_id(quick_reply_id, "QuickReply", "quickReplyId")
