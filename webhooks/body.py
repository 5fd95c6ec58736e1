"""Takes the raw body of a request, bounded in size and in time."""

import asyncio

from starlette.requests import Request

# Meta's bodies have at most 3 MB.
MAX_BODY_BYTES = 4 * 1024 * 1024
BODY_SECONDS = 30.0


class BodyTooLarge(Exception):
    """More than MAX_BODY_BYTES were announced or sent."""


class BodyTooSlow(Exception):
    """The body was not complete after BODY_SECONDS."""


async def read_body(request: Request) -> bytes:
    """The whole body. Whatever Content-Length says, no more than the limit is ever held.

    Raises:
        BodyTooLarge, BodyTooSlow: the rest of the body is left unread.
        starlette.requests.ClientDisconnect: the peer went away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 10 or int(announced) > MAX_BODY_BYTES):
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise BodyTooLarge
                chunks.append(chunk)
    except TimeoutError:
        raise BodyTooSlow from None
    return b"".join(chunks)
