"""The `/graphql` endpoint: GraphQL over HTTP, event streams and WebSockets, and the GraphiQL page.

POST runs any operation, and streams the results for `Accept: text/event-stream`. GET runs queries,
or shows GraphiQL in a browser. Middleware gives every request an id, which is also logged.
"""

import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import orjson
from graphql import GraphQLError
from pymongo.errors import PyMongoError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graph.core.context import Context
from graph.core.errors import ErrorCode, format_errors, unauthenticated
from graph.core.responses import (
    encode_result,
    find_status,
    format_result,
    is_request_error,
    list_status_headers,
)
from graph.documents.trusted_files import read_trusted_documents
from graph.fanout.bounded_socket import BoundedSocket
from graph.fanout.event_execution import Subscriptions
from graph.limits.bounds import Limits
from graph.schema import create_schema
from graph.transport.authentication import create_context, open_context
from graph.transport.graphiql import create_graphiql_response
from graph.transport.http import (
    MAX_ANONYMOUS_BYTES,
    MAX_BODY_BYTES,
    MAX_TOTAL_BYTES,
    RequestedOperation,
    RequestRefused,
    create_response,
    is_upload,
    make_cacheable,
    read_operation,
)
from graph.transport.media_types import MediaType, choose_media_type
from graph.transport.sse import EventStream, EventStreams
from graph.transport.uploads import UploadReader, authenticate_uploader
from graph.transport.websocket import SocketHandler
from telemetry.request_ids import REQUEST_ID
from whatsapp.common.admission import RequestBodies
from whatsapp.common.capacity import Capacity
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

POST_OPERATIONS = frozenset({OperationType.QUERY, OperationType.MUTATION})
# Any page can make a browser send a GET, so mutations are not allowed.
GET_OPERATIONS = frozenset({OperationType.QUERY})
POST_MEDIA_TYPES = (MediaType.JSON, MediaType.GRAPHQL_RESPONSE, MediaType.EVENT_STREAM)
_OPERATION_PARAMETERS = frozenset({"query", "documentId", "extensions"})
GET_MEDIA_TYPES = (MediaType.JSON, MediaType.GRAPHQL_RESPONSE)


class OriginRefused(Exception):
    """A page of this origin may not open a WebSocket."""


