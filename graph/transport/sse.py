"""Event streams: graphql-sse's distinct connections mode, bounded.

`next` events carry results, `complete` ends the operation. A stream that ends without `complete`
was interrupted: its client reconnects and resumes after its last cursor. Nothing is queued here: an
event that the network does not accept stays in the live feed, which is bounded. A peer that takes
too long to read is aborted.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult
from strawberry.utils.aio import aclosing

from graph.core.context import Context
from graph.core.errors import bad_input, unauthenticated
from graph.core.responses import encode_result, is_request_error
from graph.events.feed import SubscriberTooSlow
from graph.fanout import connection
from graph.fanout.connection import Connection
from graph.fanout.event_execution import Subscriptions, list_errors
from graph.fanout.groups import Groups
from graph.fanout.membership import Membership
from graph.fanout.payloads import Payload
from graph.transport.http import HEADERS, RequestedOperation
from graph.transport.liveness import StreamLiveness
from telemetry.metrics.live import SLOW_PEERS, SOCKETS
from whatsapp.auth.access import Viewer

logger = logging.getLogger(__name__)

KEEP_ALIVE = b":\n\n"
# Browsers dispatch only events that have a data line.
COMPLETE = b"event: complete\ndata:\n\n"


class CloseReason(Enum):
    COMPLETED = auto()
    FAILED = auto()
    REVOKED = auto()
    SHUTDOWN = auto()
    DISCONNECTED = auto()
    TOO_SLOW = auto()


class EventStreams:
    """The open streams of this process; a shutdown ends them."""

    def __init__(self) -> None:
        self._open: set[EventStream] = set()
        self._is_shutting_down = False

    @contextlib.contextmanager
    def hold(self, stream: "EventStream") -> Iterator[None]:
        self._open.add(stream)
        if self._is_shutting_down:
            stream.end(CloseReason.SHUTDOWN)
        try:
            yield
        finally:
            self._open.discard(stream)

    def end_all(self) -> None:
        """Ends all open streams, and those opened later at once."""
        self._is_shutting_down = True
        for stream in self._open:
            stream.end(CloseReason.SHUTDOWN)


class EventStream(Response):
    """The response that streams the results of one operation."""

    media_type = "text/event-stream"

    def __init__(
        self,
        subscriptions: Subscriptions,
        operation: RequestedOperation,
        *,
        context: Context,
        viewer: Viewer,
        slot: AbstractContextManager[object],
        streams: EventStreams,
    ) -> None:
        super().__init__(headers=HEADERS | {"X-Accel-Buffering": "no", "Connection": "close"})
        # The length is not known before the end.
        del self.headers["Content-Length"]
        self._subscriptions = subscriptions
        self._operation = operation
        self._context = context
        self._viewer = viewer
        self._slot = slot
        self._streams = streams
        self._membership: Membership | None = None
        self._failure = b""
        self._writing: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._timeouts = context.services.timeouts
        self._closed: asyncio.Future[CloseReason] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connection = connection.find_connection(scope)
        self._context.liveness = liveness = self._create_liveness(send)
        with (
            contextlib.closing(liveness),
            self._slot,
            self._streams.hold(self),
            scope["state"]["credentials"].watch(
                self._viewer, close=lambda: self.end(CloseReason.REVOKED)
            ),
        ):
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            parts = (
                self._produce(scope["state"]["groups"], send),
                self._keep_alive(send),
                self._wait_for_disconnect(receive),
            )
            SOCKETS["event_stream"].inc()
            try:
                async with running(*parts):
                    reason = await self._closed
            finally:
                SOCKETS["event_stream"].dec()
                if self._membership is not None:
                    self._membership.leave()
                    self._membership = None
        await self._close(reason, send)

    def _create_liveness(self, send: Send) -> StreamLiveness:
        return StreamLiveness(
            lambda: self._send(KEEP_ALIVE, send),
            None if self._connection is None else self._connection.transport,
            ping_seconds=self._timeouts.peer_ping_seconds,
            silence_seconds=self._timeouts.peer_silence_seconds,
        )

    def end(self, reason: CloseReason) -> None:
        """Ends the stream from any task; the first reason counts."""
        if not self._closed.done():
            self._closed.set_result(reason)
            if reason is CloseReason.TOO_SLOW:
                SLOW_PEERS.inc()

    async def _produce(self, groups: Groups, send: Send) -> None:
        try:
            schema = self._subscriptions.schema
            await schema.places.wait_to_start(self._context)
            results = await schema.stream(
                schema.documents.find_text(self._operation.document, self._context),
                variable_values=self._operation.variables,
                context_value=self._context,
                operation_name=self._operation.operation_name,
                operation_extensions=self._operation.extensions,
            )
            async with aclosing(results):
                async for result in results:
                    await self._send_result(result, send)
                    if self._closed.done():
                        return
            if self._context.subscription is not None:
                await self._join_group(groups, send)
                return
        except Exception as error:  # noqa: BLE001 - `list_errors` logs it
            # A bug is reported to the client like any other error.
            await self._send(self._format_failure(error), send)
        self.end(CloseReason.COMPLETED)

    async def _join_group(self, groups: Groups, send: Send) -> None:
        """Returns when the operation is in its group, which sends the events from then on."""
        with self._subscriptions.trace_start(self._context):
            self._membership = self._subscriptions.join(
                groups, self._context, self._operation.variables, StreamPeer(self, send)
            )
            await self._membership.catch_up()

    async def _send_result(self, result: object, send: Send) -> None:
        if not isinstance(result, ExecutionResult):
            raise bad_input("Incremental delivery is not supported.")
        await self._send(self._format_next(result), send)
        if is_request_error(result):
            self.end(CloseReason.COMPLETED)

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await self._send(KEEP_ALIVE, send)
            await asyncio.sleep(self._timeouts.keep_alive_seconds)

    async def _wait_for_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(CloseReason.DISCONNECTED)

    def fail(self, error: Exception) -> None:
        """Ends the stream with an error."""
        if isinstance(error, SubscriberTooSlow):
            self.end(CloseReason.TOO_SLOW)
        elif not self._closed.done():
            self._failure = self._format_failure(error)
            self.end(CloseReason.FAILED)

    def write(self, text: bytes, send: Send) -> bool:
        """Writes a text at once; returns False if that would have to wait."""
        if self._closed.done():
            return True
        if self._connection is None:
            return self._write_in_task(text, send)
        if self._connection.is_ready():
            self._connection.write(text)
            return True
        # A closed connection is reported by `_wait_for_disconnect`.
        return not self._connection.is_open()

    def _write_in_task(self, text: bytes, send: Send) -> bool:
        """Writes without a connection to ask whether a write would have to wait."""
        if self._writing is not None and not self._writing.done():
            return False
        self._writing = asyncio.create_task(self._send(text, send), name="event-stream")
        return True

    async def wait_until_writable(self, send: Send) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
        else:
            await self._send(b"", send)

    async def _send(self, text: bytes, send: Send) -> None:
        try:
            async with asyncio.timeout(self._timeouts.socket_send_seconds):
                await send({"type": "http.response.body", "body": text, "more_body": True})
        except TimeoutError:
            self.end(CloseReason.TOO_SLOW)
        except OSError:
            self.end(CloseReason.DISCONNECTED)

    async def _close(self, reason: CloseReason, send: Send) -> None:
        if reason is CloseReason.TOO_SLOW or not await self._send_final_event(reason, send):
            connection.abort(self._connection, reason.name)
            return
        # uvicorn keeps the connection until the peer has read everything.
        asyncio.get_running_loop().call_later(
            self._timeouts.close_answer_seconds, connection.abort, self._connection, reason.name
        )

    async def _send_final_event(self, reason: CloseReason, send: Send) -> bool:
        """Ends the response; returns False if the peer does not accept it in time."""
        final_events = {
            CloseReason.COMPLETED: COMPLETE,
            CloseReason.FAILED: self._failure + COMPLETE,
            CloseReason.REVOKED: self._format_failure(unauthenticated()) + COMPLETE,
        }
        body = final_events.get(reason, b"")
        try:
            async with asyncio.timeout(self._timeouts.final_event_seconds):
                await send({"type": "http.response.body", "body": body, "more_body": False})
        except OSError:  # includes TimeoutError
            return False
        return True

    def _format_failure(self, error: Exception) -> bytes:
        errors = list_errors(error, request_id=self._context.request_id)
        return self._format_next(ExecutionResult(data=None, errors=errors))

    def _format_next(self, result: ExecutionResult) -> bytes:
        max_bytes = self._context.services.settings.max_response_bytes
        body = encode_result(result, self._subscriptions.encode, max_bytes=max_bytes)
        return Payload(body).server_sent


class StreamPeer:
    """A stream as the peer of a membership."""

    def __init__(self, stream: EventStream, send: Send) -> None:
        self._stream = stream
        self._send = send

    def take(self, payloads: Sequence[Payload], /) -> bool:
        text = b"".join([payload.server_sent for payload in payloads])
        return self._stream.write(text, self._send)

    async def wait_for_room(self) -> None:
        await self._stream.wait_until_writable(self._send)

    def end(self, error: Exception) -> None:
        self._stream.fail(error)


@contextlib.asynccontextmanager
async def running(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs coroutines concurrently; cancels those still running on exit."""
    tasks = [asyncio.create_task(part, name="event-stream") for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
