"""Ids of requests, for log lines, error reports and the audit log."""

import re
import secrets

from starlette.types import Scope

REQUEST_ID = "wagraph.request_id"
"""Key of the id in the scope of every request and WebSocket."""
TRUSTED_PEER = "wagraph.trusted_peer"
"""Key in the scope's extensions; True if the connection comes from a trusted proxy."""
_SAFE_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,64}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def make_request_id() -> str:
    return secrets.token_hex(8)


def choose_request_id(scope: Scope) -> str:
    """Returns the `X-Request-Id` or the trace id that a trusted proxy sent, else a new id."""
    if not scope.get("extensions", {}).get(TRUSTED_PEER):
        return make_request_id()
    trace_id = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(value):
            return str(value, "ascii")
        if name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            trace_id = str(match[1], "ascii")
    return trace_id or make_request_id()