class GraphQLEndpoint(GraphQL[Context, object]):
    """An ASGI application. It expects `services`, `groups` and `credentials` in the state."""

    graphql_transport_ws_handler_class = SocketHandler
    websocket_adapter_class = BoundedSocket

    def __init__(
        self,
        *,
        settings: Settings,
        timeouts: Timeouts = Timeouts(),
        limits: Limits | None = None,
        capacity: Capacity = Capacity(),
    ) -> None:
        """Creates the endpoint.

        Raises:
            SettingsError: the trusted documents can't be read.
        """
        schema = create_schema(
            limits or Limits.from_settings(settings),
            operation_seconds=timeouts.operation_seconds,
            timeouts=timeouts,
            uses_plans=settings.query_plans,
            capacity=capacity,
            trusted_documents=read_trusted_documents(settings.trusted_documents),
            allows_other_documents=settings.trusted_documents_mode != "only",
        )
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            allow_queries_via_get=False,
            allowed_origins=settings.allowed_origins,
            connection_init_wait_timeout=timedelta(seconds=timeouts.connection_init_seconds),
            max_subscriptions_per_connection=capacity.socket_operations,
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
        if scope["type"] != "http":
            await self._serve_socket(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except RequestRefused as refusal:
            response = refusal.to_response(_choose(request, GET_MEDIA_TYPES) or MediaType.JSON)
        except ClientDisconnect:
            return
        except Exception:
            # A bug is reported in JSON like any other error.
            logger.exception("Request %s failed", scope[REQUEST_ID])
            response = _report_bug(scope[REQUEST_ID])
        await response(scope, receive, send)

    async def _serve_socket(self, socket: WebSocket) -> None:
        try:
            await self.run(socket)
        except OriginRefused:
            await self.reject_websocket(socket)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        if not super().is_websocket_origin_allowed(request, origin):
            # For False, Strawberry logs a warning, so any page could fill the log.
            raise OriginRefused
        return True

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - Strawberry passes it by name
    ) -> Context:
        """Creates a context without a viewer; authentication follows later."""
        return create_context(request)

    def encode_json(self, data: object) -> bytes:
        try:
            return orjson.dumps(data)
        except TypeError:
            # orjson refuses integers beyond 64 bits and lone surrogates, as in `raw`.
            return json.dumps(data, separators=(",", ":"), default=write_time).encode()

    def encode_result(self, result: ExecutionResult, context: Context) -> bytes:
        """Encodes the result of an operation, and charges its size to the rate limit."""
        max_bytes = self.settings.max_response_bytes
        body = encode_result(result, self.encode_json, max_bytes=max_bytes)
        rates = context.services.rate_limits
        rates.charge_bytes(context.viewer, context.client_address, len(body))
        return body

    async def _respond(self, request: Request) -> Response:
        if request.method not in {"GET", "POST"}:
            raise RequestRefused(405, "Send operations with POST.", headers={"Allow": "GET, POST"})
        if self.settings.serves_graphiql and _wants_page(request):
            return create_graphiql_response()
        media_type = _choose(
            request, POST_MEDIA_TYPES if request.method == "POST" else GET_MEDIA_TYPES
        )
        if media_type is None:
            offered = ", ".join(POST_MEDIA_TYPES)
            raise RequestRefused(
                406, f"Unsupported `Accept`; use {offered} (the last with POST only)."
            )
        if request.method == "POST" and is_upload(request):
            return await self._upload(request, media_type)
        is_stream = media_type is MediaType.EVENT_STREAM
        operation = await self._read_operation(request) if request.method == "GET" else None
        try:
            # Before the body is read, which may take long.
            context = await open_context(request)
        except (GraphQLError, PyMongoError) as error:
            if is_stream:
                return self._make_response(_fail(request, error), MediaType.JSON, has_status=True)
            return self._make_response(_fail(request, error), media_type)
        if operation is None:
            operation = await self._read_operation(request, is_anonymous=context.viewer is None)
        if is_stream:
            return self._stream(request, operation, context)
        result = await self._execute(request, operation, context)
        await self.subscriptions.schema.places.hold_back(context, result.errors or ())
        response = self._make_response(result, media_type, context)
        if request.method == "GET" and operation.has_id and not result.errors:
            return make_cacheable(response, request, self.encode_json(result.data))
        return response

    async def _read_operation(
        self, request: Request, *, is_anonymous: bool = True
    ) -> RequestedOperation:
        max_bytes = MAX_ANONYMOUS_BYTES if is_anonymous else MAX_BODY_BYTES
        return await read_operation(
            request,
            bodies=self.bodies,
            max_bytes=max_bytes,
            seconds=self._timeouts.graphql_body_seconds,
        )

    async def _upload(self, request: Request, media_type: MediaType) -> Response:
        if media_type is MediaType.EVENT_STREAM:
            raise RequestRefused(
                406, "Uploads don't support event streams; accept application/json."
            )
        viewer = await authenticate_uploader(request)
        async with self.uploads.open(request, viewer) as operation:
            try:
                context = await open_context(request)
            except (GraphQLError, PyMongoError) as error:
                return self._make_response(_fail(request, error), media_type)
            result = await self._execute(request, operation, context)
            return self._make_response(result, media_type, context)

    async def _execute(
        self, request: Request, operation: RequestedOperation, context: Context
    ) -> ExecutionResult:
        try:
            schema = self.subscriptions.schema
            return await schema.execute(
                schema.documents.find_text(operation.document, context),
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.operation_name,
                operation_extensions=operation.extensions,
                allowed_operation_types=GET_OPERATIONS
                if request.method == "GET"
                else POST_OPERATIONS,
            )
        except InvalidOperationTypeError as error:
            if request.method == "GET":
                text = "GET supports queries only; send other operations with POST."
                raise RequestRefused(405, text, headers={"Allow": "POST"}) from None
            return _fail(request, error)
        except (GraphQLError, CannotGetOperationTypeError, PyMongoError) as error:
            return _fail(request, error)

    def _stream(
        self, request: Request, operation: RequestedOperation, context: Context
    ) -> Response:
        """Returns a stream, or an error response for an anonymous or rate-limited request."""
        slot = ExitStack()
        try:
            if context.viewer is None:
                raise unauthenticated()
            slot.enter_context(context.services.rate_limits.sockets.hold(context.viewer))
        except GraphQLError as error:
            return self._make_response(_fail(request, error), MediaType.JSON, has_status=True)
        return EventStream(
            self.subscriptions,
            operation,
            context=context,
            viewer=context.viewer,
            slot=slot,
            streams=self.streams,
        )

    def _make_response(
        self,
        result: ExecutionResult,
        media_type: MediaType,
        context: Context | None = None,
        *,
        has_status: bool = False,
    ) -> Response:
        """Makes the response. Errors of an operation have status 200 as application/json, since
        clients of that type take other statuses for errors of a proxy."""
        status, headers = 200, {}
        if is_request_error(result):
            errors = result.errors or []
            error_status = find_status(errors)
            # Proxies and clients act on the status 429.
            if has_status or error_status == 429 or media_type is MediaType.GRAPHQL_RESPONSE:
                status = error_status
                headers = list_status_headers(error_status, errors)
        if context is None:
            body = self.encode_json(format_result(result))
        else:
            body = self.encode_result(result, context)
        return create_response(body, media_type, status=status, headers=headers)


def write_time(value: object) -> str:
    """Formats a time as the scalar DateTime and orjson do."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _choose(request: Request, offered: Sequence[MediaType]) -> MediaType | None:
    return choose_media_type(",".join(request.headers.getlist("accept")), offered)


def _wants_page(request: Request) -> bool:
    """Returns whether a browser opens the URL, or a client names neither type nor operation."""
    if request.method != "GET":
        return False
    accepted = request.headers.get("accept", "*/*")
    names_operation = not _OPERATION_PARAMETERS.isdisjoint(request.query_params)
    return "text/html" in accepted or ("*/*" in accepted and not names_operation)


def _fail(request: Request, error: Exception) -> ExecutionResult:
    if not isinstance(error, GraphQLError):
        error = GraphQLError(str(error), original_error=error)
    errors = format_errors([error], request_id=request.scope[REQUEST_ID])
    return ExecutionResult(data=None, errors=errors)


def _report_bug(request_id: str) -> Response:
    message = f"Internal error; the log has details for request {request_id}."
    return RequestRefused(500, message, code=ErrorCode.INTERNAL_SERVER_ERROR).to_response()
