"""Uploads: a file is checked, stored here, and handed to Meta; anew when Meta forgot it."""

from datetime import timedelta

from beanie import PydanticObjectId

from models import Account, UploadedMedia
from models.database.base import collection, new_id, to_bson, utc_now
from whatsapp.accounts.account_api import decrypt_access_token, translating_cloud_api_errors
from whatsapp.accounts.accounts import get_account, require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.cloud_api.media_api import MediaForm
from whatsapp.common.crypto import KeyRing
from whatsapp.errors import CloudAPIOutcomeUnknown
from whatsapp.media.media_store import FileMissing, MediaStores
from whatsapp.media.media_types import make_filename
from whatsapp.media.received_file import ReceivedFile
from whatsapp.media.upload_checks import FileFacts, check_file, check_filename
from whatsapp.media.uploaded_media import erase_uploads, set_media_id
from whatsapp.settings import Settings

# Meta keeps what was uploaded for 30 days; a message must reach it before.
MEDIA_ID_LIFE = timedelta(days=30)
EXPIRY_MARGIN = timedelta(hours=1)


class Uploads:
    """One for all of a process."""

    def __init__(
        self, *, settings: Settings, keyring: KeyRing, cloud_api: CloudAPI, stores: MediaStores
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._cloud_api = cloud_api
        self._stores = stores

    async def upload(
        self,
        viewer: Viewer,
        file: ReceivedFile,
        *,
        account_id: PydanticObjectId,
        kind: str | None = None,
        filename: str | None = None,
    ) -> UploadedMedia:
        """As `take_in`, for somebody who asks.

        Raises:
            Refused: NotFound, AccountDisabled, AccountStopped, and as `take_in`.
        """
        account = await get_account(viewer, account_id)
        require_active_account(account)
        if filename is not None:
            check_filename(filename, field=["filename"])
        return await self.take_in(
            account, file, kind=kind, filename=filename, created_by=viewer.name, field=["file"]
        )

    async def take_in(
        self,
        account: Account,
        file: ReceivedFile,
        *,
        kind: str | None,
        filename: str | None,
        created_by: str,
        field: list[str],
    ) -> UploadedMedia:
        """Checks a file, stores it, and hands it to Meta; a failure leaves nothing behind.

        `field` is where the file stood in the input.

        Raises:
            Refused: InvalidInput, MetaRefused or MetaUnreachable.
            StoreUnavailable, PyMongoError: it can't be stored now.
        """
        facts = check_file(file, kind=kind, filename=filename, field=field)
        upload = self._plan(account, file, facts, created_by=created_by)
        # The document comes first: what a crash leaves is found by it, and removed as unused.
        await collection(UploadedMedia).insert_one(to_bson(upload))
        try:
            await self._stores.current.put(upload.stored_as, file.read())
            async with translating_cloud_api_errors(account, "upload"):
                upload = await self.renew(account, upload)
        except BaseException:
            # Also where the caller left: what nobody was told of is not kept.
            await erase_uploads({"_id": upload.id})
            raise
        return upload

    async def renew(self, account: Account, upload: UploadedMedia) -> UploadedMedia:
        """Hands a stored file to Meta again.

        Raises:
            CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: Meta did not take it.
            DecryptionError, FileMissing, StoreUnavailable, PyMongoError: it can't be read.
        """
        name = make_filename(upload.filename, fallback=str(upload.id), mime_type=upload.mime_type)
        store = self._stores.find(upload.store)
        if store is None:
            raise FileMissing(upload.stored_as)
        form = MediaForm.make(
            filename=name,
            mime_type=upload.told_type,
            size_bytes=upload.size_bytes,
            chunks=store.read(upload.stored_as, start=0, end=upload.size_bytes),
        )
        answer = await self._cloud_api.upload(
            account.phone_number_id,
            "media",
            access_token=decrypt_access_token(self._keyring, account),
            graph_api_version=account.graph_api_version,
            content=form,
            headers=form.headers,
            deadline_seconds=self._settings.upload_deadline_seconds,
        )
        media_id = answer.get("id")
        if not isinstance(media_id, str) or not media_id:
            raise CloudAPIOutcomeUnknown("the answer names no file")
        return await set_media_id(upload, media_id, expires_at=utc_now() + MEDIA_ID_LIFE)

    def _plan(
        self, account: Account, file: ReceivedFile, facts: FileFacts, *, created_by: str
    ) -> UploadedMedia:
        upload_id = new_id()
        return UploadedMedia(
            id=upload_id,
            account_id=account.id,
            kind=facts.kind,
            filename=facts.filename,
            mime_type=facts.mime_type,
            told_type=facts.told_type,
            size_bytes=file.size,
            sha256=file.sha256,
            animated=facts.animated,
            store=self._stores.current.name,
            stored_as=f"{account.id}/uploads/{upload_id}",
            unused_until=utc_now() + timedelta(seconds=self._settings.upload_unused_seconds),
            created_by=created_by,
        )


def is_known_to_meta(upload: UploadedMedia) -> bool:
    """Whether Meta still has the file under its id, for a while."""
    expires_at = upload.media_id_expires_at
    return expires_at is not None and expires_at > utc_now() + EXPIRY_MARGIN
