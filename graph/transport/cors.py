"""CORS: the origins and request headers of browser apps."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from graph.transport.uploads import PREFLIGHT_HEADERS

# Headers that tracing libraries and Apollo Client add to requests.
TRACE_HEADERS = ("traceparent", "tracestate", "sentry-trace", "baggage", "X-Request-Id")
CLIENT_HEADERS = ("apollographql-client-name", "apollographql-client-version")
PREFLIGHT_SECONDS = 600


def create_cors(origins: Sequence[str], *, more_headers: Sequence[str]) -> Middleware:
    """Returns the middleware for these origins; `*` in `more_headers` allows every header."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=[
            *("Authorization", "Content-Type"),
            *PREFLIGHT_HEADERS,
            *TRACE_HEADERS,
            *CLIENT_HEADERS,
            *more_headers,
        ],
        expose_headers=["Content-Disposition", "ETag", "Retry-After", "X-Request-Id"],
        max_age=PREFLIGHT_SECONDS,
    )
