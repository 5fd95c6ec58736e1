"""Documents of uploaded files: attached to messages, and erased with the last such message.

Each outbound message has its own `Media`, which names the upload that owns the bytes. Attaching
inserts that `Media` first and marks the upload as used second; erasing marks the upload first and
checks for `Media` second. So concurrent calls can't miss each other. Quick replies keep their
upload in the same way.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Media, MediaState, Message, QuickReply, UploadedMedia
from models.database.base import collection, to_bson, utc_now
from models.database.bulk_writes import update_in_batches
from whatsapp.media.media import PAGE_SIZE, mark_erased
from whatsapp.media.media_store import MediaStores

logger = logging.getLogger(__name__)

# Time until an upload that nothing uses is deleted.
UNUSED_RETENTION = timedelta(days=1)

Path = tuple[str | int, ...]


async def find_upload(upload_id: PydanticObjectId) -> UploadedMedia | None:
    """Returns an upload that can be sent, or None."""
    upload = await UploadedMedia.get(upload_id)
    return upload if upload is not None and is_sendable(upload) else None


def is_sendable(upload: UploadedMedia) -> bool:
    return upload.state is MediaState.STORED and upload.erased_at is None


async def attach_upload(message: Message, upload: UploadedMedia | None = None) -> bool:
    """Creates the Media of a message that sends an upload; repeated calls add nothing.

    `upload` is its upload if the caller has read it. Returns False if the upload no longer exists.
    """
    if upload is None and message.upload_id is not None:
        upload = await UploadedMedia.get(message.upload_id)
    if upload is None:
        return False
    try:
        await collection(Media).insert_one(to_bson(_make_media(message, upload)))
    except DuplicateKeyError:
        return True
    is_kept = await keep_upload(upload.id)
    if not is_kept:
        await mark_erased({"_id": message.id})
    return is_kept


async def keep_upload(upload_id: PydanticObjectId) -> bool:
    """Marks an upload as used. Its new user must already be stored.

    Returns False if it is erased.
    """
    kept = await collection(UploadedMedia).update_one(
        {"_id": upload_id, "erased_at": None}, {"$set": {"unused_until": None}}
    )
    return bool(kept.matched_count)


def _make_media(message: Message, upload: UploadedMedia) -> Media:
    kind, filename = read_file_name(message)
    return Media(
        id=message.id,
        workspace_id=message.workspace_id,
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
    """Records the media id under which Meta keeps the file until `expires_at`."""
    changes = {"media_id": media_id, "media_id_expires_at": expires_at}
    await collection(UploadedMedia).update_one({"_id": upload.id}, {"$set": changes})
    changed: UploadedMedia = upload.model_copy(update=changes)
    return changed


async def expire_media_id(upload_id: PydanticObjectId, media_id: object) -> None:
    """Marks Meta's copy as expired, so that the file is uploaded again before it is sent."""
    await collection(UploadedMedia).update_one(
        {"_id": upload_id, "media_id": media_id}, {"$set": {"media_id_expires_at": utc_now()}}
    )


async def erase_uploads(query: Mapping[str, Any]) -> None:
    """Hides uploads that nothing uses; a sweep then removes their bytes."""
    await update_in_batches(
        UploadedMedia,
        {**query, "erased_at": None},
        {"$set": {"erased_at": utc_now(), "unused_until": None}},
    )


async def release_kept_upload(upload_id: PydanticObjectId) -> None:
    """Marks the upload of a former quick reply as unused, unless something else uses it.

    It stays for a while, because an agent may be about to send it.
    """
    unused_until = utc_now() + UNUSED_RETENTION
    await collection(UploadedMedia).update_one(
        {"_id": upload_id, "erased_at": None}, {"$set": {"unused_until": unused_until}}
    )
    if await _is_used(upload_id):
        await keep_upload(upload_id)


async def release_upload(media: Media) -> None:
    """Erases the upload of an erased Media, unless something else uses it."""
    if media.upload_id is not None and not await _is_used(media.upload_id):
        await erase_uploads({"_id": media.upload_id})


async def sweep_uploads(stores: MediaStores) -> int:
    """Removes uploads that were erased, or unused until `unused_until`. Returns their number.

    Raises:
        StoreUnavailable, PyMongoError: a later call removes the remaining uploads.
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
    if await _is_used(upload.id):
        # A message or quick reply got it while its last earlier user was removed.
        await collection(UploadedMedia).update_one(key, {"$set": {"erased_at": None}})
        return False
    store = stores.find(upload.store)
    if store is None:
        logger.error(
            "The file of an erased upload can't be deleted: its store is no longer configured",
            extra={"account_id": upload.account_id, "upload_id": upload.id},
        )
        return False
    await store.delete(upload.stored_as)
    await collection(UploadedMedia).delete_one(key)
    return True


async def _is_used(upload_id: PydanticObjectId) -> bool:
    # `$type` for the index, which has only media of uploads.
    shown = {"upload_id": {"$eq": upload_id, "$type": "objectId"}, "erased_at": None}
    if await collection(Media).find_one(shown, {"_id": 1}) is not None:
        return True
    kept = {"upload_id": upload_id}
    return await collection(QuickReply).find_one(kept, {"_id": 1}) is not None


def locate_media_id(message: Message) -> Path:
    """Returns the keys and indexes that lead to the media id within `content`."""
    if message.type != "template":
        return ("id",)
    for index, component in enumerate(message.content.get("components") or ()):
        if component["type"] == "header":
            kind = component["parameters"][0]["type"]
            return ("components", index, "parameters", 0, kind, "id")
    raise ValueError(f"message {message.id} has an upload and no header")


def read_media_id(message: Message) -> object:
    """Returns the message's media id, or None if it has none."""
    value: Any = message.content
    for step in locate_media_id(message):
        try:
            value = value[step]
        except (KeyError, IndexError):
            return None
    return value


def change_media_id(message: Message, media_id: str | None) -> dict[str, Any]:
    """Changes the media id in `message`. Returns the `$set` for the same change in the database."""
    *steps, last = locate_media_id(message)
    parent: Any = message.content
    for step in steps:
        parent = parent[step]
    parent[last] = media_id
    return {".".join(map(str, ("content", *steps, last))): media_id}


def read_file_name(message: Message) -> tuple[str, str | None]:
    """Returns the kind of file that the message sends, and the name shown to the customer."""
    if message.type != "template":
        return message.type, message.content.get("filename")
    header: Mapping[str, Any] = message.content["shown"]["header"]
    return header["format"].lower(), header.get("filename")
