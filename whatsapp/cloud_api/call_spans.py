"""Client spans of requests to Meta: method, route, status and Meta's error code."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from telemetry import traces
from whatsapp.errors import CloudAPIError

# Any other segment, such as an id, may name a number or a customer.
_WORD = re.compile(r"[a-z_]+|v\d+\.\d+", re.ASCII)


class _Response(Protocol):
    @property
    def http_status(self) -> int: ...


class _Caller(Protocol):
    @property
    def sends_traceparent(self) -> bool: ...


ResponseT = TypeVar("ResponseT", bound=_Response)


def recorded(
    request: Callable[..., Awaitable[ResponseT]],
) -> Callable[..., Awaitable[ResponseT]]:
    """Decorates a method that sends a request, so that it records a span."""

    @wraps(request)
    async def record(
        caller: _Caller,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> ResponseT:
        if traces.get_recorder() is None:
            return await request(caller, method, url, headers=headers, **options)
        route = describe_route(url)
        attributes: traces.Attributes = {
            "http.request.method": method,
            "url.template": route,
            "server.address": urlsplit(url).hostname or "",
        }
        with traces.child_span(f"{method} {route}", traces.Kind.CLIENT, attributes) as span:
            if caller.sends_traceparent:
                headers = {**(headers or {}), **traces.get_headers()}
            try:
                response = await request(caller, method, url, headers=headers, **options)
            except CloudAPIError as error:
                span.set("http.response.status_code", error.http_status)
                span.set("wagraph.meta.error_code", error.code)
                raise
            span.set("http.response.status_code", response.http_status)
            return response

    return record


def describe_route(url: str) -> str:
    """Returns the path with `{id}` for each segment that is no word of Meta's API."""
    segments = urlsplit(url).path.strip("/").split("/")
    return "/" + "/".join(part if _WORD.fullmatch(part) else "{id}" for part in segments)
