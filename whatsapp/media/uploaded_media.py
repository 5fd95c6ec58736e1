"""Uploaded files as documents: used by messages, renewed at Meta, erased with the last that uses.

A message of ours shows its file by a `Media` of its own that names the upload; the bytes are the
upload's. Whoever puts such a `Media` there says so to the upload afterwards, and whoever erases an
upload looks for them afterwards: one of the two always sees the other.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Media, MediaState, Message, UploadedMedia
from models.database.base import collection, to_bson, utc_now
from models.database.bulk_writes import update_in_batches
from whatsapp.media.media import PAGE_SIZE, mark_erased
from whatsapp.media.media_reference import read_file_name
from whatsapp.media.media_store import MediaStores

logger = logging.getLogger(__name__)


async def find_upload(upload_id: PydanticObjectId) -> UploadedMedia | None:
    """A file that Meta took and that may be used."""
    found = await UploadedMedia.get(upload_id)
    is_there = found is not None and found.state is MediaState.STORED and found.erased_at is None
    return found if is_there else None


async def attach_upload(message: Message) -> bool:
    """Makes the Media of a message that is sent with an upload; repeating it adds nothing.

    False where the upload is gone.
    """
    upload = None if message.upload_id is None else await UploadedMedia.get(message.upload_id)
    if upload is None:
        return False
    try:
        await collection(Media).insert_one(to_bson(_make_media(message, upload)))
    except DuplicateKeyError:
        return True
    used = await collection(UploadedMedia).update_one(
        {"_id": upload.id, "erased_at": None}, {"$set": {"unused_until": None}}
    )
    if not used.matched_count:
        await mark_erased({"_id": message.id})
    return bool(used.matched_count)


def _make_media(message: Message, upload: UploadedMedia) -> Media:
    kind, filename = read_file_name(message)
    return Media(
        id=message.id,
        account_id=message.account_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        kind=kind,
        media_id=upload.media_id or "",
        filename=filename or upload.filename,
        upload_id=upload.id,
        state=MediaState.STORED,
        mime_type=upload.mime_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        store=upload.store,
        stored_as=upload.stored_as,
        stored_at=upload.created_at,
    )


async def set_media_id(
    upload: UploadedMedia, media_id: str, *, expires_at: datetime
) -> UploadedMedia:
    """Meta took the file (again) and will forget it then."""
    known = {"media_id": media_id, "media_id_expires_at": expires_at}
    await collection(UploadedMedia).update_one({"_id": upload.id}, {"$set": known})
    changed: UploadedMedia = upload.model_copy(update=known)
    return changed


async def forget_media_id(upload_id: PydanticObjectId, media_id: object) -> None:
    """Meta does not know this id any more: the file is handed over anew before it is sent."""
    await collection(UploadedMedia).update_one(
        {"_id": upload_id, "media_id": media_id}, {"$set": {"media_id_expires_at": utc_now()}}
    )


async def erase_uploads(query: Mapping[str, Any]) -> None:
    """Has files removed that nothing shows; the sweep of any process does it."""
    await update_in_batches(
        UploadedMedia,
        {**query, "erased_at": None},
        {"$set": {"erased_at": utc_now(), "unused_until": None}},
    )


async def release_upload(media: Media) -> None:
    """Erases the upload of an erased Media, unless another message shows it."""
    if media.upload_id is not None and not await _is_shown(media.upload_id):
        await erase_uploads({"_id": media.upload_id})


async def sweep_uploads(stores: MediaStores) -> int:
    """Removes the files that nobody sent in time, and the erased ones; gives how many.

    Raises:
        StoreUnavailable, PyMongoError: the rest is removed by a later call.
    """
    await erase_uploads({"unused_until": {"$type": "date", "$lt": utc_now()}})
    query = {"erased_at": {"$type": "date"}}
    erased = await UploadedMedia.find(query).sort("erased_at").limit(PAGE_SIZE).to_list()
    removed = 0
    for upload in erased:
        removed += await _remove_upload(upload, stores)
    return removed


async def _remove_upload(upload: UploadedMedia, stores: MediaStores) -> bool:
    key = {"_id": upload.id, "erased_at": upload.erased_at}
    if await _is_shown(upload.id):
        # A message took it at the very moment when the last one let it go.
        await collection(UploadedMedia).update_one(key, {"$set": {"erased_at": None}})
        return False
    store = stores.find(upload.store)
    if store is None:
        logger.error("Upload %s is erased, but its store is not set any more", upload.id)
        return False
    await store.delete(upload.stored_as)
    await collection(UploadedMedia).delete_one(key)
    return True


async def _is_shown(upload_id: PydanticObjectId) -> bool:
    shown = {"upload_id": upload_id, "erased_at": None}
    return await collection(Media).find_one(shown, {"_id": 1}) is not None
