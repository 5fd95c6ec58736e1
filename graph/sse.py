"""An operation as an event stream: graphql-sse's distinct connections mode, bounded.

`next` events carry results, `complete` says that there are no more. A stream that ends without
`complete` was cut: its client connects anew and resumes after its last cursor. Nothing is queued
here: the stream takes the next result when the network has taken the last one. A peer that takes
too long for that is cut off, and what it does not take waits in the live feed, which is bounded.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Any

from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.http import GraphQLRequestData
from strawberry.schema import BaseSchema
from strawberry.types import ExecutionResult
from strawberry.utils.aio import aclosing

from graph.context import Context
from graph.errors import bad_input, format_errors, unauthenticated
from graph.http import HEADERS
from graph.live import transports
from graph.live.feed import SubscriberTooSlow
from graph.results import format_result, is_request_error
from whatsapp.access import Viewer

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
        schema: BaseSchema,
        operation: GraphQLRequestData,
        *,
        context: Context,
        viewer: Viewer,
        place: AbstractContextManager[object],
        streams: EventStreams,
        encode: Callable[[object], bytes],
    ) -> None:
        super().__init__(headers=HEADERS | {"X-Accel-Buffering": "no", "Connection": "close"})
        # It is not known before the end how much it is.
        del self.headers["Content-Length"]
        self._schema = schema
        self._operation = operation
        self._context = context
        self._viewer = viewer
        self._place = place
        self._streams = streams
        self._encode = encode
        self._send_seconds = context.services.settings.socket_send_seconds
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        transport = transports.find_transport()
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
            async with running(*parts):
                ending = await self._ending
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
            results = await self._schema.stream(
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
        except Exception as error:  # noqa: BLE001 - format_errors logs it
            # The operation's edge: a bug of ours is told like any other error.
            await self._send(self._format_failure(error), send)
        self.end(Ending.COMPLETED)

    async def _send_result(self, result: object, send: Send) -> None:
        if not isinstance(result, ExecutionResult):
            raise bad_input("Incremental delivery is not supported.")
        errors = result.errors or []
        if any(isinstance(error.original_error or error, SubscriberTooSlow) for error in errors):
            self.end(Ending.TOO_SLOW)
            return
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
        failure = (
            error
            if isinstance(error, GraphQLError)
            else GraphQLError(str(error), original_error=error)
        )
        shown = format_errors([failure], request_id=self._context.request_id)
        return self._format_next(ExecutionResult(data=None, errors=shown))

    def _format_next(self, result: ExecutionResult) -> bytes:
        return b"event: next\ndata: " + self._encode(format_result(result)) + b"\n\n"


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
