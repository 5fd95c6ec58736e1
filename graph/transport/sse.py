"""An operation as an event stream: graphql-sse's distinct connections mode, bounded.

`next` events carry results, `complete` says that there are no more. A stream that ends without
`complete` was cut: its client connects anew and resumes after its last cursor. Nothing is queued
here: what the network does not take at once waits in the live feed, which is bounded, until it
does. A peer that takes too long for that is cut off.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Any, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult
from strawberry.utils.aio import aclosing

from graph.core.context import Context
from graph.core.errors import bad_input, unauthenticated
from graph.core.responses import encode_result, is_request_error
from graph.fanout import transports
from graph.fanout.event_execution import Subscriptions, list_errors
from graph.fanout.feed import SubscriberTooSlow
from graph.fanout.membership import Membership
from graph.fanout.payloads import Payload
from graph.transport.http import HEADERS
from whatsapp.auth.access import Viewer

logger = logging.getLogger(__name__)

# Proxies take a connection without traffic for a dead one.
KEEP_ALIVE_SECONDS = 12.0
# How long a peer may take for the end of its stream.
FAREWELL_SECONDS = 1.0
KEEP_ALIVE = b":\n\n"
# An EventSource hears of an event only where it has a line of data.
COMPLETE = b"event: complete\ndata:\n\n"


class Ending(Enum):
    """Why a stream ends."""

    COMPLETED = auto()
    FAILED = auto()
    REVOKED = auto()
    STOPPED = auto()
    LEFT = auto()
    TOO_SLOW = auto()


class EventStreams:
    """The open streams of this process. A server that stops would wait for them for ever."""

    def __init__(self) -> None:
        self._open: set[EventStream] = set()
        self._are_ending = False

    @contextlib.contextmanager
    def hold(self, stream: "EventStream") -> Iterator[None]:
        self._open.add(stream)
        if self._are_ending:
            stream.end(Ending.STOPPED)
        try:
            yield
        finally:
            self._open.discard(stream)

    def end_all(self) -> None:
        """Ends the open streams, and those that begin from now on."""
        self._are_ending = True
        for stream in self._open:
            stream.end(Ending.STOPPED)


class EventStream(Response):
    """The answer that streams the results of one operation."""

    media_type = "text/event-stream"

    def __init__(
        self,
        subscriptions: Subscriptions,
        operation: GraphQLRequestData,
        *,
        context: Context,
        viewer: Viewer,
        place: AbstractContextManager[object],
        streams: EventStreams,
    ) -> None:
        super().__init__(headers=HEADERS | {"X-Accel-Buffering": "no", "Connection": "close"})
        # It is not known before the end how much it is.
        del self.headers["Content-Length"]
        self._subscriptions = subscriptions
        self._operation = operation
        self._context = context
        self._viewer = viewer
        self._place = place
        self._streams = streams
        self._membership: Membership | None = None
        self._failure = b""
        self._writing: asyncio.Task[None] | None = None
        self._cycle: transports.RequestCycle | None = None
        self._send_seconds = context.services.settings.socket_send_seconds
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        transport = transports.find_transport()
        self._cycle = transports.find_cycle()
        watch = self._context.services.live.credentials
        with (
            self._place,
            self._streams.hold(self),
            watch.watch(self._viewer, close=lambda: self.end(Ending.REVOKED)),
        ):
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            parts = (self._produce(send), self._keep_alive(send), self._wait_until_left(receive))
            try:
                async with running(*parts):
                    ending = await self._ending
            finally:
                if self._membership is not None:
                    self._membership.leave()
                    self._membership = None
        if ending is Ending.TOO_SLOW or not await self._say_farewell(ending, send):
            transports.cut_off(transport, ending.name)
            return
        # A peer that does not read never takes what is left, and uvicorn would keep it for ever.
        loop = asyncio.get_running_loop()
        loop.call_later(transports.CLOSE_ANSWER_SECONDS, transports.cut_off, transport, ending.name)

    def end(self, ending: Ending) -> None:
        """Ends the stream from anywhere; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(ending)

    async def _produce(self, send: Send) -> None:
        try:
            results = await self._subscriptions.schema.stream(
                self._operation.query,
                variable_values=self._operation.variables,
                context_value=self._context,
                operation_name=self._operation.operation_name,
                operation_extensions=self._operation.extensions,
            )
            async with aclosing(results):
                async for result in results:
                    await self._send_result(result, send)
                    if self._ending.done():
                        return
            if self._context.subscribed is not None:
                await self._follow(send)
                return
        except Exception as error:  # noqa: BLE001 - it is logged there
            # The operation's edge: a bug of ours is told like any other error.
            await self._send(self._format_failure(error), send)
        self.end(Ending.COMPLETED)

    async def _follow(self, send: Send) -> None:
        """Returns when the operation is in its group, which feeds it from then on."""
        peer = StreamPeer(self, send)
        self._membership = self._subscriptions.join(self._context, self._operation.variables, peer)
        await self._membership.catch_up()

    async def _send_result(self, result: object, send: Send) -> None:
        if not isinstance(result, ExecutionResult):
            raise bad_input("Incremental delivery is not supported.")
        await self._send(self._format_next(result), send)
        if is_request_error(result):
            self.end(Ending.COMPLETED)

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await self._send(KEEP_ALIVE, send)
            await asyncio.sleep(KEEP_ALIVE_SECONDS)

    async def _wait_until_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(Ending.LEFT)

    def fail(self, error: Exception) -> None:
        """Ends the stream with what its peer is told of an error."""
        if isinstance(error, SubscriberTooSlow):
            self.end(Ending.TOO_SLOW)
        elif not self._ending.done():
            self._failure = self._format_failure(error)
            self.end(Ending.FAILED)

    def write(self, text: bytes, send: Send) -> bool:
        """Writes it at once, or gives False where that would have to wait."""
        if self._ending.done():
            return True
        if self._cycle is None:
            return self._write_behind(text, send)
        if self._cycle.flow.write_paused:
            return False
        sending = send({"type": "http.response.body", "body": text, "more_body": True})
        try:
            # It has nothing to wait for, so its first step is its last.
            cast("Coroutine[Any, Any, None]", sending).send(None)
        except StopIteration:
            return True
        except OSError:
            self.end(Ending.LEFT)
            return True
        self.end(Ending.STOPPED)
        return True

    def _write_behind(self, text: bytes, send: Send) -> bool:
        """Under other servers than uvicorn nobody knows whether a write would have to wait."""
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
            async with asyncio.timeout(self._send_seconds):
                await send({"type": "http.response.body", "body": text, "more_body": True})
        except TimeoutError:
            self.end(Ending.TOO_SLOW)
        except OSError:
            self.end(Ending.LEFT)

    async def _say_farewell(self, ending: Ending, send: Send) -> bool:
        """Whether the peer took the end of the stream, or needs none."""
        words = {
            Ending.COMPLETED: COMPLETE,
            Ending.FAILED: self._failure + COMPLETE,
            Ending.REVOKED: self._format_failure(unauthenticated()) + COMPLETE,
        }
        last = {"type": "http.response.body", "body": words.get(ending, b""), "more_body": False}
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await send(last)
        except OSError:  # a TimeoutError is one too
            return False
        return True

    def _format_failure(self, error: Exception) -> bytes:
        shown = list_errors(error, request_id=self._context.request_id)
        return self._format_next(ExecutionResult(data=None, errors=shown))

    def _format_next(self, result: ExecutionResult) -> bytes:
        max_bytes = self._context.services.settings.max_response_bytes
        body = encode_result(result, self._subscriptions.encode, max_bytes=max_bytes)
        return b"event: next\ndata: " + body + b"\n\n"


class StreamPeer:
    """A subscription as a stream, as its group sees it."""

    def __init__(self, stream: EventStream, send: Send) -> None:
        self._stream = stream
        self._send = send

    def take(self, payloads: Sequence[Payload]) -> bool:
        text = b"".join([payload.server_sent for payload in payloads])
        return self._stream.write(text, self._send)

    async def wait_for_room(self) -> None:
        await self._stream.wait_until_writable(self._send)

    def end(self, error: Exception) -> None:
        self._stream.fail(error)


@contextlib.asynccontextmanager
async def running(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs them side by side, and ends those that still run on leaving."""
    tasks = [asyncio.create_task(part, name="event-stream") for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
