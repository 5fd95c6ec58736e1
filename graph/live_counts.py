"""The subscription `conversationCountsChanged`: counts of conversations by filter.

Counts are read when events may have changed them, so they have no cursor and are not replayed.
"""

from collections.abc import AsyncIterator, Hashable, Sequence

from beanie import PydanticObjectId

from graph.core.connections import ListCount
from graph.core.context import Info, get_viewer
from graph.events.differences import EventKind
from graph.events.subscription import EventFilter
from graph.inputs.conversation_filter import ConversationFilter
from graph.types.inbox.conversation_counts import count_conversations

# Events after which a count may differ; the removal of a conversation is not an event.
_KINDS = frozenset({EventKind.CONVERSATION_UPDATED, EventKind.ACCOUNT_DELETED})
_CONTACT_KINDS = _KINDS | {EventKind.CONTACT_UPDATED}
# Service windows end without an event.
WINDOW_SECONDS = 60.0


async def stream_counts(
    info: Info,
    key: Hashable,
    filters: Sequence[ConversationFilter],
    *,
    account_id: str | None,
    account: PydanticObjectId | None,
) -> AsyncIterator[list[ListCount]]:
    """Yields the current counts, and the new counts after each change.

    Subscribers with the same key share the reads, see `graph.events.count_watches`; each credential
    pays for its own. A subscriber that is slow or has used up its budget skips counts, but gets the
    newest.
    """
    services, viewer = info.context.services, get_viewer(info)
    has_window = any(conversation_filter.window_open is not None for conversation_filter in filters)
    has_contact = any(conversation_filter.contact_attributes for conversation_filter in filters)
    sent = None
    with services.count_watches.watch(
        key,
        EventFilter(viewer, _CONTACT_KINDS if has_contact else _KINDS, account_id=account),
        # With the rights of the first subscriber, which the key contains.
        lambda: count_conversations(info, account_id, filters),
        payer=viewer.key,
        pay=lambda: services.live_budgets.wait_and_take(viewer, info.context.cost),
        refresh_seconds=WINDOW_SECONDS if has_window else None,
    ) as watch:
        while True:
            change = watch.next_change
            if watch.counts is not None and watch.counts != sent:
                sent = watch.counts
                yield [ListCount.from_count(count) for count in sent or ()]
            await change.wait()
