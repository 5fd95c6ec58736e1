"""Fields that show what is stored: a value of the document itself, or the document it refers to.

They are declared by what they read. Resolvers would do the same, but only of what is declared can a
plan (`graph.execution`) tell beforehand which fields of a document it needs, and read many at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import strawberry
from beanie import Document, PydanticObjectId
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from graph.core.context import Info, get_loaders, get_viewer
from graph.core.errors import deleted_meanwhile
from graph.core.loaders import Loaders, WamidKey
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
from models.database.reading import find_whole_class
from whatsapp.auth.access import Viewer

Scoped = TypeVar("Scoped", AccountEvent, Contact, Conversation, Message, Template)
Key = TypeVar("Key")
Found = TypeVar("Found")


class Lookup(Generic[Key, Found]):
    """The way from a key to what it names, as far as the viewer may see it; else to None."""

    def __init__(
        self,
        get_loader: Callable[[Loaders], DataLoader[Key, Found | None]],
        is_visible: Callable[[Viewer, Found], bool],
        *,
        prepare: Callable[[Info, Sequence[Key]], Awaitable[None]] | None = None,
    ) -> None:
        self._get_loader = get_loader
        self._is_visible = is_visible
        self._prepare = prepare
        """Awaited with the keys before they are read."""

    async def load(self, info: Info, key: Key) -> Found | None:
        """Reads it together with what is looked up at the same moment, and once."""
        if self._prepare is not None:
            await self._prepare(info, [key])
        found = await _load(self._get_loader(get_loaders(info)), key)
        return self._show(get_viewer(info), found)

    async def load_many(self, info: Info, keys: Sequence[Key]) -> list[Found | None]:
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


async def _wait_for_summaries(info: Info, ids: Sequence[PydanticObjectId]) -> None:
    await info.context.services.live.summaries.wait(conversation_ids=ids)


async def _wait_for_summaries_of(info: Info, contact_ids: Sequence[PydanticObjectId]) -> None:
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
load_account = ACCOUNTS.load
load_contact = CONTACTS.load
load_conversation = CONVERSATIONS.load
load_message = MESSAGES.load
load_message_by_wamid = MESSAGES_BY_WAMID.load
load_account_event = ACCOUNT_EVENTS.load
load_media = MEDIA.load
load_template = TEMPLATES.load
load_user = USERS.load


async def load_upload(info: Info, upload_id: PydanticObjectId) -> UploadedMedia | None:
    """An uploaded file, unless it is still being stored or was erased."""
    upload = await _load(get_loaders(info).uploads, upload_id)
    if upload is None or upload.erased_at is not None or upload.state is not MediaState.STORED:
        return None
    return upload if get_viewer(info).can_see(upload.account_id) else None


async def _load(loader: DataLoader[Key, Found], key: Key) -> Found:
    # Whoever asks for the same gets the same future: who gives up must not cancel it for them.
    return await asyncio.shield(loader.load(key))


NEEDS = "needs"
LINK = "link"
# The GraphQL type that shows the documents of a class; `registers_type` fills it.
_TYPES: dict[type[Document], Any] = {}


def registers_type(document_class: type[Document]) -> Callable[[type], type]:
    """Class decorator: this GraphQL type shows these documents, by its `from_document`."""

    def register(node_class: type) -> type:
        _TYPES[document_class] = node_class
        return node_class

    return register


def to_node(document: Document | None) -> Any:
    """What shows the document in the graph; None for None."""
    return None if document is None else _TYPES[find_whole_class(document)].from_document(document)


def find_document_class(node_class: type) -> type[Document] | None:
    """Whose documents the GraphQL type shows, or None if it shows no document."""
    return next((kind for kind, shown in _TYPES.items() if shown is node_class), None)


class StoredField(StrawberryField):
    """Shows one attribute of `document`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nobody gives it when an object is made: the document has it.
        self.init = self.repr = self.compare = False

    @property
    def get_value(self) -> Callable[[Any], Any]:
        return attrgetter(f"document.{self.metadata['attribute']}")

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        return getattr(source.document, self.metadata["attribute"])


def stored(attribute: str, *, description: str, needs: Collection[str] | None = None) -> Any:
    """A field that is this attribute of the document.

    `needs` are the stored fields behind it, where the attribute is a property of the document.
    """
    metadata = {"attribute": attribute, NEEDS: frozenset(needs or [attribute])}
    return StoredField(description=description, metadata=metadata)


def reads(*fields: str) -> dict[str, frozenset[str]]:
    """`metadata` of a field with a resolver that reads only these fields of its document."""
    return {NEEDS: frozenset(fields)}


Refresh = Callable[[Info, Sequence[Any], list[Any]], Awaitable[list[Any]]]


@dataclass(frozen=True)
class Link:
    """What a `linked` field refers to."""

    key: str
    """The document's attribute that names it."""
    lookup: Lookup[Any, Any]
    missing: str | None = None
    """What an error calls it where there is none; without this the field is null then."""
    shown: str | None = None
    """The attribute of what it names that the field shows; without it, all of it."""
    refresh: Refresh | None = None
    """Reads anew what was found too old for the documents that name it."""

    def finish(self, found: Any) -> Any:
        if found is None and self.missing is not None:
            raise deleted_meanwhile(self.missing)
        if found is not None and self.shown is not None:
            return getattr(found, self.shown)
        return to_node(found) if isinstance(found, Document) else found


def linked(
    key: str,
    lookup: Lookup[Any, Any],
    *,
    description: str,
    missing: str | None = None,
    needs: Collection[str] | None = None,
    shown: str | None = None,
    refresh: Refresh | None = None,
) -> Any:
    """A field that is what `key`, an attribute of the document, names: another document, or a value
    that is worked out for many documents at once. `missing`, `shown` and `refresh` as in `Link`,
    `needs` as in `stored`.
    """
    link = Link(key, lookup, missing, shown, refresh)

    async def resolve(self: Any, info: Info) -> Any:
        value = getattr(self.document, key)
        found = None if value is None else await lookup.load(info, value)
        if refresh is not None:
            (found,) = await refresh(info, [self.document], [found])
        return link.finish(found)

    return strawberry.field(
        resolver=StrawberryResolver(resolve),
        description=description,
        metadata={LINK: link, NEEDS: frozenset(needs or [key])},
    )
