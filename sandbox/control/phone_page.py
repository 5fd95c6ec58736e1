"""The page that plays the customers' phones, /demo, and the small JSON API behind them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from graph.transport.files.file_response import read_range
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.webhooks.content import InboundMistakeError
from sandbox.world.customers import describe_conversation

STATIC = Path(__file__).parent / "static"
KEEP_ALIVE_SECONDS = 15.0
# Only scripts and styles from our own files. The page /demo frames the phone.
PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"


class PhonePage:
    """GET /, GET /demo and the data of the pages. They act through the control API."""

    def __init__(self, meta: FakeMeta) -> None:
        self.meta = meta

    def make_routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.show_page, methods=["GET"]),
            Route("/demo", self.show_demo, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/sandbox/numbers", self.list_numbers, methods=["GET"]),
            Route("/sandbox/conversations", self.list_conversations, methods=["GET"]),
            Route("/sandbox/stream", self.stream, methods=["GET"]),
            Route("/sandbox/media", self.upload_media, methods=["POST"]),
            Route("/sandbox/media/{media_id}", self.show_media, methods=["GET"]),
        ]

    async def show_page(self, _: Request) -> Response:
        return _send_page("phone.html")

    async def show_demo(self, _: Request) -> Response:
        """The inbox beside the phone, each in a frame."""
        return _send_page("demo.html", frames=self.meta.settings.inbox_url)

    async def list_numbers(self, _: Request) -> Response:
        """The business numbers, without their secrets."""
        names = ("phone_number_id", "display_phone_number", "verified_name")
        numbers = await self.meta.numbers.list_numbers()
        described = [{name: getattr(number, name) for name in names} for number in numbers]
        return JSONResponse({"numbers": described})

    async def list_conversations(self, request: Request) -> Response:
        """Returns the conversations of a number, or of all numbers, with their messages."""
        phone_number_id = request.query_params.get("phone_number_id")
        conversations = [
            {
                **describe_conversation(conversation),
                "messages": [asdict(message) for message in conversation.messages.values()],
            }
            for conversation in self.meta.customers.list_conversations(phone_number_id)
        ]
        return JSONResponse({"conversations": conversations})

    async def stream(self, _: Request) -> Response:
        """Streams a server-sent event for each change of a message or conversation."""
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(
            self._make_events(), media_type="text/event-stream", headers=headers
        )

    async def upload_media(self, request: Request) -> Response:
        """Stores a file: parts `file`, `phone_number_id`; returns {"id", "mime_type"}."""
        async with request.form() as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile):
                return JSONResponse({"error": '"file" is missing.'}, 400)
            try:
                number = await self.meta.inbound.find_number(form.get("phone_number_id"))
            except InboundMistakeError as mistake:
                return JSONResponse({"error": str(mistake)}, 400)
            stored = self.meta.media.add(
                await upload.read(),
                phone_number_id=number.phone_number_id,
                mime_type=upload.content_type or "application/octet-stream",
            )
        return JSONResponse({"id": stored.id, "mime_type": stored.mime_type}, 201)

    async def show_media(self, request: Request) -> Response:
        stored = self.meta.media.get(request.path_params["media_id"])
        if stored is None:
            return JSONResponse({"error": "There is no such file."}, 404)
        return _send_part(stored.content, stored.mime_type, request.headers.get("range", ""))

    async def _make_events(self) -> AsyncIterator[bytes]:
        with self.meta.customers.listen() as queue:
            yield b"retry: 1000\n: connected\n\n"
            while not self.meta.closing.is_set():
                try:
                    # Without a task for each wait: a page that closes would leave it behind.
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        event = await queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is not None:
                    yield f"data: {json.dumps(event)}\n\n".encode()


def _send_part(content: bytes, mime_type: str, range_header: str) -> Response:
    """Sends the range of a Range header, which browsers need for the length of a sound."""
    size = len(content)
    # A customer's file must never run as a page of the sandbox.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    headers["Accept-Ranges"] = "bytes"
    part = read_range(range_header, size=size)
    if part is None or not size:
        return Response(content, media_type=mime_type, headers=headers)
    start, end = part
    if start >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(content[start:end], 206, media_type=mime_type, headers=headers)


def _send_page(name: str, *, frames: str | None = None) -> Response:
    """`frames` is the origin of another server whose pages this page frames."""
    policy = f"{PAGE_POLICY}; frame-src 'self' {frames}" if frames else PAGE_POLICY
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return FileResponse(STATIC / name, headers=headers)
