"""Contexts of requests, and authentication with a limit for wrong credentials."""

import pymongo
from starlette.requests import HTTPConnection, Request

from graph.core.context import Context, Services
from graph.core.errors import (
    agent_retired,
    service_unavailable,
    unauthenticated,
    workspace_suspended,
)
from graph.transport.http import read_credential
from models import CredentialKind
from telemetry.log_context import add_log_fields
from telemetry.request_ids import REQUEST_ID
from whatsapp.auth.access import Viewer
from whatsapp.auth.retired_agents import AgentRetired
from whatsapp.auth.signing_keys import ProviderUnavailable
from whatsapp.workspaces.workspace_states import WorkspaceSuspended


async def find_viewer(services: Services, credential: str, *, address: str) -> Viewer | None:
    """Returns the viewer of a credential, or None if it is not valid.

    Raises:
        RateLimited: too many wrong credentials from this address.
        AgentRetired: the credential is valid, but its agent is retired.
        WorkspaceSuspended: the credential is valid, but its workspace is suspended.
        ProviderUnavailable: the identity provider is unreachable.
        PyMongoError: MongoDB is unavailable.
    """
    limits = services.rate_limits
    limits.sign_ins.check(credential, address)
    with pymongo.timeout(services.timeouts.database_deadline_seconds):
        try:
            viewer = await services.authenticator.authenticate(credential)
        except (AgentRetired, WorkspaceSuspended):
            limits.sign_ins.record(credential, address, succeeded=True)
            raise
    limits.sign_ins.record(credential, address, succeeded=viewer is not None)
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
        RequestError: UNAUTHENTICATED, the credential is not valid; AGENT_RETIRED, its agent is
            retired; WORKSPACE_SUSPENDED, its workspace is suspended; RATE_LIMITED, too many wrong
            credentials; SERVICE_UNAVAILABLE, the identity provider is unreachable.
        PyMongoError: MongoDB is unavailable.
    """
    if credential is None:
        return
    try:
        address = context.client_address
        context.viewer = await find_viewer(context.services, credential, address=address)
    except AgentRetired:
        raise agent_retired() from None
    except WorkspaceSuspended:
        raise workspace_suspended() from None
    except ProviderUnavailable:
        raise service_unavailable("The identity provider") from None
    if context.viewer is None:
        raise unauthenticated()
