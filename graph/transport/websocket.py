"""GraphQL over WebSocket: the graphql-transport-ws protocol, strict and bounded.

Close codes: 4400 malformed message · 4401 no credential, or subscribed before connection_ack · 4403
credential not valid (any more) · 4408 no connection_init in time · 4409 id in use · 4429 second
connection_init · 4508 too slow, resume from the last cursor · 1013 try again later: the database is
away, or there are too many sockets of one credential or wrong keys from one address.
Errors of one operation are answered to that operation and leave the socket open.
"""

import asyncio
import contextlib
import dataclasses
import logging
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived
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
from graph.fanout.bounded_socket import TOO_SLOW, BoundedSocket
from graph.fanout.event_execution import list_errors
from graph.fanout.feed import SubscriberTooSlow
from graph.fanout.membership import Membership
from graph.transport.signing_in import find_viewer
from graph.transport.socket_messages import (
    MalformedMessage,
    find_credential,
    get_part,
    require_part,
)
from models.database.outage_log import log_failure
from whatsapp.auth.access import Viewer
from whatsapp.auth.signing_keys import ProviderUnavailable

if TYPE_CHECKING:
    from graph.transport.endpoint import GraphQLEndpoint

logger = logging.getLogger(__name__)

UNAUTHORIZED = (4401, "Unauthorized")
FORBIDDEN = (4403, "Forbidden")
UNAVAILABLE = (1013, "Try again later")
TOO_MANY = (1013, "Too many sockets or wrong keys: try again later")
BROKEN = (1011, "Internal error")


class SocketOperation(Operation[Context, object]):
    """One operation; a subscription that was accepted lives on in its group and needs no task."""

    __slots__ = ("membership",)

    handler: "SocketHandler"
    membership: Membership | None

    def send_result(self, result: ExecutionResult) -> None:
        if not self.completed:
            view = self.handler.view
            head = view.encode_json({"id": self.id, "type": "next"})[:-1]
            payload = view.encode_result(result, self.handler.context)
            self.handler.websocket.send_encoded(head + b',"payload":' + payload + b"}")

    def end_with(self, errors: Sequence[GraphQLError]) -> None:
        """Tells why there is nothing more to come, if that was not said already."""
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
    """A subscription on a socket, as its group sees it."""

    def __init__(self, operation: SocketOperation, request_id: str) -> None:
        self._operation = operation
        self._socket = operation.handler.websocket
        self._request_id = request_id
        head = operation.handler.view.encode_json({"id": operation.id, "type": "next"})
        # Called for each event and member: without a function of our own in between.
        self.take = partial(self._socket.send_payloads, head[:-1] + b',"payload":')

    async def wait_for_room(self) -> None:
        await self._socket.wait_for_room()

    def end(self, error: Exception) -> None:
        if isinstance(error, SubscriberTooSlow):
            self._socket.close_soon(*TOO_SLOW)
        else:
            self._operation.end_with(list_errors(error, request_id=self._request_id))


