"""Loaders: the documents of a class that an operation needs are read in one command.

Loaders cache, so they live as long as a request, an operation or a live event.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cached_property
from typing import Any, TypeVar

from beanie import Document, PydanticObjectId
from strawberry.dataloader import DataLoader

from graph.core.page_batches import (
    CountQuery,
    Fields,
    PageQuery,
    create_count_loader,
    create_page_loader,
)
from models import (
    Account,
    AccountEvent,
    Contact,
    Conversation,
    Media,
    Message,
    Template,
    UploadedMedia,
    User,
)
from models.database.base import ObjectIdDocument, collection
from models.database.reading import from_bson
from models.database.shared_reads import SharedRead, find_by, get_shared_reads

DocumentT = TypeVar("DocumentT", bound=ObjectIdDocument)
DocumentType = TypeVar("DocumentType", bound=Document)
Value = TypeVar("Value")
Projections = Mapping[type[Document], Collection[str]]
ById = DataLoader[PydanticObjectId, Value | None]
WamidKey = tuple[PydanticObjectId, str]


class Loaders:
    """The loaders of an operation; each loads None for an unknown key.

    `projections` limits the fields that are read of a document class.
    """

    def __init__(self, projections: Projections | None = None) -> None:
        self.projections: Projections = projections or {}

    # Created on first use: an operation needs two or three of them.
    @cached_property
    def accounts(self) -> ById[Account]:
        return self._create_loader(Account)

    @cached_property
    def contacts(self) -> ById[Contact]:
        return self._create_loader(Contact)

    @cached_property
    def users(self) -> ById[User]:
        return self._create_loader(User)

    @cached_property
    def conversations(self) -> ById[Conversation]:
        return self._create_loader(Conversation)

    @cached_property
    def messages(self) -> ById[Message]:
        return self._create_loader(Message)

    @cached_property
    def media(self) -> ById[Media]:
        return self._create_loader(Media)

    @cached_property
    def uploads(self) -> ById[UploadedMedia]:
        return self._create_loader(UploadedMedia)

    @cached_property
    def templates(self) -> ById[Template]:
        return self._create_loader(Template)

    @cached_property
    def conversations_of_contacts(self) -> ById[Conversation]:
        return DataLoader(_load_conversations)

    @cached_property
    def messages_by_wamid(self) -> DataLoader[WamidKey, Message | None]:
        return DataLoader(_load_messages)

    @cached_property
    def account_events(self) -> DataLoader[str, AccountEvent | None]:
        return DataLoader(_load_account_events)

    @cached_property
    def unread_counts(self) -> DataLoader[PydanticObjectId, int]:
        return DataLoader(_load_unread_counts)

    @cached_property
    def pages(self) -> DataLoader[PageQuery, list[Fields]]:
        return create_page_loader()

    @cached_property
    def counts(self) -> DataLoader[CountQuery, int]:
        return create_count_loader()

    def _create_loader(self, document_class: type[DocumentT]) -> ById[DocumentT]:
        return DataLoader(_make_load(document_class, self.projections.get(document_class)))


def _make_load(
    document_class: type[DocumentT], projection: Collection[str] | None
) -> Callable[[list[PydanticObjectId]], Awaitable[list[DocumentT | None]]]:
    async def load(ids: list[PydanticObjectId]) -> list[DocumentT | None]:
        stored = await find_by(document_class, "_id", shown=projection).load_many(ids)
        return [
            None
            if fields is None
            else from_bson(document_class, fields, shown=projection, tolerant=True)
            for fields in stored
        ]

    return load


async def _load_conversations(contact_ids: list[PydanticObjectId]) -> list[Conversation | None]:
    stored = await find_by(Conversation, "contact_id").load_many(contact_ids)
    return [
        None if fields is None else from_bson(Conversation, fields, tolerant=True)
        for fields in stored
    ]


async def _load_messages(keys: list[WamidKey]) -> list[Message | None]:
    wamids: dict[PydanticObjectId, list[str]] = defaultdict(list)
    for account_id, wamid in keys:
        wamids[account_id].append(wamid)
    filters = [
        {"account_id": account_id, "wamid": {"$in": account_wamids}}
        for account_id, account_wamids in wamids.items()
    ]
    documents = await _find_all(Message, {"$or": filters})
    by_key = {(document.account_id, document.wamid): document for document in documents}
    return [by_key.get(key) for key in keys]


async def _load_account_events(ids: list[str]) -> list[AccountEvent | None]:
    documents = await _find_all(AccountEvent, {"_id": {"$in": ids}})
    by_id = {document.id: document for document in documents}
    return [by_id.get(event_id) for event_id in ids]


async def _find_all(
    document_class: type[DocumentType], filter: Mapping[str, Any]
) -> list[DocumentType]:
    stored = await collection(document_class).find(filter).to_list()
    return [from_bson(document_class, fields, tolerant=True) for fields in stored]


async def _load_unread_counts(conversation_ids: list[PydanticObjectId]) -> list[int]:
    reads = get_shared_reads(Message)
    counts: SharedRead[PydanticObjectId, int] = reads.get(
        "unread", lambda: SharedRead(_count_unread, most=2000)
    )
    return await counts.load_many(conversation_ids)


async def _count_unread(conversation_ids: list[PydanticObjectId]) -> list[int]:
    groups = await collection(Message).aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}, "unread": True}},
            {"$group": {"_id": "$conversation_id", "unread": {"$sum": 1}}},
        ]
    )
    counts = {group["_id"]: int(group["unread"]) async for group in groups}
    return [counts.get(conversation_id, 0) for conversation_id in conversation_ids]
