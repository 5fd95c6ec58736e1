"""HTTP route for Meta: handshakes (GET) and webhooks (POST) at /webhooks/whatsapp.

A further path segment names the app secret, see `whatsapp.accounts.webhook_subscription`. Status
200 means that the raw body is durable. Nothing is parsed before its signature is verified.
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
from telemetry.access_log import add_access_fields
from telemetry.metrics import webhooks as metrics
from webhooks.ingest import Ingest
from webhooks.store.signature import NoSecretKnown, read_signature
from whatsapp.accounts.webhook_subscription import WEBHOOK_PATH
from whatsapp.common.admission import BodyDropped, BodyTooLarge, BodyTooSlow

logger = logging.getLogger(__name__)

# Meta's bodies have up to 3 MB.
MAX_BODY_BYTES = 4 * 1024 * 1024
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
# The rest of a refused body is not read, so the connection can't be reused.
_CLOSE = {"Connection": "close"}
_RETRY = {"Retry-After": "5"}
# Statuses of refusals as labels of a metric; stored bodies are counted where they are written.
_REFUSALS = {
    400: "disconnected",
    401: "no_signature",
    403: "wrong_signature",
    404: "unknown_secret",
    408: "too_slow",
    413: "too_large",
    503: "unavailable",
}


def webhook_routes() -> list[Route]:
    """Returns the routes; they expect the process's `Ingest` in `request.state.ingest`."""
    return [
        Route(path, answer, methods=[method])
        for path in (WEBHOOK_PATH, f"{WEBHOOK_PATH}/{{name}}")
        for method, answer in (("GET", answer_handshake), ("POST", receive_webhook))
    ]


async def answer_handshake(request: Request) -> Response:
    """Answers Meta's handshake: returns the challenge if the verify token is known."""
    ingest: Ingest = request.state.ingest
    mode, token, challenge = (
        _get_only(request, name) for name in ("hub.mode", "hub.verify_token", "hub.challenge")
    )
    if mode != "subscribe" or not token:
        return PlainTextResponse("Forbidden\n", 403)
    try:
        async with asyncio.timeout(ingest.timeouts.webhook_answer_seconds):
            with pymongo.timeout(ingest.timeouts.webhook_database_seconds):
                if not await ingest.knows_verify_token(token):
                    return PlainTextResponse("Forbidden\n", 403)
                if challenge is None or not _CHALLENGE.fullmatch(challenge):
                    return PlainTextResponse("Malformed hub.challenge\n", 400)
                await ingest.record_handshake(token)
    except (PyMongoError, TimeoutError) as error:
        return _answer_outage(error)
    return PlainTextResponse(challenge)


def _get_only(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else None


async def receive_webhook(request: Request) -> Response:
    """Stores a signed webhook body, and counts refusals.

    Statuses: 200 durable, 401 no signature, 403 wrong signature, 404 no known secret, 408 too
    slow, 413 too large, 503 outage or too many large bodies.
    """
    add_access_fields(request.scope, kind="webhook")
    response = await _receive_webhook(request)
    refusal = _REFUSALS.get(response.status_code)
    if refusal is not None:
        metrics.RECEIVED[refusal].inc()
    return response


async def _receive_webhook(request: Request) -> Response:
    signature = read_signature(request.headers.getlist("x-hub-signature-256"))
    if signature is None:
        return PlainTextResponse("X-Hub-Signature-256 is missing or malformed\n", 401)
    ingest: Ingest = request.state.ingest
    name = request.path_params.get("name")
    try:
        async with ingest.bodies.receive(
            request.stream(),
            content_length=request.headers.get("content-length"),
            max_bytes=MAX_BODY_BYTES,
            seconds=ingest.timeouts.webhook_body_seconds,
        ) as body:
            add_access_fields(request.scope, received_bytes=len(body))
            return await _verify_and_accept(request, body, signature, name)
    except BodyTooLarge:
        return PlainTextResponse("The body is too large\n", 413, headers=_CLOSE)
    except BodyTooSlow:
        return PlainTextResponse("The body took too long to arrive\n", 408, headers=_CLOSE)
    except BodyDropped:
        headers = {**_CLOSE, **_RETRY}
        return PlainTextResponse("Too many large bodies at once\n", 503, headers=headers)
    except ClientDisconnect:
        return PlainTextResponse("", 400)  # the peer has disconnected


async def _verify_and_accept(
    request: Request, body: bytes, signature: bytes, name: str | None
) -> Response:
    ingest: Ingest = request.state.ingest
    try:
        async with asyncio.timeout(ingest.timeouts.webhook_answer_seconds):
            with pymongo.timeout(ingest.timeouts.webhook_database_seconds):
                signer = await ingest.find_signer(body, signature=signature, name=name)
                if signer is None:
                    return PlainTextResponse("The signature is wrong\n", 403)
                event_id = await ingest.accept(body, secret_digest=signer)
                add_access_fields(request.scope, event_id=event_id)
    except NoSecretKnown:
        return PlainTextResponse("Not Found\n", 404)
    except (PyMongoError, TimeoutError) as error:
        return _answer_outage(error)
    return PlainTextResponse("")


def _answer_outage(error: Exception) -> Response:
    # Meta retries unacknowledged webhooks for up to seven days.
    log_failure(logger, error, "A webhook can't be stored")
    return PlainTextResponse("Try again later\n", 503, headers=_RETRY)
