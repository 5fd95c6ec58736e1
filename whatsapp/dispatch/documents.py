"""The documents that a send depends on, read together for many messages, after their claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from beanie import Document, PydanticObjectId

from models import Account, Contact, Conversation, Message
from models.database.base import DocumentType, collection, from_bson
from models.database.coalescing import SharedRead

MAX_MESSAGES = 100
_KINDS: tuple[type[Document], ...] = (Message, Contact, Conversation, Account)
Rows = dict[tuple[str, PydanticObjectId], dict[str, Any]]
"""Stored documents by collection and id."""


class SendKey(NamedTuple):
    """The ids of a send's documents; fields are in the order of `SendDocuments`."""

    message: PydanticObjectId
    contact: PydanticObjectId
    conversation: PydanticObjectId
    account: PydanticObjectId


@dataclass(frozen=True)
class SendDocuments:
    """Each is None if it no longer exists."""

    message: Message | None
    contact: Contact | None
    conversation: Conversation | None
    account: Account | None


def create_document_reads() -> SharedRead[SendKey, SendDocuments]:
    """Returns the read that the sends of a process share."""
    return SharedRead(_read, max_keys=MAX_MESSAGES)


async def _read(keys: list[SendKey]) -> list[SendDocuments]:
    """Reads the documents of all keys in one command, each document once."""
    found: Rows = {}
    async for row in await collection(Message).aggregate(_build_pipeline(keys)):
        ((kind, fields),) = row.items()
        found[kind, fields["_id"]] = fields
    return [
        SendDocuments(
            message=_parse(Message, found, key.message),
            contact=_parse(Contact, found, key.contact),
            conversation=_parse(Conversation, found, key.conversation),
            account=_parse(Account, found, key.account),
        )
        for key in keys
    ]


def _build_pipeline(keys: Sequence[SendKey]) -> list[dict[str, Any]]:
    """Returns the stages; each row has the fields of a document under its collection's name."""
    first, *others = (
        _match(kind, set(ids)) for kind, ids in zip(_KINDS, zip(*keys, strict=True), strict=True)
    )
    unions = [
        {"$unionWith": {"coll": kind.Settings.name, "pipeline": stages}}
        for kind, stages in zip(_KINDS[1:], others, strict=True)
    ]
    return [*first, *unions]


def _match(kind: type[DocumentType], ids: set[PydanticObjectId]) -> list[dict[str, Any]]:
    return [
        {"$match": {"_id": {"$in": list(ids)}}},
        {"$project": {"_id": 0, kind.Settings.name: "$$ROOT"}},
    ]


def _parse(kind: type[DocumentType], found: Rows, id: PydanticObjectId) -> DocumentType | None:
    fields = found.get((kind.Settings.name, id))
    return None if fields is None else from_bson(kind, fields)
