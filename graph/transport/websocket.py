"""GraphQL over WebSocket: the graphql-transport-ws protocol, strict and bounded.

Close codes: 4400 malformed message · 4401 no credential, or subscribe before connection_ack · 4403
credential invalid or revoked · 4408 no connection_init in time · 4409 id in use · 4429 second
connection_init · 4508 too slow, resume from the last cursor · 1013 try again later: MongoDB is
unavailable, or too many sockets of a credential or wrong credentials from an address.
An error of an operation ends that operation and leaves the socket open.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry.http.exceptions import NonTextMessageReceived
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import CompleteMessage
from strawberry.types.execution import ExecutionResult
from strawberry.utils.aio import aclosing

from graph.core.context import Context
from graph.core.errors import ErrorCode, RateLimited, RequestError
from graph.core.loaders import Loaders
from graph.core.responses import is_request_error
from graph.events.feed import SubscriberTooSlow
from graph.fanout.bounded_socket import TOO_SLOW, BoundedSocket
from graph.fanout.event_execution import Subscriptions, list_errors
from graph.fanout.membership import Membership
from graph.transport.authentication import find_viewer
from graph.transport.http import RequestedOperation
from graph.transport.liveness import PeerLiveness
from graph.transport.socket_messages import (
    MalformedMessage,
    find_credential,
    get_value,
    parse_message,
    require_value,
)
from models.database.outage_log import log_failure
from telemetry.access_log import count_operation
from telemetry.log_context import add_log_fields
from telemetry.request_ids import make_request_id
from whatsapp.auth.access import Viewer
from whatsapp.auth.retired_agents import AgentRetired
from whatsapp.auth.signing_keys import ProviderUnavailable
from whatsapp.workspaces.workspace_states import WorkspaceSuspended

logger = logging.getLogger(__name__)

UNAUTHORIZED = (4401, "Unauthorized")
AGENT_RETIRED = (4403, "Agent retired")
WORKSPACE_SUSPENDED = (4403, "Workspace suspended")
FORBIDDEN = (4403, "Forbidden")
UNAVAILABLE = (1013, "Try again later")
TOO_MANY = (1013, "Too many sockets or wrong keys: try again later")
INTERNAL_ERROR = (1011, "Internal error")


class SocketView(Protocol):
    """The endpoint, as its sockets use it."""

    subscriptions: Subscriptions

    def encode_json(self, data: object) -> bytes: ...

    def encode_result(self, result: ExecutionResult, context: Context) -> bytes: ...


class SocketOperation(Operation[Context, object]):
    """An operation of a socket. A subscription that has joined its group needs no task."""

    __slots__ = ("membership", "request")

    handler: "SocketHandler"
    membership: Membership | None
    request: RequestedOperation | None
    """None once it has joined its group."""

    def send_result(self, result: ExecutionResult) -> None:
        if not self.completed:
            view = self.handler.view
            head = view.encode_json({"id": self.id, "type": "next"})[:-1]
            payload = view.encode_result(result, self.handler.context)
            self.handler.websocket.send_encoded(head + b',"payload":' + payload + b"}")

    def end_with(self, errors: Sequence[GraphQLError]) -> None:
        """Sends the errors that end the operation, unless it has already ended."""
        if self.completed:
            return
        self.completed = True
        self.membership = None
        self.handler.operations.pop(self.id, None)
        message = {
            "id": self.id,
            "type": "error",
            "payload": [error.formatted for error in errors],
        }
        self.handler.websocket.send_encoded(self.handler.view.encode_json(message))


class SocketPeer:
    """An operation of a socket as the peer of a membership."""

    def __init__(self, operation: SocketOperation, request_id: str) -> None:
        self._operation = operation
        self._socket = operation.handler.websocket
        self._request_id = request_id
        head = operation.handler.view.encode_json({"id": operation.id, "type": "next"})
        # Called for each event and member: `partial` is faster than a method.
        self.take = partial(self._socket.send_payloads, head[:-1] + b',"payload":')

    async def wait_for_room(self) -> None:
        await self._socket.wait_for_room()

    def end(self, error: Exception) -> None:
        if isinstance(error, SubscriberTooSlow):
            self._socket.close_soon(*TOO_SLOW)
        else:
            self._operation.end_with(list_errors(error, request_id=self._request_id))


class SocketHandler(BaseGraphQLTransportWSHandler[Context, object]):
    """Serves one socket. Each operation gets a copy of its context."""

    view: SocketView  # type: ignore[assignment]  # narrower than Strawberry's view
    websocket: BoundedSocket
    operations: dict[str, SocketOperation]  # type: ignore[assignment]  # all are created here

    async def handle(self) -> None:
        self.on_request_accepted()
        timeouts = self.context.services.timeouts
        self._liveness = PeerLiveness(
            lambda: self.send_message({"type": "ping"}),
            ping_seconds=timeouts.peer_ping_seconds,
            silence_seconds=timeouts.peer_silence_seconds,
        )
        self.context = dataclasses.replace(self.context, liveness=self._liveness)
        async with contextlib.AsyncExitStack() as self._stack:
            self._stack.callback(self._liveness.close)
            self._stack.push_async_callback(self.shutdown)
            await self._stack.enter_async_context(self.websocket.opened())
            try:
                await self._read_messages()
            except Exception:
                # A bug closes the socket with a close code.
                logger.exception("A WebSocket failed")
                await self.websocket.close(*INTERNAL_ERROR)

    async def _read_messages(self) -> None:
        try:
            async for text in self.websocket.iter_texts():
                self._liveness.record_message()
                await self._handle_parsed(parse_message(text))
                # Stops reading while the peer does not read the results.
                await self.websocket.wait_for_room()
        except NonTextMessageReceived:
            await self.handle_invalid_message("Messages must be text")
        except MalformedMessage as error:
            await self.handle_invalid_message(str(error))

    async def _handle_parsed(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._sign_in(get_value(message, "payload", dict) or {})
            case "ping":
                get_value(message, "payload", dict)
                await self.send_message({"type": "pong"})
            case "pong":
                get_value(message, "payload", dict)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                await self.cleanup_operation(require_value(message, "id", str))
            case _:
                raise MalformedMessage("Unknown message type")

    async def _sign_in(self, payload: Mapping[str, Any]) -> None:
        if self.connection_init_received:
            await self.websocket.close(4429, "Too many initialisation requests")
            return
        self.connection_init_received = True
        if self.connection_init_timeout_task:
            self.connection_init_timeout_task.cancel()
        credential = find_credential(payload)
        if credential is None:
            await self.websocket.close(*UNAUTHORIZED)
            return
        services, address = self.context.services, self.context.client_address
        try:
            viewer = await find_viewer(services, credential, address=address)
            if viewer is None:
                await self.websocket.close(*FORBIDDEN)
                return
            self._stack.enter_context(services.rate_limits.sockets.hold(viewer))
        except (PyMongoError, ProviderUnavailable) as error:
            log_failure(logger, error, "Could not authenticate a socket")
            await self.websocket.close(*UNAVAILABLE)
            return
        except AgentRetired:
            await self.websocket.close(*AGENT_RETIRED)
            return
        except WorkspaceSuspended:
            await self.websocket.close(*WORKSPACE_SUSPENDED)
            return
        except RateLimited:
            await self.websocket.close(*TOO_MANY)
            return
        self._acknowledge(viewer)
        await self.send_message({"type": "connection_ack"})

    def _acknowledge(self, viewer: Viewer) -> None:
        self.context = dataclasses.replace(self.context, viewer=viewer)
        self.connection_acknowledged = True
        credentials = self.websocket.ws.state.credentials
        self._stack.enter_context(
            credentials.watch(viewer, close=lambda: self.websocket.close_soon(*FORBIDDEN))
        )

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self.connection_acknowledged:
            await self.websocket.close(*UNAUTHORIZED)
            return
        operation = self._read_operation(message)
        if operation.id in self.operations:
            await self.websocket.close(4409, f"Subscriber for {operation.id} already exists")
            return
        self.operations[operation.id] = operation
        count_operation(self.websocket.ws.scope)
        limit = self.max_subscriptions_per_connection
        if limit is not None and len(self.operations) > limit:
            text = f"A socket may have at most {limit} operations at a time."
            await operation.send_initial_errors([RequestError(ErrorCode.RATE_LIMITED, text)])
            return
        operation.task = asyncio.create_task(self._run(operation))

    def _read_operation(self, message: dict[str, Any]) -> SocketOperation:
        payload = require_value(message, "payload", dict)
        request = RequestedOperation(
            query=get_value(payload, "query", str),
            variables=get_value(payload, "variables", dict),
            operation_name=get_value(payload, "operationName", str),
            extensions=get_value(payload, "extensions", dict),
            document_id=get_value(payload, "documentId", str),
        )
        if not request.has_id:
            require_value(payload, "query", str, may_be_empty=True)
        operation = SocketOperation(self, require_value(message, "id", str), "", None, None)
        operation.membership, operation.request = None, request
        return operation

    async def cleanup_operation(self, operation_id: str) -> None:
        # Messages of a cancelled operation must not reach a later operation with the same id.
        operation = self.operations.get(operation_id)
        if operation is not None:
            operation.completed = True
            if operation.membership is not None:
                operation.membership.leave()
                # Breaks a reference cycle, which would outlive thousands of sockets.
                operation.membership = None
        await super().cleanup_operation(operation_id)

    async def _run(self, operation: SocketOperation) -> None:
        """Runs one operation to its end or into its group; reports every error to the peer."""
        request_id = make_request_id()
        add_log_fields(request_id=request_id, socket_id=self.context.request_id)
        context = dataclasses.replace(self.context, request_id=request_id, loaders=Loaders())
        try:
            if operation.request is not None:
                await self._execute(operation, operation.request, context)
        except Exception as error:  # noqa: BLE001 - `list_errors` logs it
            # A bug ends the operation, not the socket.
            operation.end_with(list_errors(error, request_id=context.request_id))

    async def _execute(
        self, operation: SocketOperation, request: RequestedOperation, context: Context
    ) -> None:
        schema = self.view.subscriptions.schema
        await schema.places.wait_to_start(context)
        results = await schema.stream(
            schema.documents.find_text(request.document, context),
            variable_values=request.variables,
            context_value=context,
            operation_name=request.operation_name,
        )
        async with aclosing(results):
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    raise TypeError("Incremental delivery is disabled, so there are no such parts")
                if is_request_error(result):
                    await operation.send_initial_errors(result.errors or [])
                    return
                operation.send_result(result)
                await self.websocket.wait_for_room()
        if context.subscription is None:
            await operation.send_operation_message(
                CompleteMessage(id=operation.id, type="complete")
            )
        else:
            await self._join_group(operation, request.variables, context)

    async def _join_group(
        self, operation: SocketOperation, variables: dict[str, Any] | None, context: Context
    ) -> None:
        """Returns when the operation is in its group, which sends the events from then on."""
        peer = SocketPeer(operation, context.request_id)
        groups = self.websocket.ws.state.groups
        with self.view.subscriptions.trace_start(context):
            membership = self.view.subscriptions.join(groups, context, variables, peer)
            operation.membership = membership
            # No longer needed: saves memory for thousands of subscriptions.
            operation.request = None
            await membership.catch_up()
