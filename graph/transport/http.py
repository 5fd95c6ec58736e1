"""Reading a GraphQL request from HTTP: strict about form, answering in JSON whatever arrives."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from strawberry.http import GraphQLRequestData

from graph.core.errors import ErrorCode
from graph.transport.negotiation import MediaType
from whatsapp.common.admission import BodyDropped, BodyTooLarge, BodyTooSlow, RequestBodies

MAX_BODY_BYTES = 1024 * 1024
# Of all bodies that one process is reading.
MAX_TOTAL_BYTES = 32 * 1024 * 1024
# API keys have 60 characters; what identity providers put into a token may be long.
MAX_CREDENTIAL_LENGTH = 8192
MAX_URL_PARAMETERS = 20
# Without a credential one reads the schema only, whose query has 2 kB.
MAX_ANONYMOUS_BYTES = 32 * 1024
# Each is looked at for repeated names, which takes longer than all of the rest.
MAX_JSON_OBJECTS = 10_000
MAX_JSON_NAMES = 20_000
_NAME_END = re.compile(rb'"[ \t\r\n]*+:')
HEADERS = {
    # Whatever an answer holds belongs to one credential, which caches know nothing of.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


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

    def to_response(self, media_type: MediaType = MediaType.JSON) -> Response:
        error = {"message": self.message, "extensions": {"code": self.code.value}}
        body = orjson.dumps({"errors": [error]})
        return create_response(body, media_type, status=self.status, headers=self.headers)


class _RepeatedName(ValueError):
    """A JSON object has two values for one name: which one is meant is anybody's guess."""


def create_response(
    body: bytes, media_type: MediaType, *, status: int = 200, headers: Mapping[str, str]
) -> Response:
    content_type = f"{media_type.value}; charset=utf-8"
    return Response(body, status, {**HEADERS, **headers, "Content-Type": content_type})


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


async def read_operation(
    request: Request, *, bodies: RequestBodies, max_bytes: int, seconds: float
) -> GraphQLRequestData:
    """The operation in the body of a POST or in the URL of a GET.

    Raises:
        RequestRefused: wrong content type, too large, too slow, no JSON, or not of the right form.
    """
    if request.method == "GET":
        return _to_operation(_read_url(request))
    # A browser asks other origins' permission only for a type that no form can send.
    if not _is_json(request.headers.get("content-type", "")):
        raise RequestRefused(415, "Send the operation as application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(
            415, "Send the body uncompressed.", headers={"Accept-Encoding": "identity"}
        )
    try:
        async with bodies.receive(
            request.stream(),
            content_length=request.headers.get("content-length"),
            max_bytes=max_bytes,
            seconds=seconds,
        ) as body:
            return check_operation(parse_json(body))
    except BodyTooLarge:
        raise RequestRefused(413, f"The body may have {max_bytes} bytes at most.") from None
    except BodyTooSlow:
        raise RequestRefused(408, f"The body took longer than {seconds:g} seconds.") from None
    except BodyDropped:
        raise RequestRefused(
            503,
            "Too many large requests at once: try again in a moment.",
            code=ErrorCode.SERVICE_UNAVAILABLE,
            headers={"Retry-After": "5"},
        ) from None


def check_operation(body: Any) -> GraphQLRequestData:
    """Raises RequestRefused: it does not have the form of an operation."""
    if isinstance(body, list):
        raise RequestRefused(400, "Send one operation at a time.")
    if not isinstance(body, dict):
        raise RequestRefused(400, "The body must be a JSON object with `query`.")
    return _to_operation(body)


def _to_operation(parameters: dict[str, Any]) -> GraphQLRequestData:
    query = _get(parameters, "query", str)
    if not query:
        raise RequestRefused(400, "The request must have a `query`.")
    return GraphQLRequestData(
        query=query,
        variables=_get(parameters, "variables", dict),
        operation_name=_get(parameters, "operationName", str),
        extensions=_get(parameters, "extensions", dict),
    )


def _read_url(request: Request) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            request.url.query,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_URL_PARAMETERS,
        )
    except ValueError:
        raise RequestRefused(400, "The URL's parameters can't be read as UTF-8.") from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        raise RequestRefused(400, "A parameter stands in the URL twice.")
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = parse_json(parameters[name].encode()) if parameters[name] else None
    return parameters


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [one[8:].strip('"') for one in parameters if one.startswith("charset=")]
    return media_type == "application/json" and set(charsets) <= {"utf-8", "utf8"}


def parse_json(text: bytes) -> Any:
    if text.count(b"{") > MAX_JSON_OBJECTS:
        raise RequestRefused(413, f"The JSON may have at most {MAX_JSON_OBJECTS} objects.")
    # A colon in a string is no name: they are looked for only where there are many colons.
    if text.count(b":") > MAX_JSON_NAMES and len(_NAME_END.findall(text)) > MAX_JSON_NAMES:
        raise RequestRefused(413, f"The JSON may have at most {MAX_JSON_NAMES} names.")
    try:
        value = orjson.loads(text)
        # orjson is strict in all but this.
        json.loads(text.decode(), object_pairs_hook=_refuse_repeated)
    except _RepeatedName as repeated:
        raise RequestRefused(400, f"The JSON repeats the name `{repeated}` in an object.") from None
    except (ValueError, RecursionError):
        raise RequestRefused(400, "Invalid JSON, or nested too deeply.") from None
    return value


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    names = set()
    for name, _ in pairs:
        if name in names:
            raise _RepeatedName(name[:40])
        names.add(name)


def _get(body: dict[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        expected = "a string" if kind is str else "an object"
        raise RequestRefused(400, f"`{name}` must be {expected} or null.")
    return value
