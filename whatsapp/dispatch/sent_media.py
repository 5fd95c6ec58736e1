"""The file of a message to send: uploaded to Meta again if Meta's copy has expired."""

from models import Account, Message, OutboxState, UploadedMedia
from models.database.base import collection
from whatsapp.cloud_api.error_codes import MEDIA_CODES
from whatsapp.errors import CloudAPIError
from whatsapp.media.media_store import FileMissing
from whatsapp.media.uploaded_media import (
    attach_upload,
    change_media_id,
    expire_media_id,
    read_media_id,
)
from whatsapp.media.uploads import Uploads, is_known_to_meta

# Also Meta's code for "is not a valid whatsapp business account media attachment ID".
INVALID_PARAMETER = 100


async def prepare_file(message: Message, account: Account, uploads: Uploads) -> bool:
    """Uploads the message's file to Meta if needed, and sets its media id in the message.

    Returns False after an upload: that takes time, so the message must be read again.

    Raises:
        FileMissing: the file no longer exists.
        CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: Meta did not accept it.
        DecryptionError, StoreUnavailable, PyMongoError: it can't be uploaded now.
    """
    if message.upload_id is None:
        return True
    # A crash may have left the message without its Media.
    is_attached = await attach_upload(message)
    upload = await UploadedMedia.get(message.upload_id) if is_attached else None
    if upload is None:
        raise FileMissing(str(message.upload_id))
    if not is_known_to_meta(upload):
        await uploads.renew(account, upload)
        return False
    if read_media_id(message) != upload.media_id:
        await collection(Message).update_one(
            {"_id": message.id, "outbox_state": OutboxState.READY.value},
            {"$set": change_media_id(message, upload.media_id)},
        )
    return True


def is_file_at_fault(message: Message, error: CloudAPIError) -> bool:
    """Returns True if Meta's error may mean that its copy of the file has expired."""
    codes = MEDIA_CODES | {INVALID_PARAMETER}
    return message.upload_id is not None and not message.media_renewed and error.code in codes


async def request_renewal(message: Message) -> None:
    """Makes the file upload again before the message is re-sent; once for each message."""
    if message.upload_id is None:
        return
    await collection(Message).update_one({"_id": message.id}, {"$set": {"media_renewed": True}})
    await expire_media_id(message.upload_id, read_media_id(message))
