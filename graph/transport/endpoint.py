"""The `/graphql` endpoint: GraphQL over HTTP, event streams and WebSockets, and the GraphiQL page.

POST runs any operation; one that asks for `text/event-stream` gets a stream. GET runs queries, or
shows GraphiQL to a browser. Every answer has an `X-Request-Id` that the log has too.
"""

import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import orjson
from graphql import GraphQLError
from pymongo.errors import PyMongoError
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graph.core.context import Context, Services
from graph.core.errors import ErrorCode, format_errors, service_unavailable, unauthenticated
from graph.core.responses import (
    encode_result,
    find_status,
    format_result,
    is_request_error,
    list_status_headers,
)
from graph.fanout.bounded_socket import BoundedSocket
from graph.fanout.event_execution import Subscriptions
from graph.limits.bounds import Limits
from graph.schema import create_schema
from graph.transport.graphiql import create_graphiql_response
from graph.transport.http import (
    MAX_ANONYMOUS_BYTES,
    MAX_BODY_BYTES,
    MAX_TOTAL_BYTES,
    RequestRefused,
    create_response,
    read_credential,
    read_operation,
)
from graph.transport.negotiation import MediaType, choose_media_type
from graph.transport.signing_in import find_viewer
from graph.transport.sse import EventStream, EventStreams
from graph.transport.uploads import UploadReader, is_upload, require_uploader
from graph.transport.websocket import SocketHandler
from whatsapp.auth.access import Viewer
from whatsapp.auth.signing_keys import ProviderUnavailable
from whatsapp.common.admission import RequestBodies
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

REQUEST_ID = "wagraph.request_id"
OVER_POST = frozenset({OperationType.QUERY, OperationType.MUTATION})
# Any page can make a browser send a GET, so it changes nothing.
OVER_GET = frozenset({OperationType.QUERY})
TO_POST = (MediaType.JSON, MediaType.GRAPHQL_RESPONSE, MediaType.EVENT_STREAM)
TO_GET = (MediaType.JSON, MediaType.GRAPHQL_RESPONSE)


class OriginRefused(Exception):
    """A page of another origin may not open a WebSocket."""


class GraphQLEndpoint(GraphQL[Context, object]):
    """An ASGI application; `request.state.services` is what its resolvers work with."""

    graphql_transport_ws_handler_class = SocketHandler
    websocket_adapter_class = BoundedSocket

    def __init__(
        self,
        *,
        settings: Settings,
        timeouts: Timeouts = Timeouts(),
        limits: Limits | None = None,
    ) -> None:
        schema = create_schema(
            limits or Limits.from_settings(settings),
            operation_seconds=timeouts.operation_seconds,
            database_seconds=timeouts.database_deadline_seconds,
            uses_plans=settings.query_plans,
        )
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            allow_queries_via_get=False,
            allowed_origins=settings.allowed_origins,
            connection_init_wait_timeout=timedelta(seconds=timeouts.connection_init_seconds),
            max_subscriptions_per_connection=settings.socket_operations,
        )
        self.settings = settings
        self._timeouts = timeouts
        self.streams = EventStreams()
        self.subscriptions = Subscriptions(
            schema, encode=self.encode_json, max_bytes=settings.max_response_bytes
        )
        self.uploads = UploadReader(settings, deadline_seconds=timeouts.upload_deadline_seconds)
        self.bodies = RequestBodies(max_total_bytes=MAX_TOTAL_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[REQUEST_ID] = secrets.token_hex(8)
        if scope["type"] != "http":
            await self._serve_socket(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RequestRefused as refusal:
            response = refusal.to_response(_choose(request, TO_GET) or MediaType.JSON)
        except ClientDisconnect:
            return
        except Exception:
            # The edge of the request: a bug of ours is answered in JSON like anything else.
            logger.exception("Request %s failed", scope[REQUEST_ID])
            response = _refuse_internally(scope[REQUEST_ID])
        response.headers["X-Request-Id"] = scope[REQUEST_ID]
        await response(scope, receive, send)

    async def _serve_socket(self, socket: WebSocket) -> None:
        try:
            await self.run(socket)
        except OriginRefused:
            await self.reject_websocket(socket)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        if not super().is_websocket_origin_allowed(request, origin):
            # Instead of False, for which Strawberry logs a warning: any page could fill the log.
            raise OriginRefused
        return True

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - Strawberry gives it by name
    ) -> Context:
        """A context without a viewer: the credential is looked at later."""
        return create_context(request)

    def encode_json(self, data: object) -> bytes:
        try:
            return orjson.dumps(data)
        except TypeError:
            # Integers beyond 64 bits and lone surrogates come out of the raw JSON of a message.
            return json.dumps(data, separators=(",", ":"), default=write_time).encode()

    def encode_result(self, result: ExecutionResult, context: Context) -> bytes:
        """What becomes of one operation, as it goes out; a long answer is charged."""
        max_bytes = self.settings.max_response_bytes
        body = encode_result(result, self.encode_json, max_bytes=max_bytes)
        rates = context.services.rate_limits
        rates.charge_bytes(context.viewer, context.client_address, len(body))
        return body

    async def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "POST"}:
            raise RequestRefused(405, "Send operations with POST.", headers={"Allow": "GET, POST"})
        if self.settings.graphiql and _wants_page(request):
            return create_graphiql_response()
        wanted = _choose(request, TO_POST if request.method == "POST" else TO_GET)
        if wanted is None:
            offered = ", ".join(TO_POST)
            raise RequestRefused(406, f"Accept one of these, the last one with POST: {offered}.")
        if request.method == "POST" and is_upload(request):
            return await self._upload(request, wanted)
        is_stream = wanted is MediaType.EVENT_STREAM
        operation = await self._read(request) if request.method == "GET" else None
        try:
            # Before a body is read: reading a large one takes long.
            context = await open_context(request)
        except (GraphQLError, PyMongoError) as error:
            media_type = MediaType.JSON if is_stream else wanted
            return self._show(_fail(request, error), media_type, has_status=is_stream)
        if operation is None:
            operation = await self._read(request, is_anonymous=context.viewer is None)
        if is_stream:
            return self._stream(request, operation, context)
        return self._show(await self._execute(request, operation, context), wanted, context)

    async def _read(self, request: Request, *, is_anonymous: bool = True) -> GraphQLRequestData:
        max_bytes = MAX_ANONYMOUS_BYTES if is_anonymous else MAX_BODY_BYTES
        return await read_operation(
            request,
            bodies=self.bodies,
            max_bytes=max_bytes,
            seconds=self._timeouts.graphql_body_seconds,
        )

    async def _upload(self, request: Request, wanted: MediaType) -> Response:
        if wanted is MediaType.EVENT_STREAM:
            raise RequestRefused(406, "An upload is answered in JSON.")
        viewer = await find_uploader(request)
        async with self.uploads.open(request, viewer) as operation:
            try:
                context = await open_context(request)
            except (GraphQLError, PyMongoError) as error:
                return self._show(_fail(request, error), wanted)
            return self._show(await self._execute(request, operation, context), wanted, context)

    async def _execute(
        self, request: Request, operation: GraphQLRequestData, context: Context
    ) -> ExecutionResult:
        try:
            return await self.schema.execute(
                operation.query,
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.operation_name,
                operation_extensions=operation.extensions,
                allowed_operation_types=OVER_GET if request.method == "GET" else OVER_POST,
            )
        except InvalidOperationTypeError as error:
            if request.method == "GET":
                text = "GET is for queries: send other operations with POST."
                raise RequestRefused(405, text, headers={"Allow": "POST"}) from None
            return _fail(request, error)
        except (GraphQLError, CannotGetOperationTypeError, PyMongoError) as error:
            return _fail(request, error)

    def _stream(
        self, request: Request, operation: GraphQLRequestData, context: Context
    ) -> Response:
        """A stream for whoever is signed in; for others the answer that says why there is none."""
        place = ExitStack()
        try:
            if context.viewer is None:
                raise unauthenticated()
            place.enter_context(context.services.rate_limits.hold_socket(context.viewer))
        except GraphQLError as error:
            return self._show(_fail(request, error), MediaType.JSON, has_status=True)
        return EventStream(
            self.subscriptions,
            operation,
            context=context,
            viewer=context.viewer,
            place=place,
            streams=self.streams,
        )

    def _show(
        self,
        result: ExecutionResult,
        media_type: MediaType,
        context: Context | None = None,
        *,
        has_status: bool = False,
    ) -> Response:
        """The answer. As application/json it is a 200 where GraphQL had its say: clients take other
        statuses of that type for words of a proxy and don't read them."""
        status, headers = 200, {}
        if is_request_error(result):
            errors = result.errors or []
            found = find_status(errors)
            # Who asks too often must hear it from the status: proxies and clients act on a 429.
            if has_status or found == 429 or media_type is MediaType.GRAPHQL_RESPONSE:
                status, headers = found, list_status_headers(found, errors)
        if context is None:
            body = self.encode_json(format_result(result))
        else:
            body = self.encode_result(result, context)
        return create_response(body, media_type, status=status, headers=headers)


