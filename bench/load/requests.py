"""Prepared requests and checks of their responses."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from bson import ObjectId

from bench.load.http_load import Check
from bench.load.signature import sign
from graph.core.pages import BY_ACTIVITY, write_cursor
from models import Conversation
from models.database.conversion import from_bson
from telemetry.global_ids import encode_id

OPERATIONS = Path(__file__).parents[1] / "operations"


@cache
def read_operation(name: str) -> str:
    return (OPERATIONS / f"{name}.graphql").read_text()


def make_request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


def make_graphql_request(api_key: str, operation: str, variables: dict[str, Any]) -> bytes:
    body = orjson.dumps({"query": read_operation(operation), "variables": variables})
    accept = "application/graphql-response+json, application/json"
    return make_request("POST", "/graphql", body, Authorization=f"Bearer {api_key}", Accept=accept)


def make_webhook_request(body: dict[str, Any], app_secret: str) -> bytes:
    # Meta escapes slashes and non-ASCII characters.
    raw = json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()
    signature = sign(raw, app_secret)
    return make_request("POST", "/webhooks/whatsapp", raw, X_Hub_Signature_256=signature)


def make_cursor(at: datetime, document_id: ObjectId) -> str:
    """Returns the cursor of a place in the inbox, equal for all contenders."""
    place = {"_id": document_id, "last_activity_at": at}
    conversation = from_bson(Conversation, place, fields=["last_activity_at"])
    return write_cursor(BY_ACTIVITY, conversation)


def make_global_id(type_name: str, document_id: object) -> str:
    return encode_id(type_name, document_id)


def choose_check(has_graphql: bool) -> Check:
    """Returns the check for reads of a server with or without GraphQL."""
    return check_graphql if has_graphql else check_status


def check_graphql(status: int, body: bytes, fully: bool) -> str | None:
    """Checks for GraphQL errors; `errors` of a WhatsApp message begin differently."""
    if status != 200 or b'"errors":[{"message"' in body or not body.endswith(b"}"):
        return f"{status} {body[:300]!r}"
    return _check_whole(body) if fully else None


def _check_whole(body: bytes) -> str | None:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return f"no JSON: {body[:300]!r}"
    data = answer.get("data")
    is_good = "errors" not in answer and data and all(one is not None for one in data.values())
    return None if is_good else f"not whole: {body[:300]!r}"


def check_mutation(status: int, body: bytes, fully: bool) -> str | None:
    problem = check_graphql(status, body, fully)
    if problem is None and b'"userErrors":[]' not in body:
        return f"refused: {body[:300]!r}"
    return problem


def check_status(status: int, body: bytes, _fully: bool) -> str | None:
    return None if status == 200 else f"{status} {body[:300]!r}"