class SocketHandler(BaseGraphQLTransportWSHandler[Context, object]):
    """Serves one socket. Its context is only a pattern: each operation gets one of its own."""

    view: "GraphQLEndpoint"
    websocket: BoundedSocket
    operations: dict[str, SocketOperation]  # type: ignore[assignment]  # of no other kind

    async def handle(self) -> None:
        self.on_request_accepted()
        async with contextlib.AsyncExitStack() as self._stack:
            self._stack.push_async_callback(self.shutdown)
            await self._stack.enter_async_context(self.websocket.opened())
            try:
                await self._read()
            except Exception:
                # The socket's edge: a bug of ours closes it with a code instead of cutting it off.
                logger.exception("A WebSocket failed")
                await self.websocket.close(*BROKEN)

    async def _read(self) -> None:
        try:
            async for message in self.websocket.iter_json():
                await self._handle_checked(message)
                # A peer that asks faster than it reads the answers is not listened to meanwhile.
                await self.websocket.wait_for_room()
        except NonTextMessageReceived:
            await self.handle_invalid_message("Messages must be text")
        except NonJsonMessageReceived:
            await self.handle_invalid_message("Messages must be JSON")
        except MalformedMessage as error:
            await self.handle_invalid_message(str(error))

    async def _handle_checked(self, message: object) -> None:
        if not isinstance(message, dict):
            raise MalformedMessage("Messages must be objects")
        match message.get("type"):
            case "connection_init":
                await self._sign_in(get_part(message, "payload", dict) or {})
            case "ping":
                get_part(message, "payload", dict)
                await self.send_message({"type": "pong"})
            case "pong":
                get_part(message, "payload", dict)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                await self.cleanup_operation(require_part(message, "id", str))
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
            self._stack.enter_context(services.rate_limits.hold_socket(viewer))
        except (PyMongoError, ProviderUnavailable) as error:
            log_failure(logger, error, "A socket can't be signed in")
            await self.websocket.close(*UNAVAILABLE)
            return
        except RateLimited:
            await self.websocket.close(*TOO_MANY)
            return
        self._welcome(viewer)
        await self.send_message({"type": "connection_ack"})

    def _welcome(self, viewer: Viewer) -> None:
        self.context = dataclasses.replace(self.context, viewer=viewer)
        self.connection_acknowledged = True
        watch = self.context.services.live.credentials
        self._stack.enter_context(
            watch.watch(viewer, close=lambda: self.websocket.close_soon(*FORBIDDEN))
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
        limit = self.max_subscriptions_per_connection
        if limit is not None and len(self.operations) > limit:
            text = f"A socket may have {limit} operations at a time."
            await operation.send_initial_errors([RequestError(ErrorCode.RATE_LIMITED, text)])
            return
        operation.task = asyncio.create_task(self._run(operation))
        operation.task.add_done_callback(self._task_done)

    def _read_operation(self, message: dict[str, Any]) -> SocketOperation:
        payload = require_part(message, "payload", dict)
        get_part(payload, "extensions", dict)
        operation = SocketOperation(
            self,
            require_part(message, "id", str),
            require_part(payload, "query", str, may_be_empty=True),
            get_part(payload, "variables", dict),
            get_part(payload, "operationName", str),
        )
        operation.membership = None
        return operation

    async def cleanup_operation(self, operation_id: str) -> None:
        # What a cancelled operation still says must not touch another one with the same id.
        operation = self.operations.get(operation_id)
        if operation is not None:
            operation.completed = True
            if operation.membership is not None:
                operation.membership.leave()
                # It refers back to the operation: the cycle would outlive thousands of sockets.
                operation.membership = None
        await super().cleanup_operation(operation_id)

    async def _run(self, operation: SocketOperation) -> None:
        """Runs one operation to its end, or into its group; whatever happens, the peer hears of
        it.
        """
        context = dataclasses.replace(
            self.context, request_id=secrets.token_hex(8), loaders=Loaders()
        )
        try:
            await self._execute(operation, context)
        except Exception as error:  # noqa: BLE001 - it is logged there
            # The operation's edge: a bug of ours ends this operation and not the socket.
            operation.end_with(list_errors(error, request_id=context.request_id))

    async def _execute(self, operation: SocketOperation, context: Context) -> None:
        results = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
        )
        async with aclosing(results):
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    await self._reject_incremental_delivery(operation)
                    return
                if is_request_error(result):
                    await operation.send_initial_errors(result.errors or [])
                    return
                operation.send_result(result)
                await self.websocket.wait_for_room()
        if context.subscribed is None:
            await operation.send_operation_message(
                CompleteMessage(id=operation.id, type="complete")
            )
        else:
            await self._follow(operation, context)

    async def _follow(self, operation: SocketOperation, context: Context) -> None:
        """Has the operation get events; returns when it needs no task of its own any more."""
        peer = SocketPeer(operation, context.request_id)
        membership = self.view.subscriptions.join(context, operation.variables, peer)
        operation.membership = membership
        # An open subscription needs neither: with thousands of them it matters.
        operation.query, operation.variables = "", None
        await membership.catch_up()
