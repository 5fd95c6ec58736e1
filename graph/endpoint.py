"""The `/graphql` endpoint: POST runs an operation, GET shows GraphiQL, a WebSocket is live.

Every answer over HTTP is JSON with an `X-Request-Id` that the log has too.
"""

import json
import logging
import secrets
from datetime import timedelta
from typing import Any

import orjson
import pymongo
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

from graph.context import Context, Services
from graph.errors import ErrorCode, format_errors, service_unavailable, unauthenticated
from graph.extensions import DATABASE_DEADLINE_SECONDS
from graph.graphiql import create_graphiql_response
from graph.http import RequestRefused, read_credential, read_operation
from graph.live.bounded_socket import BoundedSocket
from graph.schema import create_schema
from graph.uploads import UploadReader, check_may_upload, is_upload
from graph.websocket import SocketHandler
from whatsapp.access import Viewer
from whatsapp.settings import Settings
from whatsapp.signing_keys import ProviderUnavailable

logger = logging.getLogger(__name__)

REQUEST_ID = "wagraph.request_id"
CONNECTION_INIT_TIMEOUT = timedelta(seconds=10)
OVER_HTTP = frozenset({OperationType.QUERY, OperationType.MUTATION})


class GraphQLEndpoint(GraphQL[Context, object]):
    """An ASGI application; `request.state.services` is what its resolvers work with."""

    graphql_transport_ws_handler_class = SocketHandler
    websocket_adapter_class = BoundedSocket

    def __init__(self, *, settings: Settings) -> None:
        super().__init__(
            create_schema(),
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            allow_queries_via_get=False,
            allowed_origins=settings.allowed_origins,
            connection_init_wait_timeout=CONNECTION_INIT_TIMEOUT,
        )
        self.settings = settings
        self.uploads = UploadReader(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[REQUEST_ID] = secrets.token_hex(8)
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RequestRefused as refusal:
            response = refusal.to_response()
        except ClientDisconnect:
            return
        except Exception:
            # The edge of the request: a bug of ours is answered in JSON like anything else.
            logger.exception("Request %s failed", scope[REQUEST_ID])
            response = _refuse_internally(scope[REQUEST_ID])
        response.headers["X-Request-Id"] = scope[REQUEST_ID]
        await response(scope, receive, send)

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
            return json.dumps(data, separators=(",", ":")).encode()

    async def _answer(self, request: Request) -> Response:
        if request.method == "GET" and self.settings.graphiql and _wants_page(request):
            return create_graphiql_response()
        if request.method != "POST":
            raise RequestRefused(405, "Send operations with POST.", headers={"Allow": "POST"})
        if not is_upload(request):
            return self._encode(await self._execute(request, await read_operation(request)))
        await check_uploader(request)
        async with self.uploads.open(request) as operation:
            return self._encode(await self._execute(request, operation))

    def _encode(self, result: ExecutionResult) -> Response:
        return Response(self.encode_json(_format(result)), media_type="application/json")

    async def _execute(self, request: Request, operation: GraphQLRequestData) -> ExecutionResult:
        try:
            context = create_context(request)
            await sign_in(context, read_credential(request.headers))
            return await self.schema.execute(
                operation.query,
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.operation_name,
                operation_extensions=operation.extensions,
                allowed_operation_types=OVER_HTTP,
            )
        except GraphQLError as error:
            return _fail(request, error)
        except (CannotGetOperationTypeError, InvalidOperationTypeError, PyMongoError) as error:
            return _fail(request, GraphQLError(str(error), original_error=error))


async def check_uploader(request: Request) -> None:
    """Whoever may not upload is refused before a byte of the file is read.

    Raises:
        RequestRefused: 401, 403 or, where nobody can tell, 503.
    """
    try:
        context = create_context(request)
        await sign_in(context, read_credential(request.headers))
    except (GraphQLError, PyMongoError) as error:
        failure = error if isinstance(error, GraphQLError) else service_unavailable()
        code = ErrorCode((failure.extensions or {})["code"])
        status = 401 if code is ErrorCode.UNAUTHENTICATED else 503
        raise RequestRefused(status, failure.message, code=code) from None
    check_may_upload(context.viewer)


def create_context(request: HTTPConnection) -> Context:
    """The context of a request or of one operation on a WebSocket, for nobody yet.

    Raises:
        RequestError: SERVICE_UNAVAILABLE, this process is not ready.
    """
    services: Services | None = getattr(request.state, "services", None)
    if services is None:
        raise service_unavailable()
    return Context(services=services, request_id=request.scope[REQUEST_ID])


async def sign_in(context: Context, credential: str | None) -> None:
    """Finds the viewer of a credential; None leaves the context for nobody.

    Raises:
        RequestError: UNAUTHENTICATED, it is not valid; SERVICE_UNAVAILABLE, nobody can tell.
        PyMongoError: MongoDB is away.
    """
    if credential is None:
        return
    with pymongo.timeout(DATABASE_DEADLINE_SECONDS):
        context.viewer = await _find_viewer(context, credential)
    if context.viewer is None:
        raise unauthenticated()


async def _find_viewer(context: Context, credential: str) -> Viewer | None:
    try:
        return await context.services.authenticator.authenticate(credential)
    except ProviderUnavailable:
        raise service_unavailable("The identity provider") from None


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "*/*")
    return "text/html" in accepted or "*/*" in accepted


def _fail(request: Request, error: GraphQLError) -> ExecutionResult:
    errors = format_errors([error], request_id=request.scope[REQUEST_ID])
    return ExecutionResult(data=None, errors=errors)


def _format(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def _refuse_internally(request_id: str) -> Response:
    message = f"Something went wrong; the log has it as request {request_id}."
    return RequestRefused(500, message, code=ErrorCode.INTERNAL_SERVER_ERROR).to_response()
