"""Uploads: files are checked, stored, and uploaded to Meta, again if Meta's copy expired."""

from datetime import timedelta

from beanie import PydanticObjectId

from models import Account, UploadedMedia
from models.database.base import collection, new_id, to_bson, utc_now
from telemetry.metrics.media import UPLOADED_BYTES
from whatsapp.accounts.account_api import decrypt_access_token, translating_cloud_api_errors
from whatsapp.accounts.accounts import get_account, require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.cloud_api.media_api import MediaForm
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.errors import CloudAPIOutcomeUnknown, QuotaExceeded
from whatsapp.media.media_store import FileMissing, MediaStores
from whatsapp.media.media_types import make_filename
from whatsapp.media.received_file import FileProperties, ReceivedFile, check_file, check_filename
from whatsapp.media.uploaded_media import UNUSED_RETENTION, erase_uploads, set_media_id
from whatsapp.workspaces.quotas import WorkspaceQuotas

# Meta keeps uploaded files for 30 days; a message must be sent before that.
MEDIA_ID_LIFE = timedelta(days=30)
EXPIRY_MARGIN = timedelta(hours=1)


class Uploads:
    """Receives uploads and uploads them to Meta. A process shares a single instance."""

    def __init__(
        self,
        *,
        keyring: KeyRing,
        cloud_api: CloudAPI,
        stores: MediaStores,
        quotas: WorkspaceQuotas,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self._timeouts = timeouts
        self._keyring = keyring
        self._cloud_api = cloud_api
        self._stores = stores
        self._quotas = quotas

    async def upload(
        self,
        viewer: Viewer,
        file: ReceivedFile,
        *,
        account_id: PydanticObjectId,
        kind: str | None = None,
        filename: str | None = None,
    ) -> UploadedMedia:
        """Stores a file that `viewer` uploads to an account.

        Raises:
            Refused: NotFound, AccountDisabled, AccountStopped, and as for `receive`.
        """
        account = await get_account(viewer, account_id)
        require_active_account(account)
        if filename is not None:
            check_filename(filename, field=["filename"])
        return await self.receive(
            account, file, kind=kind, filename=filename, created_by=viewer.name, field=["file"]
        )

    async def receive(
        self,
        account: Account,
        file: ReceivedFile,
        *,
        kind: str | None,
        filename: str | None,
        created_by: str,
        field: list[str],
    ) -> UploadedMedia:
        """Checks a file, stores it, and uploads it to Meta. A failure leaves nothing behind.

        `field` is the file's place in the input.

        Raises:
            Refused: InvalidInput, QuotaExceeded, MetaRefused or MetaUnreachable.
            StoreUnavailable, PyMongoError: the file can't be stored now.
        """
        properties = check_file(file, kind=kind, filename=filename, field=field)
        if not self._quotas.has_room(account.workspace_id, file.size):
            limit = self._quotas.get(account.workspace_id).stored_bytes
            raise QuotaExceeded("stored_bytes", limit=limit or 0, field=field)
        upload = self._plan(account, file, properties, created_by=created_by)
        # The document is stored first, so that after a crash the file is removed as unused.
        await collection(UploadedMedia).insert_one(to_bson(upload))
        try:
            await self._stores.current.put(upload.stored_as, file.read())
            async with translating_cloud_api_errors(account, "upload"):
                upload = await self.renew(account, upload)
        except BaseException:
            # Also on cancellation: the caller never learned the upload's id.
            await erase_uploads({"_id": upload.id})
            raise
        self._quotas.add_stored_bytes(account.workspace_id, upload.size_bytes)
        return upload

    async def renew(self, account: Account, upload: UploadedMedia) -> UploadedMedia:
        """Uploads a stored file to Meta, for the first time or again.

        Raises:
            CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: Meta did not accept it.
            DecryptionError, FileMissing, StoreUnavailable, PyMongoError: it can't be read.
        """
        name = make_filename(upload.filename, fallback=str(upload.id), mime_type=upload.mime_type)
        store = self._stores.find(upload.store)
        if store is None:
            raise FileMissing(upload.stored_as)
        form = MediaForm.make(
            filename=name,
            mime_type=upload.stated_type,
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
            deadline_seconds=self._timeouts.upload_deadline_seconds,
        )
        UPLOADED_BYTES.inc(upload.size_bytes)
        media_id = answer.get("id")
        if not isinstance(media_id, str) or not media_id:
            raise CloudAPIOutcomeUnknown("the answer has no media id")
        return await set_media_id(upload, media_id, expires_at=utc_now() + MEDIA_ID_LIFE)

    def _plan(
        self, account: Account, file: ReceivedFile, properties: FileProperties, *, created_by: str
    ) -> UploadedMedia:
        upload_id = new_id()
        return UploadedMedia(
            id=upload_id,
            workspace_id=account.workspace_id,
            account_id=account.id,
            kind=properties.kind,
            filename=properties.filename,
            mime_type=properties.mime_type,
            stated_type=properties.stated_type,
            size_bytes=file.size,
            sha256=file.sha256,
            animated=properties.animated,
            store=self._stores.current.name,
            stored_as=f"{account.id}/uploads/{upload_id}",
            unused_until=utc_now() + UNUSED_RETENTION,
            created_by=created_by,
        )


def is_known_to_meta(upload: UploadedMedia) -> bool:
    """Returns True if Meta's copy does not expire within the next hour."""
    expires_at = upload.media_id_expires_at
    return expires_at is not None and expires_at > utc_now() + EXPIRY_MARGIN