def write_time(value: object) -> str:
    """A time as the scalar DateTime and orjson write it, where a plan has left that to us."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


async def find_uploader(request: Request) -> Viewer:
    """Whoever may not upload is refused before a byte of the file is read.

    Raises:
        RequestRefused: 401, 403 or, where nobody can tell, 503.
    """
    try:
        context = await open_context(request)
    except (GraphQLError, PyMongoError) as error:
        failure = error if isinstance(error, GraphQLError) else service_unavailable()
        code = ErrorCode((failure.extensions or {})["code"])
        status = 401 if code is ErrorCode.UNAUTHENTICATED else 503
        raise RequestRefused(status, failure.message, code=code) from None
    return require_uploader(context.viewer)


def create_context(request: HTTPConnection) -> Context:
    """The context of a request or of one operation on a WebSocket, for nobody yet.

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
    """The context of a request, for the viewer of its credential if it shows one.

    Raises:
        RequestError, PyMongoError: as `create_context` and `sign_in`.
    """
    context = create_context(request)
    await sign_in(context, read_credential(request.headers))
    return context


async def sign_in(context: Context, credential: str | None) -> None:
    """Finds the viewer of a credential; None leaves the context for nobody.

    Raises:
        RequestError: UNAUTHENTICATED, it is not valid; RATE_LIMITED, too many were not;
            SERVICE_UNAVAILABLE, nobody can tell.
        PyMongoError: MongoDB is away.
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


def _choose(request: Request, offered: Sequence[MediaType]) -> MediaType | None:
    return choose_media_type(",".join(request.headers.getlist("accept")), offered)


def _wants_page(request: Request) -> bool:
    """Whether a browser opens the address, or somebody who names neither type nor operation."""
    if request.method != "GET":
        return False
    accepted = request.headers.get("accept", "*/*")
    return "text/html" in accepted or ("*/*" in accepted and "query" not in request.query_params)


def _fail(request: Request, error: Exception) -> ExecutionResult:
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    errors = format_errors([error], request_id=request.scope[REQUEST_ID])
    return ExecutionResult(data=None, errors=errors)


def _refuse_internally(request_id: str) -> Response:
    message = f"Something went wrong; the log has it as request {request_id}."
    return RequestRefused(500, message, code=ErrorCode.INTERNAL_SERVER_ERROR).to_response()
