"""Uploading a file, to send it in messages."""

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.enums import MediaKind
from graph.core.ids import require_id
from graph.core.scalars import Upload
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.types.uploaded_media import UploadedMedia


@strawberry.input(description="A file to upload.")
class UploadMediaInput:
    account_id: strawberry.ID = strawberry.field(description="The account that will send it.")
    file: Upload = strawberry.field(description="The file.")
    kind: MediaKind | None = strawberry.field(
        default=None, description="What it is to be sent as; left out, what its type fits best."
    )
    filename: str | None = strawberry.field(
        default=None,
        description="Its name, at most 240 characters; left out, the name it came with.",
    )


@strawberry.type(description="The uploaded file.")
class UploadMediaPayload:
    upload: UploadedMedia | None = strawberry.field(
        default=None, description="The file; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class UploadMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Stores a file and hands it to WhatsApp, to be sent in messages by its id."
        " Limits: IMAGE jpeg or png, 5 MB; VIDEO mp4 or 3gp, 16 MB; AUDIO aac, amr, mp3, m4a or ogg"
        " with Opus, 16 MB; STICKER webp of 512 x 512 pixels, 100 KB, animated 500 KB; DOCUMENT"
        " 100 MB. A file that no message is sent with is removed after a day. Requires role AGENT.",
    )
    @refusals_as_data(UploadMediaPayload)
    async def upload_media(self, info: Info, input: UploadMediaInput) -> UploadMediaPayload:
        document = await info.context.services.uploads.upload(
            get_viewer(info),
            input.file,
            account_id=require_id(input.account_id, "Account", "accountId"),
            kind=input.kind.value.lower() if input.kind else None,
            filename=input.filename,
        )
        return UploadMediaPayload(upload=UploadedMedia.from_document(document))
