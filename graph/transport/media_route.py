"""`GET /media/{id}`: the file of a message or an upload, by signed URL or with a credential.

Browsers must not execute files of customers: the content type is detected from the bytes, pages are
sandboxed, and everything but images, audio and video is downloaded instead of shown.
"""

import logging
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pymongo
from beanie import PydanticObjectId
from bson import ObjectId
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from graph.core.context import Services
from graph.core.errors import RateLimited
from graph.transport.authentication import find_viewer
from graph.transport.http import read_credential
from models import Account, Media, MediaState, Message, UploadedMedia
from models.database.base import collection
from models.database.outage_log import log_failure
from whatsapp.auth.signing_keys import ProviderUnavailable
from whatsapp.media.media_store import FileMissing, MediaStore, StoreUnavailable
from whatsapp.media.media_types import SHOWN_TYPES, UNKNOWN_TYPE, make_filename

logger = logging.getLogger(__name__)

PENDING_SECONDS = 5
OUTAGE_SECONDS = 5
StoredFile = Media | UploadedMedia
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def media_routes() -> list[Route]:
    """Routes that expect the process's `Services` in `request.state.services`."""
    return [Route("/media/{id}", serve_media, methods=["GET"])]


async def serve_media(request: Request) -> Response:
    """Serves a file.

    200, 206 or 304; 404 if it does not exist or is not visible to the viewer; 416 for the range;
    429 after too many wrong credentials; 503 in an outage.
    """
    services: Services = request.state.services
    try:
        with pymongo.timeout(services.timeouts.media_database_seconds):
            media = await _find(request, services)
        if media is None:
            return _refuse()
        if media.state is MediaState.PENDING:
            return _refuse(headers={"Retry-After": str(PENDING_SECONDS)})
        store = services.media_stores.find(media.store)
        if media.state is not MediaState.STORED or store is None:
            return _refuse()
        return await _answer(request, media, store, max_age=services.settings.media_url_seconds)
    except RateLimited as refusal:
        headers = {"Retry-After": str(refusal.retry_after)}
        return PlainTextResponse("Too many wrong credentials\n", 429, headers=headers)
    except FileMissing:
        media_id = request.path_params["id"]
        logger.error("The bytes are missing in their store", extra={"media_id": media_id})
        return _refuse()
    except (PyMongoError, StoreUnavailable, ProviderUnavailable) as error:
        log_failure(logger, error, "Could not read a file")
        headers = {"Retry-After": str(OUTAGE_SECONDS)}
        return PlainTextResponse(
            "The file is temporarily unavailable; try again later.\n", 503, headers=headers
        )


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
        viewer = await find_viewer(services, credential, address=address)
    if not is_signed and viewer is None:
        return None
    query = {"_id": media_id, "erased_at": None}
    media: StoredFile | None = await Media.find_one(query)
    media = media or await UploadedMedia.find_one(query)
    if media is None or (viewer is not None and not viewer.can_see(media.account_id)):
        return None
    return media if await _is_visible(media) else None


async def _is_visible(media: StoredFile) -> bool:
    """Returns True if neither the message nor the account of the file has been deleted."""
    account = {"_id": media.account_id, "deleted_at": None}
    if isinstance(media, Media):
        message = {"_id": media.message_id, "deleted_at": None}
        if await collection(Message).find_one(message, {"_id": 1}) is None:
            return False
    return await collection(Account).find_one(account, {"_id": 1}) is not None


def _refuse(headers: dict[str, str] | None = None) -> Response:
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return PlainTextResponse("Not found\n", 404, headers=headers)


async def _answer(
    request: Request, media: StoredFile, store: MediaStore, *, max_age: int
) -> Response:
    headers = _make_headers(media, max_age=max_age)
    size = media.size_bytes or 0
    if _is_known(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    status, start, end = 200, 0, size
    part = _read_range(request, size=size, etag=headers["ETag"])
    if part is not None and size:
        status, (start, end) = 206, part
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if start >= end and size:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    chunks = store.read(str(media.stored_as), start=start, end=end)
    # Read before the status is sent, so that an outage can be answered with 503.
    first = await anext(chunks, b"")
    return StreamingResponse(_chain(first, chunks), status_code=status, headers=headers)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _make_headers(media: StoredFile, *, max_age: int) -> dict[str, str]:
    is_inline = media.mime_type in SHOWN_TYPES
    mime_type = media.mime_type or UNKNOWN_TYPE
    name = make_filename(media.filename, fallback=str(media.id), mime_type=mime_type)
    # RFC 6266: an ASCII name for old clients, and the full name.
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    disposition = "inline" if is_inline else "attachment"
    disposition += f"; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {
        "Content-Type": f"{mime_type}; charset=utf-8" if mime_type[:5] == "text/" else mime_type,
        "Content-Disposition": disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={max_age}",
        "ETag": f'"{media.sha256}"',
    }


def _is_known(header: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (header or "").split(",")]
    return etag in tags or tags == ["*"]


def _read_range(request: Request, *, size: int, etag: str) -> tuple[int, int] | None:
    """Returns the requested range as start and end (exclusive), empty if unsatisfiable.

    Returns None for the whole file: no range, several ranges, or a range of another version.
    """
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if request.headers.get("if-range", etag) != etag:
        return None
    if not match[1]:
        return max(size - int(match[2]), 0), size
    start, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if last < start and match[2]:
        return None  # RFC 9110: ignore an invalid range
    return (start, min(last + 1, size)) if start < size else (size, size)
