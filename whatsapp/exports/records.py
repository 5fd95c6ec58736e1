"""Records of an export: stored documents as JSON, field by field.

A field is exported under its stored name unless it is named in `LEFT_OUT`, so that a new field of a
document is exported from the beginning.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from beanie import Document

from models import (
    Account,
    AccountEvent,
    Agent,
    ApiKey,
    AuditEntry,
    Contact,
    ContactExport,
    ContactMerge,
    Conversation,
    ConversationChange,
    ErasedIdentity,
    ErasedMessage,
    Erasure,
    Media,
    Member,
    Message,
    MessageStatus,
    Note,
    ParkedItem,
    Partition,
    PendingUpdate,
    PeopleKey,
    Presence,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    WebhookEvent,
    Workspace,
    WorkspaceUsage,
)

Fields = Mapping[str, Any]

_DERIVED = "derived from other fields for searches"
_SENDING = "state of the sending process"
_STORING = "place and progress of the file in the store"
_REPAIR = "work that the server still has to do"

LEFT_OUT: Mapping[type[Document], Mapping[str, str]] = {
    Contact: {
        "attribute_keys": _DERIVED,
        "search_keys": _DERIVED,
        "sort_name": _DERIVED,
        "stale_keys": _DERIVED,
    },
    User: {
        "account_ids": "names accounts that the reader may not see",
        "phone_scope": "names accounts that the reader may not see",
        "external_id_scope": "names accounts that the reader may not see",
        "attribute_keys": _DERIVED,
        "search_keys": _DERIVED,
        "sort_name": _DERIVED,
        "stale_keys": _DERIVED,
    },
    Conversation: {
        "answers_stale_at": _REPAIR,
        "reopenings": _REPAIR,
        "receipt": _SENDING,
        "newest_unread_ids": "repeats fields of the messages",
        "newest_deleted_ids": "repeats fields of the messages",
    },
    Message: {
        "words": _DERIVED,
        "input_digest": "digest of the request that queued the message",
        "traceparent": "id of a trace of the server",
        "fence": _SENDING,
        "claim_token": _SENDING,
        "hold_until": _SENDING,
    },
    Media: {
        "store": _STORING,
        "stored_as": _STORING,
        "next_attempt_at": _STORING,
        "fence": _STORING,
        "begun": _STORING,
        "erased_at": _STORING,
    },
    Note: {"input_digest": "digest of the request that added the note"},
    ConversationChange: {},
    ContactMerge: {"due_at": _REPAIR},
    PendingUpdate: {"people": "digests of the customer's identities"},
    AuditEntry: {
        "account_ids": "names accounts that the reader may not see",
        "expires_at": "the same for all entries: a number of days after `created_at`",
    },
}
"""For each exported document its fields that are not exported, with the reason."""

LEFT_OUT_DOCUMENTS: Mapping[type[Document], str] = {
    Account: "your number; its name and phone number are in contact.json",
    AccountEvent: "reports about your number, not about a customer",
    Agent: "your staff; their names are beside their ids",
    ApiKey: "credentials of your staff and servers",
    ContactExport: "earlier exports, which the audit log lists",
    ErasedIdentity: "digests of erased customers",
    ErasedMessage: "digests of erased messages",
    Erasure: "erasures that are under way",
    Member: "processes of the server",
    ParkedItem: "webhook items that could not be applied, and may be of other customers",
    Partition: "processes of the server",
    PeopleKey: "the key of the digests",
    Presence: "your staff who are signed in",
    QuickReply: "prepared answers for all customers",
    Template: "templates for all customers; sent texts are in their messages",
    UploadedMedia: "files you sent; each is in the record of its message",
    Workspace: "your business at this server, not a customer",
    WorkspaceUsage: "what your business uses of this server",
    WebhookEvent: "webhooks as received, which are deleted after processing",
}
"""Documents that are not exported, with the reason."""


def make_record(document_class: type[Document], fields: Fields, **more: Any) -> dict[str, Any]:
    """Returns the exported fields of a stored document, followed by `more`."""
    left_out = LEFT_OUT[document_class]
    record = {"id": fields["_id"]}
    record |= {name: value for name, value in fields.items() if name not in left_out}
    del record["_id"]
    return record | more


def make_message_record(fields: Fields, *, file: Fields | None, **more: Any) -> dict[str, Any]:
    """Returns the record of a message: `file` has the file it came with."""
    status = MessageStatus.of_rank(fields["status_rank"]).value
    return make_record(Message, fields, status=status, file=file, **more)


def encode_record(record: Any) -> bytes:
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
    return orjson.dumps(record, default=_encode_value, option=options)


def _encode_value(value: object) -> str:
    """Returns an id or another BSON value as text, and bytes as hex digits."""
    return value.hex() if isinstance(value, bytes) else str(value)
