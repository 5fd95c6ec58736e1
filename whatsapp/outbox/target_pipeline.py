"""The aggregation that reads the documents of many sends in one command.

Conversations and contacts are joined one by one, and what belongs to an account once per account,
because concurrent sends often have the same one. Filters are constants where an index needs them:
MongoDB uses no partial index for values of other documents.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import Document, PydanticObjectId

from models import (
    Account,
    Agent,
    Contact,
    Conversation,
    Identity,
    Message,
    MessagePriority,
    Template,
    UploadedMedia,
)
from models.database.base import collection
from models.messages.outbox_state import IS_ACTIVE
from whatsapp.contacts.contact_identities import make_identities_query
from whatsapp.templates.lookup import TemplateReference

Stage = dict[str, Any]


@dataclass(frozen=True)
class References:
    """Documents besides the recipient that a message refers to."""

    message_id: PydanticObjectId | None = None
    """The message to reply or react to."""
    upload_id: PydanticObjectId | None = None
    template: TemplateReference | None = None
    agent_id: PydanticObjectId | None = None
    """The agent who wrote the message."""


@dataclass(frozen=True, eq=False)
class TargetRequest:
    """A recipient in one of its forms, and the other objects that a send depends on."""

    conversation_id: PydanticObjectId | None = None
    contact_id: PydanticObjectId | None = None
    account_id: PydanticObjectId | None = None
    """Required with an identity."""
    identity: Identity | None = None
    idempotency_key: str | None = None
    priority: MessagePriority = MessagePriority.NORMAL
    """Priority of the message to send."""
    references: References = References()


def build_pipeline(requests: Sequence[TargetRequest]) -> tuple[type[Document], list[Stage]]:
    """Returns the collection to aggregate, and the stages.

    Rows with `targets` belong to an account; other rows have a `document` and its collection.
    """
    (first, stages), *others = _list_recipients(requests)
    stages = [*stages, *(_union(document_class, part) for document_class, part in others)]
    stages += [
        *(_find_active(each) for each in _list_distinct(request.priority for request in requests)),
        {"$group": {"_id": "$account_id", "targets": {"$push": "$$ROOT"}}},
        _join(Account, "_id", "_id", "accounts"),
        *_join_by_account(requests),
        {"$set": {"now": "$$NOW"}},
    ]
    return first, stages + _list_references(requests)


def name_active(priority: MessagePriority) -> str:
    """Returns the field with an active message of this priority."""
    return f"active_{priority.value}"


def _find_active(priority: MessagePriority) -> Stage:
    """Joins an active message: if there is one, a new message of this priority has to wait.

    Account and priority make MongoDB read the index of queues, not the conversation's history.
    """
    in_class = {**IS_ACTIVE, "priority": priority.stored}
    of_account = {"$expr": {"$eq": ["$account_id", "$$account_id"]}}
    active = [{"$match": in_class | of_account}, {"$limit": 1}, {"$project": {"_id": 1}}]
    return {
        "$lookup": {
            "from": Message.Settings.name,
            "localField": "conversations._id",
            "foreignField": "conversation_id",
            "let": {"account_id": "$account_id"},
            "pipeline": active,
            "as": name_active(priority),
        }
    }


def _list_recipients(
    requests: Sequence[TargetRequest],
) -> list[tuple[type[Document], list[Stage]]]:
    """Returns the reads of recipients: rows with account_id, contacts and conversations."""
    parts: list[tuple[type[Document], list[Stage]]] = []
    conversation_ids = _list_distinct(request.conversation_id for request in requests)
    if conversation_ids:
        stages: list[Stage] = [
            {"$match": {"_id": {"$in": conversation_ids}}},
            {"$project": {"_id": 0, "account_id": 1, "conversations": ["$$ROOT"]}},
            _join(Contact, "conversations.contact_id", "_id", "contacts"),
        ]
        parts.append((Conversation, stages))
    filters = _list_contact_filters(requests)
    if filters:
        stages = [
            {"$match": {"$or": filters}},
            {"$project": {"_id": 0, "account_id": 1, "contacts": ["$$ROOT"]}},
            _join(Conversation, "contacts._id", "contact_id", "conversations"),
        ]
        parts.append((Contact, stages))
    account_ids = _list_distinct(request.account_id for request in requests)
    if account_ids:
        # The account of a number that is not a contact yet.
        project: Stage = {"_id": 0, "account_id": "$_id", "conversations": []}
        parts.append((Account, [{"$match": {"_id": {"$in": account_ids}}}, {"$project": project}]))
    return parts


def _list_contact_filters(requests: Sequence[TargetRequest]) -> list[Stage]:
    filters: list[Stage] = []
    contact_ids = _list_distinct(request.contact_id for request in requests)
    if contact_ids:
        filters.append({"_id": {"$in": contact_ids}})
    identities: dict[PydanticObjectId, list[Identity]] = {}
    for request in requests:
        if request.identity is not None and request.account_id is not None:
            identities.setdefault(request.account_id, []).append(request.identity)
    for account_id, of_account in identities.items():
        filters += make_identities_query(account_id, of_account)["$or"]
    return filters


def _join_by_account(requests: Sequence[TargetRequest]) -> list[Stage]:
    """Returns the joins of messages with the idempotency keys, and of templates."""
    stages: list[Stage] = []
    keys = _list_distinct(request.idempotency_key for request in requests)
    if keys:
        repeated = [{"$match": {"idempotency_key": {"$in": keys}}}]
        stages.append(_join(Message, "_id", "account_id", "repeated", repeated))
    references = _list_distinct(request.references.template for request in requests)
    if references:
        query = {"$or": [reference.make_query() for reference in references]}
        stages.append(_join(Template, "_id", "account_id", "templates", [{"$match": query}]))
    return stages


def _list_references(requests: Sequence[TargetRequest]) -> list[Stage]:
    """Returns the reads of documents by id."""
    references = [request.references for request in requests]
    ids: dict[type[Document], list[Any]] = {
        Message: _list_distinct(each.message_id for each in references),
        UploadedMedia: _list_distinct(each.upload_id for each in references),
        Agent: _list_distinct(each.agent_id for each in references),
    }
    return [
        _union(
            document_class,
            [
                {"$match": {"_id": {"$in": wanted}}},
                {"$project": {"_id": 0, "document": "$$ROOT", "collection": _name(document_class)}},
            ],
        )
        for document_class, wanted in ids.items()
        if wanted
    ]


def _name(document_class: type[Document]) -> Stage:
    return {"$literal": collection(document_class).name}


def _list_distinct(values: Iterable[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value is not None]


def _union(document_class: type[Document], pipeline: list[Stage]) -> Stage:
    return {"$unionWith": {"coll": collection(document_class).name, "pipeline": pipeline}}


def _join(
    document_class: type[Document],
    local: str,
    foreign: str,
    name: str,
    pipeline: list[Stage] | None = None,
) -> Stage:
    lookup: Stage = {
        "from": collection(document_class).name,
        "localField": local,
        "foreignField": foreign,
        "as": name,
    }
    return {"$lookup": lookup if pipeline is None else {**lookup, "pipeline": pipeline}}
