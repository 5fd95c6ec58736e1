"""Stored documents in the graph: lookups by key, and fields that are declared by what they read.

A plan (`graph.execution`) knows from these declarations which fields of a document it needs, and
loads many documents at once. The `load_*` functions check that the viewer may see the document.
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
    Agent,
    Contact,
    Conversation,
    ConversationChange,
    Media,
    MediaState,
    Message,
    Note,
    QuickReply,
    Role,
    Template,
    UploadedMedia,
    User,
    Workspace,
)
from models.database.conversion import find_whole_class
from whatsapp.auth.access import Viewer
from whatsapp.auth.agents import is_visible as is_visible_agent

AccountDocument = TypeVar(
    "AccountDocument",
    AccountEvent,
    Contact,
    Conversation,
    ConversationChange,
    Message,
    Note,
    QuickReply,
    Template,
)
Key = TypeVar("Key")
Value = TypeVar("Value")


class Lookup(Generic[Key, Value]):
    """Loads values by key; None for an unknown key or a value that the viewer may not see."""

    def __init__(
        self,
        get_loader: Callable[[Loaders], DataLoader[Key, Value | None]],
        is_visible: Callable[[Viewer, Value], bool],
        *,
        prepare: Callable[[Info, Sequence[Key]], Awaitable[None]] | None = None,
    ) -> None:
        self._get_loader = get_loader
        self._is_visible = is_visible
        self._prepare = prepare
        """Awaited with the keys before the read."""

    async def load(self, info: Info, key: Key) -> Value | None:
        """Loads a value in a batch with concurrent calls, once per key."""
        if self._prepare is not None:
            await self._prepare(info, [key])
        value = await _load(self._get_loader(get_loaders(info)), key)
        return self._check(get_viewer(info), value)

    async def load_many(self, info: Info, keys: Sequence[Key]) -> list[Value | None]:
        """Loads many values at once, for plans."""
        unique_keys = list(dict.fromkeys(keys))
        if not unique_keys:
            return []
        if self._prepare is not None:
            await self._prepare(info, unique_keys)
        loaded = await self._get_loader(get_loaders(info)).load_fn(unique_keys)
        viewer = get_viewer(info)
        values = [
            None if isinstance(value, BaseException) else self._check(viewer, value)
            for value in loaded
        ]
        if len(unique_keys) == len(keys):
            return values
        by_key = dict(zip(unique_keys, values, strict=True))
        return [by_key[key] for key in keys]

    def _check(self, viewer: Viewer, value: Value | None) -> Value | None:
        return value if value is not None and self._is_visible(viewer, value) else None


def _is_in_visible_account(viewer: Viewer, document: AccountDocument) -> bool:
    return viewer.can_see(document)


def _is_visible_user(viewer: Viewer, user: User) -> bool:
    return viewer.can_see_shared(user)


def _is_visible_media(viewer: Viewer, media: Media) -> bool:
    return media.erased_at is None and viewer.can_see(media)


def _is_visible_upload(viewer: Viewer, upload: UploadedMedia) -> bool:
    """Returns False until the file is stored, and after its erasure."""
    is_usable = upload.erased_at is None and upload.state is MediaState.STORED
    return is_usable and viewer.can_see(upload)


def _is_visible_account(viewer: Viewer, account: Account) -> bool:
    return viewer.can_see_account(account)


def _is_visible_workspace(viewer: Viewer, workspace: Workspace) -> bool:
    return viewer.has_role(Role.OPERATOR) or workspace.id == viewer.workspace_id


async def _wait_for_summaries(info: Info, ids: Sequence[PydanticObjectId]) -> None:
    """Waits for the summaries of conversations, named by their ids or by those of contacts."""
    await info.context.services.live.summaries.wait(get_viewer(info), ids)


AGENTS: Lookup[PydanticObjectId, Agent] = Lookup(attrgetter("agents"), is_visible_agent)
# Agents in a conversation are shown to everyone who may see the conversation.
LINKED_AGENTS: Lookup[PydanticObjectId, Agent] = Lookup(
    attrgetter("agents"), lambda viewer, agent: agent.workspace_id == viewer.workspace_id
)
ACCOUNTS: Lookup[PydanticObjectId, Account] = Lookup(attrgetter("accounts"), _is_visible_account)
CONTACTS: Lookup[PydanticObjectId, Contact] = Lookup(attrgetter("contacts"), _is_in_visible_account)
CONVERSATIONS: Lookup[PydanticObjectId, Conversation] = Lookup(
    attrgetter("conversations"), _is_in_visible_account, prepare=_wait_for_summaries
)
CONVERSATIONS_OF_CONTACTS: Lookup[PydanticObjectId, Conversation] = Lookup(
    attrgetter("conversations_of_contacts"),
    _is_in_visible_account,
    prepare=_wait_for_summaries,
)
MESSAGES: Lookup[PydanticObjectId, Message] = Lookup(attrgetter("messages"), _is_in_visible_account)
MESSAGES_BY_WAMID: Lookup[WamidKey, Message] = Lookup(
    attrgetter("messages_by_wamid"), _is_in_visible_account
)
NOTES: Lookup[PydanticObjectId, Note] = Lookup(attrgetter("notes"), _is_in_visible_account)
CONVERSATION_CHANGES: Lookup[PydanticObjectId, ConversationChange] = Lookup(
    attrgetter("conversation_changes"), _is_in_visible_account
)
ACCOUNT_EVENTS: Lookup[str, AccountEvent] = Lookup(
    attrgetter("account_events"), _is_in_visible_account
)
TEMPLATES: Lookup[PydanticObjectId, Template] = Lookup(
    attrgetter("templates"), _is_in_visible_account
)
QUICK_REPLIES: Lookup[PydanticObjectId, QuickReply] = Lookup(
    attrgetter("quick_replies"), _is_in_visible_account
)
UPLOADS: Lookup[PydanticObjectId, UploadedMedia] = Lookup(attrgetter("uploads"), _is_visible_upload)
USERS: Lookup[PydanticObjectId, User] = Lookup(attrgetter("users"), _is_visible_user)
MEDIA: Lookup[PydanticObjectId, Media] = Lookup(attrgetter("media"), _is_visible_media)
WORKSPACES: Lookup[PydanticObjectId, Workspace] = Lookup(
    attrgetter("workspaces"), _is_visible_workspace
)
# Counts are loaded only for conversations that the viewer may see.
UNREAD_COUNTS: Lookup[PydanticObjectId, int] = Lookup(
    attrgetter("unread_counts"), lambda _viewer, _count: True
)

load_account = ACCOUNTS.load
load_agent = AGENTS.load
load_contact = CONTACTS.load
load_conversation = CONVERSATIONS.load
load_message = MESSAGES.load
load_message_by_wamid = MESSAGES_BY_WAMID.load
load_account_event = ACCOUNT_EVENTS.load
load_conversation_change = CONVERSATION_CHANGES.load
load_note = NOTES.load
load_media = MEDIA.load
load_template = TEMPLATES.load
load_upload = UPLOADS.load
load_user = USERS.load
load_workspace = WORKSPACES.load


async def _load(loader: DataLoader[Key, Value], key: Key) -> Value:
    # Callers with the same key share a future; a cancelled caller must not cancel it.
    return await asyncio.shield(loader.load(key))


NEEDS = "needs"
NEEDS_OF = "needs_of"
LINK = "link"

# Document classes and their GraphQL types, filled by `registers_type`.
_TYPES: dict[type[Document], Any] = {}


def registers_type(document_class: type[Document]) -> Callable[[type], type]:
    """Registers a GraphQL type for a document class; used as a decorator."""

    def register(node_class: type) -> type:
        _TYPES[document_class] = node_class
        return node_class

    return register


def to_node(document: Document | None) -> Any:
    """Converts a document to its GraphQL type; None for None."""
    return None if document is None else _TYPES[find_whole_class(document)].from_document(document)


def find_node_class(document_class: type[Document]) -> Any:
    """Returns the GraphQL type that is registered for a document class."""
    return _TYPES[document_class]


def find_document_class(node_class: type) -> type[Document] | None:
    """Returns the document class of a GraphQL type, or None without one."""
    return next((key for key, value in _TYPES.items() if value is node_class), None)


class StoredField(StrawberryField):
    """A field with the value of an attribute of `document`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The document holds the value, so the constructor has no parameter for it.
        self.init = self.repr = self.compare = False

    @property
    def get_value(self) -> Callable[[Any], Any]:
        get = attrgetter(f"document.{self.metadata['attribute']}")
        convert = self.metadata["convert"]
        return get if convert is None else lambda source: convert(get(source))

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        value = getattr(source.document, self.metadata["attribute"])
        convert = self.metadata["convert"]
        return value if convert is None else convert(value)


