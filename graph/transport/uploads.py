"""Uploads: the GraphQL multipart request, read in pieces.

The form has `operations`, then `map`, then the files, in this order, so that a request can be
refused before its files are received. Received files are deleted at the end of the request.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from graph.core.context import Services
from graph.core.errors import ErrorCode, RateLimited, service_unavailable
from graph.core.responses import find_status
from graph.core.scalars import FileVariables
from graph.transport.authentication import open_context
from graph.transport.http import (
    MAX_BODY_BYTES,
    RequestedOperation,
    RequestRefused,
    check_operation,
    parse_json,
)
from graph.transport.multipart import Form, MalformedForm, PartData, PartStart
from models import Role
from whatsapp.auth.access import Viewer
from whatsapp.common.admission import FairShares
from whatsapp.media.received_file import ReceivedFile
from whatsapp.settings import Settings

MAX_FILES = 10
MAX_PATHS = 100
BUSY_SECONDS = 2
# Browsers send these to another origin only after a preflight request.
PREFLIGHT_HEADERS = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With")
Place = tuple[Any, Any]
_REFUSALS = {
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.AGENT_RETIRED,
    ErrorCode.WORKSPACE_SUSPENDED,
}


async def authenticate_uploader(request: Request) -> Viewer:
    """Returns the viewer of an upload; called before any file is read.

    Raises:
        RequestRefused: 401, 403 below role AGENT, or 503 in an outage.
    """
    try:
        viewer = (await open_context(request)).viewer
    except (GraphQLError, PyMongoError) as error:
        failure = error if isinstance(error, GraphQLError) else service_unavailable()
        code = ErrorCode((failure.extensions or {})["code"])
        status = find_status([failure]) if code in _REFUSALS else 503
        raise RequestRefused(status, failure.message, code=code) from None
    if viewer is None:
        raise RequestRefused(
            401, "Uploads require a valid API key.", code=ErrorCode.UNAUTHENTICATED
        )
    if not viewer.has_role(Role.AGENT):
        raise RequestRefused(403, "Requires role AGENT.", code=ErrorCode.FORBIDDEN)
    return viewer


class UploadReader:
    """Reads a limited number of multipart requests at a time.

    Places are shared fairly among credentials, among account scopes, and among workspaces.
    """

    def __init__(self, settings: Settings, *, deadline_seconds: float) -> None:
        self._settings = settings
        self._seconds = deadline_seconds
        self._shares = FairShares(settings.upload_concurrency)

    @asynccontextmanager
    async def open(self, request: Request, viewer: Viewer) -> AsyncIterator[RequestedOperation]:
        """Yields the operation with its files as variables; deletes the files on exit.

        Raises:
            RequestRefused: malformed, too large, too slow, or too many uploads at once.
        """
        boundary = self._check_head(request)
        services: Services = request.state.services
        scope = [] if viewer.account_ids is None else [viewer.account_ids]
        holders = (viewer.key, *scope, *services.quotas.list_holders(viewer.workspace_id))
        if not self._shares.has_room(*holders):
            raise _busy("Too many uploads at once; try again in a moment.", BUSY_SECONDS)
        try:
            services.rate_limits.charge_upload(viewer.workspace_id)
        except RateLimited as refusal:
            raise _busy(refusal.message, refusal.retry_after) from None
        release_slot = self._shares.take(*holders)
        reading = _Reading(self._settings, seconds=self._seconds)
        try:
            yield await self._read(request, reading, boundary)
        finally:
            release_slot()
            reading.close()

    def _check_head(self, request: Request) -> bytes:
        """Checks the headers and returns the boundary of the form."""
        if not any(request.headers.get(name) for name in PREFLIGHT_HEADERS):
            raise RequestRefused(400, f"A form needs the header {PREFLIGHT_HEADERS[0]}: 1.")
        _, options = parse_options_header(request.headers["content-type"])
        boundary: bytes = options.get(b"boundary", b"")
        if not boundary:
            raise RequestRefused(400, "The content type has no boundary.")
        content_length = request.headers.get("content-length", "")
        limit = self._settings.upload_max_bytes + 2 * MAX_BODY_BYTES
        if content_length.isascii() and content_length.isdigit() and int(content_length) > limit:
            raise _too_large(self._settings.upload_max_bytes)
        return boundary

    async def _read(
        self, request: Request, reading: "_Reading", boundary: bytes
    ) -> RequestedOperation:
        seconds = self._seconds
        try:
            async with asyncio.timeout(seconds):
                form = Form(boundary)
                async for chunk in request.stream():
                    for event in form.feed(chunk):
                        await reading.take(event)
                form.finish()
        except TimeoutError:
            raise RequestRefused(408, f"The upload took longer than {seconds:g} seconds.") from None
        except MalformedForm as error:
            raise RequestRefused(400, f"Malformed form: {error}.") from None
        return reading.end()


class _Reading:
    """The state of a form while it is read."""

    def __init__(self, settings: Settings, *, seconds: float) -> None:
        self._seconds = seconds
        self._max_bytes = settings.upload_max_bytes
        self._max_text_bytes = MAX_BODY_BYTES
        self._texts: dict[str, bytearray] = {}
        self._files: dict[str, ReceivedFile] = {}
        self._current: bytearray | ReceivedFile = bytearray()
        self._operation: RequestedOperation | None = None
        self._places: dict[str, list[Place]] | None = None

    async def take(self, event: PartStart | PartData | None) -> None:
        """Handles the start of a part, a piece of it, or its end (None).

        Raises:
            RequestRefused: the part is out of order, unknown or too large.
        """
        if isinstance(event, PartStart):
            self._current = self._begin(event)
        elif event is not None:
            await self._add(event)
        elif isinstance(self._current, ReceivedFile):
            await self._current.finish()
        else:
            self._end_text()

    def end(self) -> RequestedOperation:
        """Returns the operation with the files as variables."""
        if self._operation is None or self._places is None:
            raise RequestRefused(400, "The form must have `operations`, then `map`.")
        for name, places in self._places.items():
            file = self._files.get(name)
            if file is None:
                raise RequestRefused(400, f"The file {name!r} in `map` is missing.")
            for container, key in places:
                container[key] = file
        variables = self._operation.variables
        if isinstance(variables, FileVariables):
            variables.seconds = self._seconds
            if not self._files:
                self._operation.variables = dict(variables)
        return self._operation

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _begin(self, part: PartStart) -> bytearray | ReceivedFile:
        expected = ("operations", "map")[len(self._texts) : len(self._texts) + 1]
        if expected:
            if part.name != expected[0]:
                raise RequestRefused(
                    400, "The form must have `operations`, then `map`, then the files."
                )
            return self._texts.setdefault(part.name, bytearray())
        if part.name not in (self._places or {}):
            raise RequestRefused(400, f"The part {part.name[:50]!r} is not in `map`.")
        if part.name in self._files:
            raise RequestRefused(400, f"The part {part.name!r} is repeated.")
        file = ReceivedFile(filename=part.filename, declared_type=part.content_type)
        return self._files.setdefault(part.name, file)

    async def _add(self, data: PartData) -> None:
        if isinstance(self._current, ReceivedFile):
            await self._current.write(data.piece)
            if sum(file.size for file in self._files.values()) > self._max_bytes:
                raise _too_large(self._max_bytes)
            return
        self._current += data.piece
        if sum(len(text) for text in self._texts.values()) > self._max_text_bytes:
            raise RequestRefused(
                413, f"`operations` and `map` may have at most {self._max_text_bytes} bytes."
            )

    def _end_text(self) -> None:
        if self._operation is None:
            operation = check_operation(parse_json(bytes(self._texts["operations"])))
            operation.variables = FileVariables(operation.variables or {})
            self._operation = operation
        elif self._places is None:
            self._places = _read_map(
                parse_json(bytes(self._texts["map"])), self._operation.variables or {}
            )


def _read_map(names: object, variables: dict[str, Any]) -> dict[str, list[Place]]:
    """Returns the variables of each file by the name of its part."""
    if not isinstance(names, dict) or not all(map(_is_path_list, names.values())):
        raise RequestRefused(400, "`map` must be an object of lists of paths.")
    paths = [path for listed in names.values() for path in listed]
    if len(names) > MAX_FILES or len(paths) > MAX_PATHS:
        raise RequestRefused(400, f"A request may have at most {MAX_FILES} files.")
    if len(set(paths)) < len(paths):
        raise RequestRefused(400, "`map` repeats a path.")
    return {
        name: [_find_place(variables, path) for path in listed] for name, listed in names.items()
    }


def _is_path_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(path, str) for path in value)


def _find_place(variables: dict[str, Any], path: str) -> Place:
    """Returns the object or list, and the key in it, of a path; the value must be null."""
    first, *steps = path.split(".")
    if first != "variables" or not steps:
        raise RequestRefused(400, f"The path {path[:100]!r} in `map` is not a variable.")
    container: Any = None
    value: Any = variables
    key: Any = None
    for step in steps:
        container, key = value, _read_step(value, step)
        if key is None:
            raise RequestRefused(400, f"The path {path[:100]!r} in `map` does not exist.")
        value = container[key]
    if value is not None:
        raise RequestRefused(400, f"The variable {path[:100]!r} in `map` must be null.")
    return container, key


def _read_step(value: object, step: str) -> str | int | None:
    if isinstance(value, dict):
        return step if step in value else None
    if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6:
        return int(step) if int(step) < len(value) else None
    return None


def _busy(message: str, retry_after: int) -> RequestRefused:
    headers = {"Retry-After": str(retry_after)}
    return RequestRefused(429, message, code=ErrorCode.RATE_LIMITED, headers=headers)


def _too_large(max_bytes: int) -> RequestRefused:
    return RequestRefused(413, f"The files of a request may have at most {max_bytes} bytes.")
