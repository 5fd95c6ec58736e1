"""The HTTP door for Meta: the handshake (GET) and the webhooks (POST) at /webhooks/whatsapp.

A further segment of the path names the app secret, see
`whatsapp.accounts.webhook_subscription`. A 200 means that the raw body is
durable. Nothing is parsed before its signature is verified.
"""

import asyncio
import logging
import re

import pymongo
from pymongo.errors import PyMongoError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from models.database.outage_log import log_failure
from webhooks.ingest import Ingest
from webhooks.store.body import receive_body
from webhooks.store.signature import NoSecretKnown, read_signature
from whatsapp.accounts.webhook_subscription import WEBHOOK_PATH
from whatsapp.common.admission import BodyDropped, BodyTooLarge, BodyTooSlow

logger = logging.getLogger(__name__)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
# The rest of a refused body is never read, so the connection can't be used again.
_CLOSE = {"Connection": "close"}
_RETRY = {"Retry-After": "5"}


def webhook_routes() -> list[Route]:
    """Routes that expect the process's `Ingest` in `request.state.ingest`."""
    return [
        Route(path, answer, methods=[method])
        for path in (WEBHOOK_PATH, f"{WEBHOOK_PATH}/{{name}}")
        for method, answer in (("GET", answer_handshake), ("POST", receive_webhook))
    ]


async def answer_handshake(request: Request) -> Response:
    """Meta asks once whether this URL expects it: the challenge comes back as plain text."""
    ingest: Ingest = request.state.ingest
    mode, token, challenge = (
        _get_only(request, name) for name in ("hub.mode", "hub.verify_token", "hub.challenge")
    )
    if mode != "subscribe" or not token:
        return PlainTextResponse("Forbidden\n", 403)
    try:
        async with asyncio.timeout(ingest.timeouts.webhook_answer_seconds):
            with pymongo.timeout(ingest.timeouts.webhook_database_seconds):
                is_known = await ingest.knows_verify_token(token)
    except (PyMongoError, TimeoutError) as error:
        return _answer_outage(error)
    if not is_known:
        return PlainTextResponse("Forbidden\n", 403)
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        return PlainTextResponse("Malformed hub.challenge\n", 400)
    return PlainTextResponse(challenge)


def _get_only(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else None


async def receive_webhook(request: Request) -> Response:
    """401 unsigned, 403 signed wrongly, 404 no secret known, 408 slow, 413 large, 503 outage."""
    signature = read_signature(request.headers.getlist("x-hub-signature-256"))
    if signature is None:
        return PlainTextResponse("A readable X-Hub-Signature-256 is required\n", 401)
    ingest: Ingest = request.state.ingest
    name = request.path_params.get("name")
    try:
        seconds = ingest.timeouts.webhook_body_seconds
        async with receive_body(request, ingest.bodies, seconds=seconds) as body:
            return await _verify_and_accept(ingest, body, signature, name)
    except BodyTooLarge:
        return PlainTextResponse("The body is too large\n", 413, headers=_CLOSE)
    except BodyTooSlow:
        return PlainTextResponse("The body did not come in time\n", 408, headers=_CLOSE)
    except BodyDropped:
        headers = {**_CLOSE, **_RETRY}
        return PlainTextResponse("Too many large bodies at once\n", 503, headers=headers)
    except ClientDisconnect:
        return PlainTextResponse("", 400)  # nobody is there to read it


async def _verify_and_accept(
    ingest: Ingest, body: bytes, signature: bytes, name: str | None
) -> Response:
    try:
        async with asyncio.timeout(ingest.timeouts.webhook_answer_seconds):
            with pymongo.timeout(ingest.timeouts.webhook_database_seconds):
                signer = await ingest.find_signer(body, signature=signature, name=name)
                if signer is None:
                    return PlainTextResponse("The signature is wrong\n", 403)
                await ingest.accept(body, secret_digest=signer)
    except NoSecretKnown:
        return PlainTextResponse("Not Found\n", 404)
    except (PyMongoError, TimeoutError) as error:
        return _answer_outage(error)
    return PlainTextResponse("")


def _answer_outage(error: Exception) -> Response:
    """Meta repeats what is not acknowledged, for up to seven days."""
    log_failure(logger, error, "A webhook can't be stored")
    return PlainTextResponse("Try again later\n", 503, headers=_RETRY)
