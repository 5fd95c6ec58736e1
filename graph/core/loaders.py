"""Loaders: what one operation needs of the same kind is read from the database at once.

Loaders cache, so they live as long as one request, one operation or one live event. The `load_*`
functions are the only way from a resolver to a document by its id: they check what may be seen.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from beanie import Document, PydanticObjectId
from strawberry.dataloader import DataLoader

from graph.core.page_batches import (
    CountQuery,
    Fields,
    PageQuery,
    create_count_loader,
    create_page_loader,
)
from graph.core.permissions import get_viewer
from models import (
    Account,
    AccountEvent,
    Contact,
    Conversation,
    Media,
    MediaState,
    Message,
    Template,
    UploadedMedia,
    User,
)
from models.database.base import ObjectIdDocument, collection
from models.database.reading import read_document
from models.database.shared_reads import SharedRead, find_by, get_shared_reads
from whatsapp.auth.access import Viewer

if TYPE_CHECKING:
    from graph.core.context import Info

DocumentT = TypeVar("DocumentT", bound=ObjectIdDocument)
DocumentType = TypeVar("DocumentType", bound=Document)
Scoped = TypeVar("Scoped", AccountEvent, Contact, Conversation, Message, Template)
Key = TypeVar("Key")
Found = TypeVar("Found")
Shown = Mapping[type[Document], Collection[str]]
ById = DataLoader[PydanticObjectId, Found | None]
WamidKey = tuple[PydanticObjectId, str]


class Loaders:
    """Each finds None for what does not exist.

    `shown` says which fields are read of the documents of a class; of others it is all of them.
    """

    def __init__(self, shown: Shown | None = None) -> None:
        self.shown: Shown = shown or {}

    # Each is made when it is first asked for: an operation needs two or three of them.
    @cached_property
    def accounts(self) -> ById[Account]:
        return self._by_id(Account)

    @cached_property
    def contacts(self) -> ById[Contact]:
        return self._by_id(Contact)

    @cached_property
    def users(self) -> ById[User]:
        return self._by_id(User)

    @cached_property
    def conversations(self) -> ById[Conversation]:
        return self._by_id(Conversation)

    @cached_property
    def messages(self) -> ById[Message]:
        return self._by_id(Message)

    @cached_property
    def media(self) -> ById[Media]:
        return self._by_id(Media)

    @cached_property
    def uploads(self) -> ById[UploadedMedia]:
        return self._by_id(UploadedMedia)

    @cached_property
    def templates(self) -> ById[Template]:
        return self._by_id(Template)

    @cached_property
    def conversations_of_contacts(self) -> ById[Conversation]:
        return DataLoader(_find_conversations)

    @cached_property
    def messages_by_wamid(self) -> DataLoader[WamidKey, Message | None]:
        return DataLoader(_find_messages)

    @cached_property
    def account_events(self) -> DataLoader[str, AccountEvent | None]:
        return DataLoader(_find_account_events)

    @cached_property
    def unread_counts(self) -> DataLoader[PydanticObjectId, int]:
        return DataLoader(_count_unread)

    @cached_property
    def pages(self) -> DataLoader[PageQuery, list[Fields]]:
        return create_page_loader()

    @cached_property
    def counts(self) -> DataLoader[CountQuery, int]:
        return create_count_loader()

    def _by_id(self, document_class: type[DocumentT]) -> ById[DocumentT]:
        return DataLoader(_by_id(document_class, self.shown.get(document_class)))


def get_loaders(info: "Info") -> Loaders:
    """Those of the live event that is being executed, else those of the request or operation."""
    loaders = getattr(info.root_value, "loaders", None)
    return loaders if isinstance(loaders, Loaders) else info.context.loaders


class Lookup(Generic[Key, Found]):
    """The way from a key to what it names, as far as the viewer may see it; else to None."""

    def __init__(
        self,
        get_loader: Callable[[Loaders], DataLoader[Key, Found | None]],
        is_visible: Callable[[Viewer, Found], bool],
        *,
        prepare: Callable[["Info", Sequence[Key]], Awaitable[None]] | None = None,
    ) -> None:
        self._get_loader = get_loader
        self._is_visible = is_visible
        self._prepare = prepare
        """Awaited with the keys before they are read."""

    async def one(self, info: "Info", key: Key) -> Found | None:
        """Reads it together with what is looked up at the same moment, and once."""
        if self._prepare is not None:
            await self._prepare(info, [key])
        found = await _load(self._get_loader(get_loaders(info)), key)
        return self._show(get_viewer(info), found)

    async def many(self, info: "Info", keys: Sequence[Key]) -> list[Found | None]:
        """Reads all of them now; for plans, which ask for many at once."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return []
        if self._prepare is not None:
            await self._prepare(info, wanted)
        found = await self._get_loader(get_loaders(info)).load_fn(wanted)
        viewer = get_viewer(info)
        shown = [
            None if isinstance(one, BaseException) else self._show(viewer, one) for one in found
        ]
        if len(wanted) == len(keys):  # in the order of the keys
            return shown
        by_key = dict(zip(wanted, shown, strict=True))
        return [by_key[key] for key in keys]

    def _show(self, viewer: Viewer, found: Found | None) -> Found | None:
        return found if found is not None and self._is_visible(viewer, found) else None


def _is_of_visible_account(viewer: Viewer, document: Scoped) -> bool:
    return viewer.can_see(document.account_id)


def _is_visible_user(viewer: Viewer, user: User) -> bool:
    return viewer.account_ids is None or bool(viewer.narrow(user.account_ids))


def _is_visible_file(viewer: Viewer, media: Media) -> bool:
    """Whether it was not erased, and is of an account that the viewer may see."""
    return media.erased_at is None and viewer.can_see(media.account_id)


