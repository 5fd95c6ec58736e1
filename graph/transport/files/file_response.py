"""Responses with a stored file: whole or a range (RFC 9110), conditional by its digest."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from whatsapp.media.media_store import MediaStore, open_bytes

OUTAGE_SECONDS = 5
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class StoredBytes:
    """Bytes in a store."""

    store: MediaStore
    key: str
    size: int
    sha256: str | None


async def respond_file(request: Request, file: StoredBytes, headers: dict[str, str]) -> Response:
    """Responds with 200, 206, 304 or 416.

    Raises:
        FileMissing, StoreUnavailable
    """
    size, etag = file.size, f'"{file.sha256}"'
    headers = {**headers, "Accept-Ranges": "bytes", "ETag": etag}
    if _is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    status, start, end = 200, 0, size
    # A range of another version does not apply to this file.
    is_same = request.headers.get("if-range", etag) == etag
    part = read_range(request.headers.get("range", ""), size=size) if is_same else None
    if part is not None and size:
        status, (start, end) = 206, part
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if start >= end and size:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    # Opened before the status is sent, so that an outage can be answered with 503.
    chunks = await open_bytes(file.store, file.key, start=start, end=end)
    return StreamingResponse(chunks, status_code=status, headers=headers)


def respond_missing(headers: dict[str, str] | None = None) -> Response:
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return PlainTextResponse("Not found\n", 404, headers=headers)


def respond_suspended() -> Response:
    text = "WORKSPACE_SUSPENDED: the workspace of the file is suspended.\n"
    return PlainTextResponse(text, 403, headers={"Cache-Control": "no-store"})


def respond_outage() -> Response:
    text = "The file is temporarily unavailable; try again later.\n"
    return PlainTextResponse(text, 503, headers={"Retry-After": str(OUTAGE_SECONDS)})


def make_disposition(name: str, *, is_inline: bool) -> str:
    """Returns a Content-Disposition (RFC 6266): an ASCII name for old clients, and the full one."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    kind = "inline" if is_inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_known(header: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (header or "").split(",")]
    return etag in tags or tags == ["*"]


def read_range(header: str, *, size: int) -> tuple[int, int] | None:
    """Returns the range of a Range header as start and end (exclusive), empty if unsatisfiable.

    Returns None for the whole file: no range, several ranges, or an invalid one.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        return max(size - int(match[2]), 0), size
    start, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if last < start and match[2]:
        return None  # RFC 9110: ignore an invalid range
    return (start, min(last + 1, size)) if start < size else (size, size)
