"""Contexts of requests, and authentication with a limit for wrong credentials."""

import pymongo
from starlette.requests import HTTPConnection, Request

from graph.core.context import Context, Services
from graph.core.errors import service_unavailable, unauthenticated
from graph.transport.http import read_credential
from models import CredentialKind
from telemetry.log_context import add_log_fields
from telemetry.request_ids import REQUEST_ID
from whatsapp.auth.access import Viewer
from whatsapp.auth.signing_keys import ProviderUnavailable


async def find_viewer(services: Services, credential: str, *, address: str) -> Viewer | None:
    """Returns the viewer of a credential, or None if it is not valid.

    Raises:
        RateLimited: too many wrong credentials from this address.
        ProviderUnavailable: the identity provider is unreachable.
        PyMongoError: MongoDB is unavailable.
    """
    limits = services.rate_limits
    limits.check_sign_in(credential, address)
    with pymongo.timeout(services.timeouts.database_deadline_seconds):
        viewer = await services.authenticator.authenticate(credential)
    limits.record_sign_in(credential, address, succeeded=viewer is not None)
    # The subject of a token may be a person's address.
    if viewer is not None and viewer.kind is CredentialKind.API_KEY:
        add_log_fields(credential_id=viewer.credential_id)
    return viewer


def create_context(request: HTTPConnection) -> Context:
    """Creates an anonymous context for a request or a WebSocket.

    Raises:
        RequestError: SERVICE_UNAVAILABLE, this process is not ready.
    """
    services: Services | None = getattr(request.state, "services", None)
    if services is None:
        raise service_unavailable()
    return Context(
        services=services,
        request_id=request.scope[REQUEST_ID],
        client_address=request.client.host if request.client else "unknown",
    )


async def open_context(request: Request) -> Context:
    """Creates the context of a request, with the viewer of its credential.

    Raises:
        RequestError, PyMongoError: as `create_context` and `sign_in`.
    """
    context = create_context(request)
    await sign_in(context, read_credential(request.headers))
    return context


async def sign_in(context: Context, credential: str | None) -> None:
    """Sets the viewer of a context; without a credential it stays anonymous.

    Raises:
        RequestError: UNAUTHENTICATED, the credential is not valid; RATE_LIMITED, too many wrong
            credentials; SERVICE_UNAVAILABLE, the identity provider is unreachable.
        PyMongoError: MongoDB is unavailable.
    """
    if credential is None:
        return
    try:
        address = context.client_address
        context.viewer = await find_viewer(context.services, credential, address=address)
    except ProviderUnavailable:
        raise service_unavailable("The identity provider") from None
    if context.viewer is None:
        raise unauthenticated()
