"""Mutation that uploads a file for messages."""

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.enums import MediaKind
from graph.core.ids import require_id
from graph.core.scalars import Upload
from graph.core.user_errors import UserError, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.uploaded_media import UploadedMedia


@strawberry.input(description="File to upload.")
class UploadMediaInput:
    account_id: strawberry.ID = strawberry.field(
        description="Id of the account that will send the file."
    )
    file: Upload = strawberry.field(description="File to store.")
    kind: MediaKind | None = strawberry.field(
        default=None,
        description="Kind of media to send the file as; defaults to the best match for its type.",
    )
    filename: str | None = strawberry.field(
        default=None,
        description="File name of up to 240 characters; defaults to the name of the uploaded file.",
    )


@strawberry.type(description="Result of `uploadMedia`.")
class UploadMediaPayload:
    upload: UploadedMedia | None = strawberry.field(
        default=None, description="Uploaded file; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class UploadMutations:
    @mutation_field(
        IsAgent,
        description="Stores a file and uploads it to WhatsApp for use in messages. Limits: IMAGE"
        " JPEG or PNG, 5 MB; VIDEO MP4 or 3GP, 16 MB; AUDIO AAC, AMR, MP3, M4A or OGG with Opus,"
        " 16 MB; STICKER WebP of 512 x 512 pixels, 100 KB, animated 500 KB; DOCUMENT 100 MB. Files"
        " not used in a message or quick reply are deleted after a day. Requires role AGENT.",
    )
    async def upload_media(self, info: Info, input: UploadMediaInput) -> UploadMediaPayload:
        document = await info.context.services.uploads.upload(
            get_viewer(info),
            input.file,
            account_id=require_id(input.account_id, "Account", "accountId"),
            kind=input.kind.value.lower() if input.kind else None,
            filename=input.filename,
        )
        return UploadMediaPayload(upload=UploadedMedia.from_document(document))
