"""Quick replies: prepared answers that agents find by a shortcut, with an optional file.

The file is an upload, which stays stored while a quick reply has it. Writers store the quick reply
first and keep its upload second, see `whatsapp.media.uploaded_media`.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import QuickReply, UploadedMedia
from models.database.base import collection, from_bson, to_bson, utc_now
from whatsapp.accounts.accounts import get_account
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.common.values import check_body
from whatsapp.errors import Conflict, InvalidInput, InvalidReason, NotFound
from whatsapp.media.uploaded_media import find_upload, keep_upload, release_kept_upload
from whatsapp.outbox.content.media import CAPTION_LIMIT
from whatsapp.outbox.content.text import TEXT_LIMIT

SHORTCUT_LIMIT = 50
# Meta shows no caption with these kinds.
_WITHOUT_CAPTION = frozenset({"audio", "sticker"})


def make_shortcut_key(shortcut: str) -> str:
    """Returns the form in which shortcuts are compared: without case and width variants."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shortcut).casefold())


async def create_quick_reply(
    viewer: Viewer,
    account_id: PydanticObjectId,
    *,
    shortcut: str,
    text: str | None,
    upload_id: PydanticObjectId | None,
) -> QuickReply:
    """Creates a quick reply of the account.

    Raises:
        NotFound: the account, or the upload in it.
        InvalidInput: a value is malformed, or both text and upload are missing.
        Conflict: the account has another quick reply with this shortcut.
    """
    account = await get_account(viewer, account_id)
    quick_reply = QuickReply(
        workspace_id=account.workspace_id,
        account_id=account.id,
        shortcut=_check_shortcut(shortcut),
        shortcut_key=make_shortcut_key(shortcut),
        text=text,
        upload_id=upload_id,
    )
    await _check_content(quick_reply)
    try:
        await collection(QuickReply).insert_one(to_bson(quick_reply))
    except DuplicateKeyError:
        raise _make_conflict() from None
    if not await _keep(quick_reply):
        await collection(QuickReply).delete_one({"_id": quick_reply.id})
        raise _upload_not_found()
    return quick_reply


async def update_quick_reply(
    viewer: Viewer, quick_reply_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> QuickReply:
    """Updates `shortcut`, `text` and `upload_id`, as named in `changes`; None clears.

    Raises:
        NotFound: the quick reply, or the upload.
        InvalidInput, Conflict: as for `create_quick_reply`.
    """
    before = await _get_quick_reply(viewer, quick_reply_id)
    checked = dict(changes)
    if "shortcut" in checked:
        checked["shortcut"] = _check_shortcut(checked["shortcut"])
        checked["shortcut_key"] = make_shortcut_key(checked["shortcut"])
    after: QuickReply = before.model_copy(update={**checked, "updated_at": utc_now()})
    if checked.keys() & {"text", "upload_id"}:
        await _check_content(after)
    await _replace(before, after)
    if after.upload_id != before.upload_id:
        if not await _keep(after):
            await _replace(after, before)
            raise _upload_not_found()
        await _release(before)
    return after


async def delete_quick_reply(viewer: Viewer, quick_reply_id: PydanticObjectId) -> None:
    """Deletes a quick reply; its file stays for a day, or as long as a message shows it.

    Raises:
        NotFound
    """
    quick_reply = await _get_quick_reply(viewer, quick_reply_id)
    # Another caller may have given it another file since it was read.
    deleted = await collection(QuickReply).find_one_and_delete({"_id": quick_reply.id})
    if deleted is not None:
        await _release(from_bson(QuickReply, deleted))


async def _get_quick_reply(viewer: Viewer, quick_reply_id: PydanticObjectId) -> QuickReply:
    return await get_visible(QuickReply, viewer, quick_reply_id, field="quickReplyId")


async def _replace(before: QuickReply, after: QuickReply) -> None:
    """Stores `after`; raises Conflict if another caller has changed `before`."""
    compared = {name: getattr(before, name) for name in ("shortcut", "text", "upload_id")}
    unchanged = {"_id": before.id, **compared}
    try:
        replaced = await collection(QuickReply).replace_one(unchanged, to_bson(after))
    except DuplicateKeyError:
        raise _make_conflict() from None
    if not replaced.matched_count:
        raise Conflict("The quick reply has just been changed: load it again.")


async def _keep(quick_reply: QuickReply) -> bool:
    """Keeps the file of a stored quick reply. Returns False if the file is erased."""
    if quick_reply.upload_id is None:
        return True
    if not await keep_upload(quick_reply.upload_id):
        return False
    stored = {"_id": quick_reply.id, "upload_id": quick_reply.upload_id}
    if await collection(QuickReply).find_one(stored, {"_id": 1}) is None:
        # Another caller deleted or changed it before the file was kept.
        await _release(quick_reply)
    return True


async def _release(quick_reply: QuickReply) -> None:
    if quick_reply.upload_id is not None:
        await release_kept_upload(quick_reply.upload_id)


def _check_shortcut(shortcut: str) -> str:
    is_valid = 0 < len(shortcut) <= SHORTCUT_LIMIT and shortcut.isprintable()
    if not is_valid or " " in shortcut or len(make_shortcut_key(shortcut).split()) != 1:
        raise InvalidInput(
            f"Use 1 to {SHORTCUT_LIMIT} printable characters without spaces.",
            field=["shortcut"],
            reason=InvalidReason.MALFORMED,
        )
    return shortcut


async def _check_content(quick_reply: QuickReply) -> None:
    """Raises Refused unless the content can be sent as one message."""
    if quick_reply.upload_id is not None:
        upload = await _find_upload(quick_reply.account_id, quick_reply.upload_id)
        _check_caption(quick_reply.text, upload.kind)
    elif quick_reply.text is None:
        raise InvalidInput(
            "Give a text, a file or both.", field=["text"], reason=InvalidReason.REQUIRED
        )
    else:
        check_body(quick_reply.text, limit=TEXT_LIMIT, field=["text"])


async def _find_upload(account_id: PydanticObjectId, upload_id: PydanticObjectId) -> UploadedMedia:
    upload = await find_upload(upload_id)
    if upload is None or upload.account_id != account_id:
        raise _upload_not_found()
    return upload


def _check_caption(text: str | None, kind: str) -> None:
    if text is None:
        return
    if kind in _WITHOUT_CAPTION:
        raise InvalidInput(f"WhatsApp shows no text with files of kind {kind}.", field=["text"])
    check_body(text, limit=CAPTION_LIMIT, field=["text"])


def _upload_not_found() -> NotFound:
    return NotFound("The upload", field=["uploadId"])


def _make_conflict() -> Conflict:
    return Conflict(
        "Another quick reply of the account has this shortcut: use another, or change that one.",
        field=["shortcut"],
    )
