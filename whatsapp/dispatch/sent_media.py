"""The file of a message whose turn has come: known to Meta, or handed over once more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pymongo.errors import PyMongoError

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
from whatsapp.messages.lanes import Lease, renew_lease

# "is not a valid whatsapp business account media attachment ID" has no code of its own.
INVALID_PARAMETER = 100


async def prepare_file(message: Message, account: Account, lease: Lease, uploads: Uploads) -> bool:
    """Sees to it that Meta knows the file of a message, and the message its id.

    False where that took a while, so that the message has to be looked at again.

    Raises:
        FileMissing: it is not here any more.
        CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: Meta did not take it.
        DecryptionError, StoreUnavailable, PyMongoError: not now.
    """
    if message.upload_id is None:
        return True
    # A crash may have left the message without its Media.
    is_attached = await attach_upload(message)
    upload = await UploadedMedia.get(message.upload_id) if is_attached else None
    if upload is None:
        raise FileMissing(str(message.upload_id))
    if not is_known_to_meta(upload):
        async with _keep_lease_alive(lease):
            await uploads.renew(account, upload)
        return False
    if read_media_id(message) != upload.media_id:
        await collection(Message).update_one(
            {"_id": message.id, "outbox_state": OutboxState.READY.value},
            {"$set": change_media_id(message, upload.media_id)},
        )
    return True


def is_file_at_fault(message: Message, error: CloudAPIError) -> bool:
    """Whether Meta's answer may mean that it does not know the file any more."""
    codes = MEDIA_CODES | {INVALID_PARAMETER}
    return message.upload_id is not None and not message.media_renewed and error.code in codes


async def have_renewed(message: Message) -> None:
    """Has the file handed over anew before the message is sent again; for each message once."""
    if message.upload_id is None:
        return
    await collection(Message).update_one({"_id": message.id}, {"$set": {"media_renewed": True}})
    await expire_media_id(message.upload_id, read_media_id(message))


@asynccontextmanager
async def _keep_lease_alive(lease: Lease) -> AsyncIterator[None]:
    """A large file takes longer than a lease."""
    keeper = asyncio.create_task(_keep(lease), name="lease of an upload")
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _keep(lease: Lease) -> None:
    while True:
        await asyncio.sleep(lease.seconds / 3)
        try:
            if not await renew_lease(lease):
                return  # the worker will see that before it takes the message
        except PyMongoError:
            continue
