"""Loaders: what one operation needs of the same kind is read from the database at once.

Loaders cache, so they live as long as one request, one operation or one live event. The `load_*`
functions are the only way from a resolver to a document by its id: they check what may be seen.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from beanie import PydanticObjectId
from strawberry.dataloader import DataLoader

from graph.page_batches import create_count_loader, create_page_loader
from graph.permissions import get_viewer
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
from models.base import ObjectIdDocument, collection

if TYPE_CHECKING:
    from graph.context import Info

DocumentT = TypeVar("DocumentT", bound=ObjectIdDocument)
Scoped = TypeVar("Scoped", AccountEvent, Contact, Conversation, Message, Template)
Found = TypeVar("Found")
ById = DataLoader[PydanticObjectId, Found | None]
WamidKey = tuple[PydanticObjectId, str]


class Loaders:
    """Each finds None for what does not exist."""

    def __init__(self) -> None:
        self.accounts: ById[Account] = DataLoader(_by_id(Account))
        self.contacts: ById[Contact] = DataLoader(_by_id(Contact))
        self.users: ById[User] = DataLoader(_by_id(User))
        self.conversations: ById[Conversation] = DataLoader(_by_id(Conversation))
        self.messages: ById[Message] = DataLoader(_by_id(Message))
        self.media: ById[Media] = DataLoader(_by_id(Media))
        self.uploads: ById[UploadedMedia] = DataLoader(_by_id(UploadedMedia))
        self.conversations_of_contacts: ById[Conversation] = DataLoader(_find_conversations)
        self.messages_by_wamid: DataLoader[WamidKey, Message | None] = DataLoader(_find_messages)
        self.account_events: DataLoader[str, AccountEvent | None] = DataLoader(_find_account_events)
        self.templates: ById[Template] = DataLoader(_by_id(Template))
        self.unread_counts: DataLoader[PydanticObjectId, int] = DataLoader(_count_unread)
        self.pages = create_page_loader()
        self.counts = create_count_loader()


def get_loaders(info: "Info") -> Loaders:
    """Those of the live event that is being executed, else those of the request or operation."""
    loaders = getattr(info.root_value, "loaders", None)
    return loaders if isinstance(loaders, Loaders) else info.context.loaders


async def load_account(info: "Info", account_id: PydanticObjectId) -> Account | None:
    if not get_viewer(info).can_see(account_id):
        return None
    return await get_loaders(info).accounts.load(account_id)


async def load_contact(info: "Info", contact_id: PydanticObjectId) -> Contact | None:
    return _if_visible(info, await get_loaders(info).contacts.load(contact_id))


async def load_conversation(info: "Info", id: PydanticObjectId) -> Conversation | None:
    return _if_visible(info, await get_loaders(info).conversations.load(id))


async def load_conversation_of(info: "Info", contact_id: PydanticObjectId) -> Conversation | None:
    return _if_visible(info, await get_loaders(info).conversations_of_contacts.load(contact_id))


async def load_message(info: "Info", message_id: PydanticObjectId) -> Message | None:
    return _if_visible(info, await get_loaders(info).messages.load(message_id))


async def load_message_by_wamid(
    info: "Info", account_id: PydanticObjectId, wamid: str
) -> Message | None:
    return _if_visible(info, await get_loaders(info).messages_by_wamid.load((account_id, wamid)))


async def load_account_event(info: "Info", event_id: str) -> AccountEvent | None:
    return _if_visible(info, await get_loaders(info).account_events.load(event_id))


async def load_template(info: "Info", template_id: PydanticObjectId) -> Template | None:
    return _if_visible(info, await get_loaders(info).templates.load(template_id))


async def load_media(info: "Info", message_id: PydanticObjectId) -> Media | None:
    """The file of a message, unless it was erased."""
    media = await get_loaders(info).media.load(message_id)
    if media is None or media.erased_at is not None:
        return None
    return media if get_viewer(info).can_see(media.account_id) else None


async def load_upload(info: "Info", upload_id: PydanticObjectId) -> UploadedMedia | None:
    """An uploaded file, unless it is still being stored or was erased."""
    upload = await get_loaders(info).uploads.load(upload_id)
    if upload is None or upload.erased_at is not None or upload.state is not MediaState.STORED:
        return None
    return upload if get_viewer(info).can_see(upload.account_id) else None


async def load_user(info: "Info", user_id: PydanticObjectId) -> User | None:
    user = await get_loaders(info).users.load(user_id)
    viewer = get_viewer(info)
    if user is None or viewer.account_ids is None or viewer.narrow(user.account_ids):
        return user
    return None


async def load_unread_count(info: "Info", conversation_id: PydanticObjectId) -> int:
    return await get_loaders(info).unread_counts.load(conversation_id)


def _if_visible(info: "Info", document: Scoped | None) -> Scoped | None:
    if document is None or not get_viewer(info).can_see(document.account_id):
        return None
    return document


def _by_id(
    document_class: type[DocumentT],
) -> Callable[[list[PydanticObjectId]], Awaitable[list[DocumentT | None]]]:
    async def load(ids: list[PydanticObjectId]) -> list[DocumentT | None]:
        documents = await document_class.find({"_id": {"$in": ids}}).to_list()
        found = {document.id: document for document in documents}
        return [found.get(document_id) for document_id in ids]

    return load


async def _find_conversations(contact_ids: list[PydanticObjectId]) -> list[Conversation | None]:
    documents = await Conversation.find({"contact_id": {"$in": contact_ids}}).to_list()
    found = {document.contact_id: document for document in documents}
    return [found.get(contact_id) for contact_id in contact_ids]


async def _find_messages(keys: list[WamidKey]) -> list[Message | None]:
    wamids: dict[PydanticObjectId, list[str]] = defaultdict(list)
    for account_id, wamid in keys:
        wamids[account_id].append(wamid)
    places = [
        {"account_id": account_id, "wamid": {"$in": wamids_of_account}}
        for account_id, wamids_of_account in wamids.items()
    ]
    documents: Iterable[Message] = await Message.find({"$or": places}).to_list()
    found = {(document.account_id, document.wamid): document for document in documents}
    return [found.get(key) for key in keys]


async def _find_account_events(ids: list[str]) -> list[AccountEvent | None]:
    documents = await AccountEvent.find({"_id": {"$in": ids}}).to_list()
    found = {document.id: document for document in documents}
    return [found.get(event_id) for event_id in ids]


async def _count_unread(conversation_ids: list[PydanticObjectId]) -> list[int]:
    groups = await collection(Message).aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}, "unread": True}},
            {"$group": {"_id": "$conversation_id", "unread": {"$sum": 1}}},
        ]
    )
    counts = {group["_id"]: int(group["unread"]) async for group in groups}
    return [counts.get(conversation_id, 0) for conversation_id in conversation_ids]