def _is_visible_account(viewer: Viewer, account: Account) -> bool:
    return viewer.can_see(account.id)


async def _wait_for_summaries(info: "Info", ids: Sequence[PydanticObjectId]) -> None:
    await info.context.services.live.summaries.wait(conversation_ids=ids)


async def _wait_for_summaries_of(info: "Info", contact_ids: Sequence[PydanticObjectId]) -> None:
    await info.context.services.live.summaries.wait(contact_ids=contact_ids)


ACCOUNTS: Lookup[PydanticObjectId, Account] = Lookup(attrgetter("accounts"), _is_visible_account)
CONTACTS: Lookup[PydanticObjectId, Contact] = Lookup(attrgetter("contacts"), _is_of_visible_account)
CONVERSATIONS: Lookup[PydanticObjectId, Conversation] = Lookup(
    attrgetter("conversations"), _is_of_visible_account, prepare=_wait_for_summaries
)
CONVERSATIONS_OF_CONTACTS: Lookup[PydanticObjectId, Conversation] = Lookup(
    attrgetter("conversations_of_contacts"), _is_of_visible_account, prepare=_wait_for_summaries_of
)
MESSAGES: Lookup[PydanticObjectId, Message] = Lookup(attrgetter("messages"), _is_of_visible_account)
MESSAGES_BY_WAMID: Lookup[WamidKey, Message] = Lookup(
    attrgetter("messages_by_wamid"), _is_of_visible_account
)
ACCOUNT_EVENTS: Lookup[str, AccountEvent] = Lookup(
    attrgetter("account_events"), _is_of_visible_account
)
TEMPLATES: Lookup[PydanticObjectId, Template] = Lookup(
    attrgetter("templates"), _is_of_visible_account
)
USERS: Lookup[PydanticObjectId, User] = Lookup(attrgetter("users"), _is_visible_user)
MEDIA: Lookup[PydanticObjectId, Media] = Lookup(attrgetter("media"), _is_visible_file)
# Only asked for conversations that are shown.
UNREAD_COUNTS: Lookup[PydanticObjectId, int] = Lookup(
    attrgetter("unread_counts"), lambda _viewer, _count: True
)

load_account = ACCOUNTS.one
load_contact = CONTACTS.one
load_conversation = CONVERSATIONS.one
load_conversation_of = CONVERSATIONS_OF_CONTACTS.one
load_message = MESSAGES.one
load_message_by_wamid = MESSAGES_BY_WAMID.one
load_account_event = ACCOUNT_EVENTS.one
load_media = MEDIA.one
load_template = TEMPLATES.one
load_user = USERS.one


async def load_upload(info: "Info", upload_id: PydanticObjectId) -> UploadedMedia | None:
    """An uploaded file, unless it is still being stored or was erased."""
    upload = await _load(get_loaders(info).uploads, upload_id)
    if upload is None or upload.erased_at is not None or upload.state is not MediaState.STORED:
        return None
    return upload if get_viewer(info).can_see(upload.account_id) else None


async def _load(loader: DataLoader[Key, Found], key: Key) -> Found:
    # Whoever asks for the same gets the same future: who gives up must not cancel it for them.
    return await asyncio.shield(loader.load(key))


def _by_id(
    document_class: type[DocumentT], shown: Collection[str] | None
) -> Callable[[list[PydanticObjectId]], Awaitable[list[DocumentT | None]]]:
    async def load(ids: list[PydanticObjectId]) -> list[DocumentT | None]:
        stored = await find_by(document_class, "_id", shown=shown).many(ids)
        return [
            None
            if fields is None
            else read_document(document_class, fields, shown=shown, tolerant=True)
            for fields in stored
        ]

    return load


async def _find_conversations(contact_ids: list[PydanticObjectId]) -> list[Conversation | None]:
    stored = await find_by(Conversation, "contact_id").many(contact_ids)
    return [
        None if fields is None else read_document(Conversation, fields, tolerant=True)
        for fields in stored
    ]


async def _find_messages(keys: list[WamidKey]) -> list[Message | None]:
    wamids: dict[PydanticObjectId, list[str]] = defaultdict(list)
    for account_id, wamid in keys:
        wamids[account_id].append(wamid)
    places = [
        {"account_id": account_id, "wamid": {"$in": wamids_of_account}}
        for account_id, wamids_of_account in wamids.items()
    ]
    documents = await _find_all(Message, {"$or": places})
    found = {(document.account_id, document.wamid): document for document in documents}
    return [found.get(key) for key in keys]


async def _find_account_events(ids: list[str]) -> list[AccountEvent | None]:
    documents = await _find_all(AccountEvent, {"_id": {"$in": ids}})
    found = {document.id: document for document in documents}
    return [found.get(event_id) for event_id in ids]


async def _find_all(
    document_class: type[DocumentType], filter: Mapping[str, Any]
) -> list[DocumentType]:
    stored = await collection(document_class).find(filter).to_list()
    return [read_document(document_class, fields, tolerant=True) for fields in stored]


async def _count_unread(conversation_ids: list[PydanticObjectId]) -> list[int]:
    reads = get_shared_reads(Message)
    counts: SharedRead[PydanticObjectId, int] = reads.get(
        "unread", lambda: SharedRead(_count_unread_now, most=2000)
    )
    return await counts.many(conversation_ids)


async def _count_unread_now(conversation_ids: list[PydanticObjectId]) -> list[int]:
    groups = await collection(Message).aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}, "unread": True}},
            {"$group": {"_id": "$conversation_id", "unread": {"$sum": 1}}},
        ]
    )
    counts = {group["_id"]: int(group["unread"]) async for group in groups}
    return [counts.get(conversation_id, 0) for conversation_id in conversation_ids]
