"""The composition root: creates the Starlette application from settings."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TypedDict

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.core.context import Services
from graph.fanout.credential_watch import CredentialWatch
from graph.fanout.groups import Groups
from graph.limits.bounds import Limits
from graph.transport.cors import create_cors
from graph.transport.endpoint import GraphQLEndpoint
from graph.transport.files.export_route import export_routes
from graph.transport.files.media_route import media_routes
from graph.transport.graphiql import create_graphiql_assets
from graph.transport.inbox_page import inbox_routes
from graph.transport.plain_routes import plain_routes
from graph.transport.response_middleware import SecurityHeaders, SendDeadline
from models.connection import (
    create_client,
    prepare_database,
)
from runtime import PrepareDatabase, Runtime
from telemetry.access_log import AccessLog
from telemetry.endpoint import MetricsEndpoint
from telemetry.metrics.operations import list_operations
from telemetry.request_spans import RequestSpans
from telemetry.trace_export import Tracing, create_tracing
from version import VERSION
from webhooks.ingest import Ingest
from webhooks.route import webhook_routes
from whatsapp.cloud_api.client import create_http_client
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings, load_settings


class State(TypedDict):
    """The state of every request, `request.state`."""

    runtime: Runtime
    services: Services
    ingest: Ingest
    groups: Groups
    credentials: CredentialWatch
    refresh_metrics: Callable[[], Awaitable[None]]


class ReadinessGate:
    """Responds with 503 on routes that need MongoDB until it was first reached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._may_pass(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _create_unavailable_response()(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": "Not ready yet"})

    def _may_pass(self, scope: Scope) -> bool:
        if scope["state"]["runtime"].is_prepared:
            return True
        path = scope["path"]
        needs_database = path == "/graphql" and scope.get("method") != "GET"
        return not needs_database and not path.startswith(("/webhooks", "/media", "/exports"))


def _create_unavailable_response() -> Response:
    error = {
        "message": "The database is unavailable; try again later.",
        "extensions": {"code": "SERVICE_UNAVAILABLE"},
    }
    return JSONResponse({"errors": [error]}, status_code=503, headers={"Retry-After": "5"})


async def respond_ready(request: Request) -> Response:
    """`/readyz`: 200 if MongoDB, its indexes and the change stream work, else 503."""
    problem = await request.state.runtime.find_problem()
    if problem is None:
        return PlainTextResponse("ready\n")
    return PlainTextResponse(f"not ready: {problem}\n", status_code=503)


def create_app(
    settings: Settings | None = None,
    *,
    timeouts: Timeouts = Timeouts(),
    limits: Limits | None = None,
    capacity: Capacity = Capacity(),
    transport: httpx.AsyncBaseTransport | None = None,
    prepare: PrepareDatabase = prepare_database,
    tracing: Tracing | None = None,
) -> Starlette:
    """Creates the application.

    Args:
        settings: By default read from the environment.
        timeouts: Deadlines and intervals; tests use shorter ones.
        limits: Limits of operations, by default from the settings.
        capacity: Sizes of queues and numbers of workers; tests use smaller ones.
        transport: Replaces the network to Meta, for tests.
        prepare: Prepares the database; tests bring a prepared one.
        tracing: By default as the environment configures it.

    Raises:
        SettingsError: a setting is missing or malformed.
        DatabaseUnusable: MONGODB_URI is malformed.
    """
    settings = settings or load_settings()
    list_operations(settings.metrics_operations)
    tracing = tracing or create_tracing(VERSION)
    token = settings.metrics_token
    metrics = MetricsEndpoint(
        port=settings.metrics_port, token=token.get_secret_value() if token else None
    )
    graphql = GraphQLEndpoint(
        settings=settings, timeouts=timeouts, limits=limits, capacity=capacity
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with tracing.running() if tracing else nullcontext(), run() as state:
            yield state

    @asynccontextmanager
    async def run() -> AsyncIterator[State]:
        client = create_client(
            settings.mongodb_uri.get_secret_value(),
            operation_seconds=timeouts.mongodb_operation_seconds,
            reach_seconds=timeouts.mongodb_reach_seconds,
        )
        async with client, create_http_client(transport, timeouts=timeouts) as http:
            database = client[settings.mongodb_database]
            runtime = Runtime(settings, timeouts, capacity, database, http, prepare)
            async with runtime.running():
                yield {
                    "runtime": runtime,
                    "services": runtime.services,
                    "ingest": runtime.ingest,
                    "groups": runtime.groups,
                    "credentials": runtime.credentials,
                    "refresh_metrics": runtime.refresh_metrics,
                }

    app = Starlette(
        routes=[
            # Routes are tried in this order.
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", graphql),
            *webhook_routes(),
            *media_routes(),
            *export_routes(),
            *(inbox_routes(settings.inbox_frame_origins) if settings.serves_inbox else []),
            *plain_routes(has_graphiql=settings.serves_graphiql),
            Route("/readyz", respond_ready),
            *metrics.list_routes(),
            Mount("/graphql/assets", create_graphiql_assets()),
        ],
        middleware=[
            *([Middleware(RequestSpans)] if tracing else []),
            Middleware(AccessLog, shows_clients=settings.access_log_clients),
            *metrics.list_middleware(),
            Middleware(SendDeadline, seconds=timeouts.socket_send_seconds),
            Middleware(SecurityHeaders, is_https=settings.public_url.startswith("https://")),
            create_cors(settings.allowed_origins, more_headers=settings.allowed_headers),
            Middleware(ReadinessGate),
        ],
        lifespan=lifespan,
    )
    # The server calls it on shutdown, before it waits for open requests.
    app.state.end_streams = graphql.streams.end_all
    return app
