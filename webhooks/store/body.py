"""Takes the raw body of a webhook, bounded in size, in time and together with all others."""

from contextlib import AbstractAsyncContextManager

from starlette.requests import Request

from whatsapp.common.admission import RequestBodies

# Meta's bodies have at most 3 MB.
MAX_BODY_BYTES = 4 * 1024 * 1024
# Of all bodies that one process is reading or verifying.
MAX_TOTAL_BYTES = 64 * 1024 * 1024


def create_bodies() -> RequestBodies:
    return RequestBodies(max_total_bytes=MAX_TOTAL_BYTES)


def receive_body(
    request: Request, bodies: RequestBodies, *, seconds: float
) -> AbstractAsyncContextManager[bytes]:
    """Gives the whole body. Whatever Content-Length says, no more than the limit is ever held.

    Raises:
        BodyTooLarge, BodyTooSlow, BodyDropped: the rest of the body is left unread.
        starlette.requests.ClientDisconnect: the peer went away.
    """
    return bodies.receive(
        request.stream(),
        content_length=request.headers.get("content-length"),
        max_bytes=MAX_BODY_BYTES,
        seconds=seconds,
    )
