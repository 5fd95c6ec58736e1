"""Fields of log lines: of the current request or unit of work, and of a single line.

Ids are bound as documents have them and shown as in the API. A task inherits the fields of the task
that created it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from bson import ObjectId
from structlog.typing import EventDict, WrappedLogger

from telemetry import traces
from telemetry.global_ids import encode_id

ID_TYPES = {
    "account_id": "Account",
    "contact_id": "Contact",
    "conversation_id": "Conversation",
    "message_id": "Message",
    "audit_entry_id": "AuditEntry",
    "credential_id": "ApiKey",
    "upload_id": "UploadedMedia",
    "contactexport_id": "ContactExport",
}


def drop_log_fields() -> None:
    """Drops the fields of this task, as those it inherited."""
    structlog.contextvars.clear_contextvars()


def add_log_fields(**fields: object) -> None:
    """Adds fields to the log lines of this task, to its end."""
    structlog.contextvars.bind_contextvars(**fields)


def name_document(document: Any) -> dict[str, object]:
    """Returns the fields that tell which document is worked on."""
    names = ("account_id", "conversation_id", "message_id")
    fields = {name: getattr(document, name) for name in names if hasattr(document, name)}
    return {**fields, f"{type(document).__name__.lower()}_id": document.id}


@contextmanager
def log_fields(**fields: object) -> Iterator[None]:
    """Adds fields to the log lines of the `with` block, and of tasks created in it."""
    tokens = structlog.contextvars.bind_contextvars(**fields)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**tokens)


def add_context(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """structlog processor that adds the bound fields, and the id of the current trace."""
    event = structlog.contextvars.merge_contextvars(logger, method, event)
    if trace_id := traces.current_trace_id():
        event["trace_id"] = trace_id
    return event


def show_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor that shows document ids as the API does."""
    for name, type_name in ID_TYPES.items():
        if isinstance(document_id := event.get(name), ObjectId):
            event[name] = encode_id(type_name, document_id)
    return event
