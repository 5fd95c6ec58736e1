"""Reading a GraphQL request from HTTP: strict about form, answering in JSON whatever arrives."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from strawberry.http import GraphQLRequestData

from graph.errors import ErrorCode

MAX_BODY_BYTES = 1024 * 1024
BODY_SECONDS = 30
# API keys have 60 characters; what identity providers put into a token may be long.
MAX_CREDENTIAL_LENGTH = 8192


class RequestRefused(Exception):
    """What came over HTTP is no GraphQL request; answered with an HTTP status of its own."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})

    def to_response(self) -> Response:
        error = {"message": self.message, "extensions": {"code": self.code.value}}
        return Response(
            orjson.dumps({"errors": [error]}),
            status_code=self.status,
            headers=self.headers,
            media_type="application/json",
        )


def read_credential(headers: Mapping[str, str]) -> str | None:
    """The credential of `Authorization: Bearer …`; None where the header is absent.

    What is no bearer credential comes back as an empty string: shown, but valid for nothing.
    """
    header = headers.get("authorization")
    if header is None:
        return None
    scheme, _, credential = header.strip().partition(" ")
    if scheme.lower() != "bearer" or len(credential) > MAX_CREDENTIAL_LENGTH:
        return ""
    return credential.strip()


async def read_operation(request: Request) -> GraphQLRequestData:
    """The operation in a POST.

    Raises:
        RequestRefused: wrong content type, too large, no JSON, or not of the right form.
    """
    # A browser asks other origins' permission only for a type that no form can send.
    if not _is_json(request.headers.get("content-type", "")):
        raise RequestRefused(415, "Send the operation as application/json in UTF-8.")
    return check_operation(parse_json(await _read_body(request)))


def check_operation(body: Any) -> GraphQLRequestData:
    """Raises RequestRefused: it does not have the form of an operation."""
    if isinstance(body, list):
        raise RequestRefused(400, "Send one operation at a time.")
    if not isinstance(body, dict):
        raise RequestRefused(400, "The body must be a JSON object with `query`.")
    query = _get(body, "query", str)
    if not query:
        raise RequestRefused(400, "The body must have a `query`.")
    return GraphQLRequestData(
        query=query,
        variables=_get(body, "variables", dict),
        operation_name=_get(body, "operationName", str),
        extensions=_get(body, "extensions", dict),
    )


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [one[8:].strip('"') for one in parameters if one.startswith("charset=")]
    return media_type == "application/json" and set(charsets) <= {"utf-8", "utf8"}


async def _read_body(request: Request) -> bytes:
    too_large = RequestRefused(413, f"The body may have {MAX_BODY_BYTES} bytes at most.")
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError:
        raise RequestRefused(408, f"The body took longer than {BODY_SECONDS} seconds.") from None
    return bytes(body)


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, "The body is no JSON.") from None


def _get(body: dict[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        expected = "a string" if kind is str else "an object"
        raise RequestRefused(400, f"`{name}` must be {expected} or null.")
    return value
