"""GraphQL over HTTP: parsing of requests, and responses.

All errors are reported in JSON.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from strawberry.http import GraphQLRequestData

from graph.core.errors import ErrorCode
from graph.documents.documents import DocumentRequest, read_document_request
from graph.transport.media_types import MediaType
from whatsapp.common.admission import BodyDropped, BodyTooLarge, BodyTooSlow, RequestBodies

MAX_BODY_BYTES = 1024 * 1024
# Total size of the bodies that a process is reading.
MAX_TOTAL_BYTES = 32 * 1024 * 1024
# API keys have 60 characters, access tokens may have thousands.
MAX_CREDENTIAL_LENGTH = 8192
MAX_URL_PARAMETERS = 20
# Only the schema can be read without a credential; its query has 2 kB.
MAX_ANONYMOUS_BYTES = 32 * 1024
# The check for repeated names takes longer than parsing.
MAX_JSON_OBJECTS = 10_000
MAX_JSON_NAMES = 20_000
_NAME_END = re.compile(rb'"[ \t\r\n]*+:')
HEADERS = {
    # Responses depend on the credential, which caches ignore.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class RequestRefused(Exception):
    """The request is not a GraphQL request; the response has this HTTP status."""

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


@dataclass
class RequestedOperation(GraphQLRequestData):
    """An operation of a request, whose document may be given by its id."""

    document_id: str | None = None

    @property
    def document(self) -> DocumentRequest:
        """The text or id of the request's document.

        Raises:
            RequestError: ids that are malformed or differ.
        """
        return read_document_request(self.query, self.document_id, self.extensions)

    @property
    def has_id(self) -> bool:
        """True if the request names its document by an id."""
        return self.document_id is not None or "persistedQuery" in (self.extensions or {})


class _RepeatedName(ValueError):
    """A JSON object has two values for a name."""


def create_response(
    body: bytes, media_type: MediaType, *, status: int = 200, headers: Mapping[str, str]
) -> Response:
    content_type = f"{media_type.value}; charset=utf-8"
    return Response(body, status, {**HEADERS, **headers, "Content-Type": content_type})


def make_cacheable(response: Response, request: Request, data: bytes) -> Response:
    """Lets the browser keep the response to a GET of a document that is named by an id.

    The browser asks each time whether it is current, and gets 304 if `data` is the same. The cost
    in `extensions` differs each time, so it is no part of the comparison.
    """
    tag = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Accept, Authorization"
    known = ",".join(request.headers.getlist("if-none-match"))
    if tag not in (part.strip() for part in known.split(",")):
        return response
    kept = ("cache-control", "etag", "vary", "x-content-type-options")
    return Response(status_code=304, headers={name: response.headers[name] for name in kept})


def read_credential(headers: Mapping[str, str]) -> str | None:
    """Returns the credential of `Authorization: Bearer …`, or None without the header.

    Returns an empty string, which is never valid, for other kinds of authorization.
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
) -> RequestedOperation:
    """Returns the operation in the body of a POST or in the URL of a GET.

    Raises:
        RequestRefused: wrong content type, too large, too slow, invalid JSON or form.
    """
    if request.method == "GET":
        return _to_operation(_read_url(request))
    # Browsers send a preflight request for this type, unlike for the types of forms.
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
        raise RequestRefused(413, f"The body may have at most {max_bytes} bytes.") from None
    except BodyTooSlow:
        raise RequestRefused(408, f"The body took longer than {seconds:g} seconds.") from None
    except BodyDropped:
        raise RequestRefused(
            503,
            "Too many large requests at once; try again in a moment.",
            code=ErrorCode.SERVICE_UNAVAILABLE,
            headers={"Retry-After": "5"},
        ) from None


def check_operation(body: Any) -> RequestedOperation:
    """Returns the operation in a JSON body.

    Raises:
        RequestRefused: not an operation.
    """
    if isinstance(body, list):
        raise RequestRefused(400, "Batches are not supported; send one operation at a time.")
    if not isinstance(body, dict):
        raise RequestRefused(400, "The body must be a JSON object with `query` or `documentId`.")
    return _to_operation(body)


def _to_operation(parameters: dict[str, Any]) -> RequestedOperation:
    operation = RequestedOperation(
        query=_get(parameters, "query", str),
        variables=_get(parameters, "variables", dict),
        operation_name=_get(parameters, "operationName", str) or None,
        extensions=_get(parameters, "extensions", dict),
        document_id=_get(parameters, "documentId", str),
    )
    if not operation.query and not operation.has_id:
        raise RequestRefused(400, "The request must have a `query` or a `documentId`.")
    return operation


def _read_url(request: Request) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            request.url.query,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_URL_PARAMETERS,
        )
    except ValueError:
        raise RequestRefused(400, "The URL's parameters are not valid UTF-8.") from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        raise RequestRefused(400, "The URL repeats a parameter.")
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = parse_json(parameters[name].encode()) if parameters[name] else None
    return parameters


def is_upload(request: Request) -> bool:
    """Returns whether the request is a multipart form."""
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        parameter[8:].strip('"') for parameter in parameters if parameter.startswith("charset=")
    ]
    return media_type == "application/json" and set(charsets) <= {"utf-8", "utf8"}


def parse_json(text: bytes) -> Any:
    if text.count(b"{") > MAX_JSON_OBJECTS:
        raise RequestRefused(413, f"The JSON may have at most {MAX_JSON_OBJECTS} objects.")
    # Colons may be part of strings, so names are counted only if there are many colons.
    if text.count(b":") > MAX_JSON_NAMES and len(_NAME_END.findall(text)) > MAX_JSON_NAMES:
        raise RequestRefused(413, f"The JSON may have at most {MAX_JSON_NAMES} names.")
    try:
        value = orjson.loads(text)
        # orjson accepts repeated names.
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