def stored(
    attribute: str,
    *,
    description: str,
    needs: Collection[str] | None = None,
    convert: Callable[[Any], Any] | None = None,
) -> Any:
    """Declares a field with the value of this attribute of the document.

    `needs` names the stored fields that a property reads; `convert` makes the GraphQL value.
    """
    metadata = {
        "attribute": attribute,
        "convert": convert,
        NEEDS: frozenset(needs or [attribute]),
    }
    return StoredField(description=description, metadata=metadata)


def reads(*fields: str, of: type[Document] | None = None) -> dict[str, Any]:
    """Returns `metadata` for a resolver that reads only these fields of its document.

    `of` is the class of the document if the resolver belongs to the edge of a connection.
    """
    return {NEEDS: frozenset(fields), NEEDS_OF: of}


Refresh = Callable[[Info, Sequence[Any], list[Any]], Awaitable[list[Any]]]


@dataclass(frozen=True)
class Link:
    """The reference of a `linked` field."""

    key: str
    """Attribute of the document that holds the lookup key."""
    lookup: Lookup[Any, Any]
    missing: str | None = None
    """Name in the error for a missing value; if None, the field is null."""
    attribute: str | None = None
    """Attribute of the value to return; if None, the whole value."""
    refresh: Refresh | None = None
    """Reloads values that are older than their documents."""

    def resolve(self, value: Any) -> Any:
        if value is None and self.missing is not None:
            raise deleted_meanwhile(self.missing)
        if value is not None and self.attribute is not None:
            return getattr(value, self.attribute)
        return to_node(value) if isinstance(value, Document) else value


def linked(
    key: str,
    lookup: Lookup[Any, Any],
    *,
    description: str,
    missing: str | None = None,
    needs: Collection[str] | None = None,
    attribute: str | None = None,
    refresh: Refresh | None = None,
) -> Any:
    """Declares a field with the value that `lookup` loads for the attribute `key`.

    See `Link` for `missing`, `attribute` and `refresh`, and `stored` for `needs`.
    """
    link = Link(key, lookup, missing, attribute, refresh)

    async def resolve(self: Any, info: Info) -> Any:
        lookup_key = getattr(self.document, key)
        value = None if lookup_key is None else await lookup.load(info, lookup_key)
        if refresh is not None:
            (value,) = await refresh(info, [self.document], [value])
        return link.resolve(value)

    return strawberry.field(
        resolver=StrawberryResolver(resolve),
        description=description,
        metadata={LINK: link, NEEDS: frozenset(needs or [key])},
    )
