"""`GET /media/{id}`: the file of a message or an upload, by signed URL or with a credential.

Browsers must not execute files of customers: the content type is detected from the bytes, pages are
sandboxed, and everything but images, audio and video is downloaded instead of shown.
"""

import logging

import pymongo
from beanie import PydanticObjectId
from bson import ObjectId
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from graph.core.context import Services
from graph.core.errors import RateLimited
from graph.transport.authentication import find_viewer
from graph.transport.files.file_response import (
    StoredBytes,
    make_disposition,
    respond_file,
    respond_missing,
    respond_outage,
    respond_suspended,
)
from graph.transport.http import read_credential
from models import Account, Media, MediaState, Message, UploadedMedia
from models.database.base import collection
from models.database.outage_log import log_failure
from whatsapp.auth.access import Viewer
from whatsapp.auth.retired_agents import AgentRetired
from whatsapp.auth.signing_keys import ProviderUnavailable
from whatsapp.media.media_store import FileMissing, MediaStore, StoreUnavailable
from whatsapp.media.media_types import SHOWN_TYPES, UNKNOWN_TYPE, make_filename
from whatsapp.workspaces.workspace_states import WorkspaceSuspended

logger = logging.getLogger(__name__)

PENDING_SECONDS = 5
StoredFile = Media | UploadedMedia


def media_routes() -> list[Route]:
    """Routes that expect the process's `Services` in `request.state.services`."""
    return [Route("/media/{id}", serve_media, methods=["GET"])]


async def serve_media(request: Request) -> Response:
    """Serves a file.

    200, 206 or 304; 403 if its workspace is suspended; 404 if it does not exist or is not visible
    to the viewer; 416 for the range; 429 after too many wrong credentials; 503 in an outage.
    """
    services: Services = request.state.services
    try:
        with pymongo.timeout(services.timeouts.media_database_seconds):
            media = await _find(request, services)
        if media is None:
            return respond_missing()
        if media.state is MediaState.PENDING:
            return respond_missing(headers={"Retry-After": str(PENDING_SECONDS)})
        store = services.media_stores.find(media.store)
        if media.state is not MediaState.STORED or store is None:
            return respond_missing()
        return await _answer(request, media, store, max_age=services.settings.media_url_seconds)
    except RateLimited as refusal:
        headers = {"Retry-After": str(refusal.retry_after)}
        return PlainTextResponse("Too many wrong credentials\n", 429, headers=headers)
    except WorkspaceSuspended:
        return respond_suspended()
    except FileMissing:
        media_id = request.path_params["id"]
        logger.error(
            "The bytes of a file are missing in the media store", extra={"media_id": media_id}
        )
        return respond_missing()
    except (PyMongoError, StoreUnavailable, ProviderUnavailable) as error:
        log_failure(logger, error, "Could not read a file")
        return respond_outage()


async def _find(request: Request, services: Services) -> StoredFile | None:
    """Returns the file, or None if it does not exist or is not visible to the viewer."""
    text = request.path_params["id"]
    if not ObjectId.is_valid(text):
        return None
    media_id = PydanticObjectId(text)
    expires, signature = (request.query_params.get(key, "") for key in ("expires", "signature"))
    is_signed = services.media_urls.is_valid(media_id, expires=expires, signature=signature)
    credential = read_credential(request.headers)
    viewer = None
    if credential and not is_signed:
        address = request.client.host if request.client else "unknown"
        try:
            viewer = await find_viewer(services, credential, address=address)
        except AgentRetired:
            return None
    if not is_signed and viewer is None:
        return None
    media = await _find_visible(viewer, media_id)
    if media is None:
        return None
    if not await services.workspace_states.may_be_used(media.workspace_id):
        return None
    return media if await _is_visible(media) else None


async def _find_visible(viewer: Viewer | None, media_id: PydanticObjectId) -> StoredFile | None:
    """Returns the file, if the viewer may see it; None is the holder of a signed URL.

    An invisible id takes the same commands as an unknown id, and so the same time.
    """
    query = {"_id": media_id, "erased_at": None}
    media: StoredFile | None = await Media.find_one(query)
    if media is None or (viewer is not None and not viewer.can_see(media)):
        media = await UploadedMedia.find_one(query)
    return media if media is None or viewer is None or viewer.can_see(media) else None


async def _is_visible(media: StoredFile) -> bool:
    """Returns True if neither the message nor the account of the file has been deleted."""
    account = {"_id": media.account_id, "deleted_at": None}
    if isinstance(media, Media):
        message = {"_id": media.message_id, "deleted_at": None}
        if await collection(Message).find_one(message, {"_id": 1}) is None:
            return False
    return await collection(Account).find_one(account, {"_id": 1}) is not None


async def _answer(
    request: Request, media: StoredFile, store: MediaStore, *, max_age: int
) -> Response:
    file = StoredBytes(store, str(media.stored_as), media.size_bytes or 0, media.sha256)
    return await respond_file(request, file, _make_headers(media, max_age=max_age))


def _make_headers(media: StoredFile, *, max_age: int) -> dict[str, str]:
    is_inline = media.mime_type in SHOWN_TYPES
    mime_type = media.mime_type or UNKNOWN_TYPE
    name = make_filename(media.filename, fallback=str(media.id), mime_type=mime_type)
    return {
        "Content-Type": f"{mime_type}; charset=utf-8" if mime_type[:5] == "text/" else mime_type,
        "Content-Disposition": make_disposition(name, is_inline=is_inline),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": f"private, max-age={max_age}",
    }
