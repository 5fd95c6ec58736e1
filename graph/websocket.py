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
from collections.abc import Mapping
from typing import Any

import pymongo
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

from graph.context import Context
from graph.errors import ErrorCode, RateLimited, RequestError, format_errors
from graph.extensions import DATABASE_DEADLINE_SECONDS
from graph.http import read_credential
from graph.live.bounded_socket import TOO_SLOW, BoundedSocket
from graph.live.feed import SubscriberTooSlow
from graph.loaders import Loaders
from graph.results import is_request_error
from whatsapp.access import Viewer
from whatsapp.signing_keys import ProviderUnavailable

logger = logging.getLogger(__name__)

SocketOperation = Operation[Context, object]
UNAUTHORIZED = (4401, "Unauthorized")
FORBIDDEN = (4403, "Forbidden")
UNAVAILABLE = (1013, "Try again later")
TOO_MANY = (1013, "Too many sockets or wrong keys: try again later")
BROKEN = (1011, "Internal error")


class MalformedMessage(Exception):
    """A message that the protocol does not know; the text becomes the close reason."""


class SocketHandler(BaseGraphQLTransportWSHandler[Context, object]):
    """Serves one socket. Its context is only a pattern: each operation gets one of its own."""

    websocket: BoundedSocket

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
                await self._sign_in(_get(message, "payload", dict) or {})
            case "ping":
                _get(message, "payload", dict)
                await self.send_message({"type": "pong"})
            case "pong":
                _get(message, "payload", dict)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                await self.cleanup_operation(_require(message, "id", str))
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
        limits, address = self.context.services.rate_limits, self.context.client_address
        try:
            limits.check_sign_in(credential, address)
            with pymongo.timeout(DATABASE_DEADLINE_SECONDS):
                viewer = await self.context.services.authenticator.authenticate(credential)
            limits.note_sign_in(credential, address, succeeded=viewer is not None)
            if viewer is None:
                await self.websocket.close(*FORBIDDEN)
                return
            self._stack.enter_context(limits.hold_socket(viewer))
        except (PyMongoError, ProviderUnavailable) as error:
            logger.warning("A socket can't be signed in: %s", type(error).__name__)
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
        operation.task = asyncio.create_task(self.run_operation(operation))
        operation.task.add_done_callback(self._task_done)

    def _read_operation(self, message: dict[str, Any]) -> SocketOperation:
        payload = _require(message, "payload", dict)
        _get(payload, "extensions", dict)
        return Operation(
            self,
            _require(message, "id", str),
            _require(payload, "query", str, may_be_empty=True),
            _get(payload, "variables", dict),
            _get(payload, "operationName", str),
        )

    async def cleanup_operation(self, operation_id: str) -> None:
        # What a cancelled operation still says must not touch another one with the same id.
        if operation_id in self.operations:
            self.operations[operation_id].completed = True
        await super().cleanup_operation(operation_id)

    async def run_operation(self, operation: SocketOperation) -> None:
        """Runs one operation to its end; whatever happens, the peer hears of it."""
        context = dataclasses.replace(
            self.context, request_id=secrets.token_hex(8), loaders=Loaders()
        )
        try:
            await self._execute(operation, context)
        except Exception as error:  # noqa: BLE001 - format_errors logs it
            # The operation's edge: a bug of ours ends this operation and not the socket.
            failure = GraphQLError(str(error), original_error=error)
            shown = format_errors([failure], request_id=context.request_id)
            await operation.send_initial_errors(shown)

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
                    await self._end_with_errors(operation, result.errors or [])
                    return
                await operation.send_next(result)
                await self.websocket.wait_for_room()
        await operation.send_operation_message(CompleteMessage(id=operation.id, type="complete"))

    async def _end_with_errors(
        self, operation: SocketOperation, errors: list[GraphQLError]
    ) -> None:
        if any(isinstance(error.original_error or error, SubscriberTooSlow) for error in errors):
            self.websocket.close_soon(*TOO_SLOW)
            return
        await operation.send_initial_errors(errors)


def find_credential(payload: Mapping[str, Any]) -> str | None:
    """The credential in a `connection_init` payload, None where there is none.

    Its key is `Authorization` in any case, at the top or under `headers`, where GraphiQL and Apollo
    put it; its value is the bare credential, or `Bearer` and it.
    """
    headers = payload.get("headers")
    for place in (payload, headers if isinstance(headers, dict) else {}):
        for name, value in place.items():
            if name.lower() == "authorization" and isinstance(value, str):
                text = value if " " in value.strip() else f"Bearer {value}"
                return read_credential({"authorization": text})
    return None


def _get(message: Mapping[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if value is not None and not isinstance(value, kind):
        raise MalformedMessage(f"`{name}` has the wrong type")
    return value


def _require(
    message: Mapping[str, Any], name: str, kind: type, *, may_be_empty: bool = False
) -> Any:
    value = _get(message, name, kind)
    if value is None or (value == "" and not may_be_empty):
        raise MalformedMessage(f"`{name}` is missing")
    return value
