"""The root type Subscription."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from typing import Annotated, Any

import pymongo
import strawberry
from beanie import PydanticObjectId

from graph.core.connections import ListCount
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.stored import load_conversation
from graph.core.strawberry_internals import get_resolve_info
from graph.event_types import (
    EVENT_TYPES,
    AccountDeleted,
    AccountUpdated,
    AgentUpdated,
    ContactDeleted,
    ContactUpdated,
    ConversationChangeAdded,
    ConversationUpdated,
    Event,
    MessageAdded,
    MessageStatusChanged,
    MessageUpdated,
    NoteAdded,
    NoteDeleted,
    NoteUpdated,
    TemplateUpdated,
    TimelineItemAdded,
    UserUpdated,
)
from graph.events.differences import EventKind
from graph.events.subscription import CheckedSubscription, EventFilter
from graph.inputs.conversation_filter import ConversationFilter
from graph.live_counts import stream_counts
from graph.presence import PresenceChanged, stream_presence
from graph.types.id_arguments import read_id_arguments, require_visible
from graph.types.inbox.conversation_counts import MAX_FILTERS, Filters, make_counts_key
from models.changes.position import Position
from whatsapp.errors import NotFound

AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Returns only events of this account; by default, of all accounts visible to"
        " the caller."
    ),
]
ConversationId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Returns only events of this conversation and the items of its timeline."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last event received, or `eventCursor`. Later events are"
        " replayed first, without gaps or duplicates; by default, only new events are sent."
        " CURSOR_EXPIRED means that they are no longer stored: reload your lists."
    ),
]
EventTypes = Annotated[
    list[EventKind] | None,
    strawberry.argument(
        description="Sends only events of these types; all by default, and if the list is empty."
        " Other events are neither executed nor charged."
    ),
]


def _subscribe(event_type: type[Event], description: str) -> Any:
    """Creates a subscription to the events of a type."""

    async def resolve(
        info: Info, account_id: AccountId = None, after: After = None
    ) -> AsyncIterator[Any]:
        return await _open(info, _list_kinds(event_type), account_id, None, after)

    return _make_field(resolve, event_type, description)


def _subscribe_in_conversation(event_type: type[Event], description: str) -> Any:
    """Creates a subscription to the events of a type, which may be limited to a conversation."""

    async def resolve(
        info: Info,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[Any]:
        return await _open(info, _list_kinds(event_type), account_id, conversation_id, after)

    return _make_field(resolve, event_type, description)


def _make_field(resolve: Callable[..., Any], event_type: type[Event], description: str) -> Any:
    resolve.__annotations__["return"] = AsyncIterator[event_type]  # type: ignore[valid-type]  # read by Strawberry
    return strawberry.subscription(
        resolver=resolve,
        permission_classes=[IsViewer],
        description=f"{description} Requires role VIEWER.",
    )


def _list_kinds(event_type: type[Event]) -> set[EventKind]:
    return {kind for kind, node in EVENT_TYPES.items() if issubclass(node, event_type)}


# Resolvers await the checks before they return a stream, so that an error ends the subscription
# instead of being its first event.


@strawberry.type
class Subscription:
    message_added = _subscribe_in_conversation(
        MessageAdded, "Sends messages when they are received or queued."
    )
    message_status_changed = _subscribe_in_conversation(
        MessageStatusChanged, "Sends each status that an outbound message reaches, in order."
    )
    message_updated = _subscribe_in_conversation(
        MessageUpdated, "Sends messages that were edited, deleted or reacted to."
    )
    conversation_updated = _subscribe_in_conversation(
        ConversationUpdated, "Sends conversations that started or changed."
    )
    timeline_item_added = _subscribe_in_conversation(
        TimelineItemAdded,
        "Sends messages, calls, notes and changes that were added to the timelines of"
        " conversations.",
    )
    note_added = _subscribe_in_conversation(NoteAdded, "Sends notes that were added.")
    note_updated = _subscribe_in_conversation(NoteUpdated, "Sends notes that were changed.")
    note_deleted = _subscribe_in_conversation(
        NoteDeleted, "Sends the ids of notes that were deleted."
    )
    conversation_change_added = _subscribe_in_conversation(
        ConversationChangeAdded,
        "Sends records of changes: conversations that were assigned, closed, reopened or tagged.",
    )
    contact_updated = _subscribe(ContactUpdated, "Sends contacts that were created or changed.")
    contact_deleted = _subscribe(ContactDeleted, "Sends the ids of contacts that were deleted.")
    user_updated = _subscribe(UserUpdated, "Sends users that were created or changed.")
    template_updated = _subscribe(
        TemplateUpdated,
        "Sends templates that a synchronization or WhatsApp created or changed.",
    )
    account_updated = _subscribe(AccountUpdated, "Sends accounts that were connected or changed.")
    account_deleted = _subscribe(AccountDeleted, "Sends accounts that were deleted.")
    agent_updated = _subscribe(AgentUpdated, "Sends agents that were created or changed.")

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends the agents that are looking at a conversation, at once and after each"
        " change. With `conversationId`, it also shows the caller's agent there until the"
        " subscription ends or the connection is lost. It can't be resumed. Requires role VIEWER.",
    )
    async def presence_changed(
        self, info: Info, account_id: AccountId = None, conversation_id: ConversationId = None
    ) -> AsyncIterator[PresenceChanged]:
        return await _open_presence(info, account_id, conversation_id)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description=f"Sends the numbers of conversations that match each of up to {MAX_FILTERS}"
        " filters, in their order: at once, then after changes, at most once a second. Counts by"
        " `windowOpen` may be a minute old. Costs 10 objects per filter, each time. It can't be"
        " resumed. Requires role VIEWER.",
    )
    async def conversation_counts_changed(
        self, info: Info, filters: Filters, account_id: AccountId = None
    ) -> AsyncIterator[list[ListCount]]:
        return await _open_counts(info, filters, account_id)

    @strawberry.subscription(
        permission_classes=[IsViewer],
        description="Sends events of several types in one stream, in order. Requires role VIEWER.",
    )
    async def events(
        self,
        info: Info,
        types: EventTypes = None,
        account_id: AccountId = None,
        conversation_id: ConversationId = None,
        after: After = None,
    ) -> AsyncIterator[Event]:
        return await _open(info, set(types or EVENT_TYPES), account_id, conversation_id, after)


async def _open_presence(
    info: Info, account_id: str | None, conversation_id: str | None
) -> AsyncIterator[PresenceChanged]:
    with pymongo.timeout(info.context.services.timeouts.database_deadline_seconds):
        account, key = await _find_place(
            info, account_id=account_id, conversation_id=conversation_id
        )
        conversation = None if key is None else await load_conversation(info, key)
    if conversation is not None and account not in (None, conversation.account_id):
        raise NotFound("The conversation", field=["conversationId"])
    return stream_presence(info, account, conversation)


async def _open_counts(
    info: Info, filters: Sequence[ConversationFilter], account_id: str | None
) -> AsyncIterator[list[ListCount]]:
    key = make_counts_key(info, account_id, filters)
    with pymongo.timeout(info.context.services.timeouts.database_deadline_seconds):
        account, _ = await _find_place(info, account_id=account_id, filters=filters)
    for conversation_filter in filters:
        # An invalid filter refuses the subscription instead of ending it.
        conversation_filter.list_conditions(())
        conversation_filter.list_contact_conditions()
    return stream_counts(info, key, filters, account_id=account_id, account=account)


async def _open(
    info: Info,
    kinds: Collection[EventKind],
    account_id: str | None,
    conversation_id: str | None,
    after: str | None,
) -> AsyncIterator[Any]:
    """Checks the arguments and leaves a `CheckedSubscription` in the context.

    The events don't pass through the returned stream: the transport
    joins the group of equal subscriptions instead.
    """
    with pymongo.timeout(info.context.services.timeouts.database_deadline_seconds):
        account, conversation = await _find_place(
            info, account_id=account_id, conversation_id=conversation_id
        )
        viewer = get_viewer(info)
        event_filter = EventFilter(viewer, kinds, account_id=account, conversation_id=conversation)
        live = info.context.services.live
        position = None
        if after is not None:
            position = Position(*await live.check_cursor(after, viewer.workspace_id))
    request = get_resolve_info(info)
    info.context.subscription = CheckedSubscription(
        event_filter, position, request.operation, request.fragments
    )
    return _end_stream()


async def _end_stream() -> AsyncGenerator[Any]:
    """Yields nothing: the stream of a subscription whose checks have passed."""
    return
    yield


async def _find_place(
    info: Info, **arguments: Any
) -> tuple[PydanticObjectId | None, PydanticObjectId | None]:
    """Returns the ids of the account and the conversation to which a subscription is limited.

    Raises:
        RequestError: BAD_USER_INPUT, an id is malformed or of another type.
        NotFound: an object in the arguments or their filters is unknown or not visible.
    """
    ids = read_id_arguments(arguments)
    await require_visible(info, ids)
    by_path = {argument.path: argument.document_id for argument in ids}
    return by_path.get("accountId"), by_path.get("conversationId")
