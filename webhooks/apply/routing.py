"""Routing of events (stored webhooks) to workers, so that a customer's events stay in order.

The order is kept within a process. Events that another process takes over may be applied in any
order.
"""

import contextlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from models import Identity
from webhooks.apply.fields.customers import list_changed
from webhooks.payload.identities import list_new_identities, list_old_identities
from webhooks.payload.items import USER_IDS_FIELD, Item, list_items
from webhooks.payload.meta_objects import get_object, get_value
from webhooks.payload.parsing import parse_json
from webhooks.store.events import StoredEvent
from whatsapp.common.people import (
    get_people_digests,
    has_people_digests,
    list_text_people,
)
from whatsapp.contacts.identities import list_lookups

# Larger bodies hold many senders, and parsing them twice would cost more than their order is worth.
MAX_BYTES_TO_ROUTE = 64 * 1024
# Parsed items take about ten times the memory of their text, and a backlog of them may wait.
MAX_BYTES_TO_KEEP_PARSED = 8 * 1024


def add_route(event: StoredEvent) -> StoredEvent:
    """Returns the event with its customers and items, if its body is small enough to parse."""
    if len(event.body) > MAX_BYTES_TO_ROUTE:
        return event
    # Processing meets the same error, and parks the body.
    with contextlib.suppress(Exception):
        items = list_items(parse_json(event.body))
        moved_to = frozenset(
            lookup.value
            for item in items
            for identity in _list_new(item)
            for lookup in list_lookups(identity)
        )
        return replace(
            event,
            sender_key=next(map(_find_key, items), None),
            names=moved_to.union(*(item.list_names() for item in items)),
            moved_to=moved_to,
            items=items if len(event.body) <= MAX_BYTES_TO_KEEP_PARSED else None,
        )
    return event


async def add_people(event: StoredEvent) -> StoredEvent:
    """Returns the event with the digests of the identities in its body, to erase them later."""
    if not has_people_digests():
        return event  # the database was not reached yet; a sweep adds them
    if event.items is None or not _hold_all(event.items, event.body):
        return replace(event, people=await list_text_people(event.body))
    parts = [part for item in event.items for part in (item.value, item.contact)]
    return replace(event, people=get_people_digests().list_item_people(*parts))


def _hold_all(items: Sequence[Item], body: bytes) -> bool:
    """Returns True if all items, and all elements of `contacts[]`, are about their customers."""
    contacts = sum(item.contact is not None for item in items)
    return all(item.list_key is not None for item in items) and (
        body.count(b'"profile"') <= contacts
    )


def _find_key(item: Item) -> str:
    """Returns the key of the customer; after a change of identity, the former key."""
    former = _list_former(item) if item.sender_key == item.pointer else ()
    return former[0].value if former else item.sender_key


def _list_former(item: Item) -> Sequence[Identity]:
    if item.field_name == USER_IDS_FIELD:
        return list_changed(get_value(item), "previous")
    return list_old_identities(get_object(get_value(item), "system"))


def _list_new(item: Item) -> Sequence[Identity]:
    if item.field_name == USER_IDS_FIELD:
        return list_changed(get_value(item), "current")
    return list_new_identities(get_object(get_value(item), "system"))


@dataclass
class _Move:
    """Routes an identity to another queue while these events are in flight."""

    number: int
    event_ids: set[str] = field(default_factory=set)


class Routes:
    """Assigns events to the queues of this process.

    A change of number or user id changes the key of the customer. Events with the new key could
    overtake the change and create another contact, so they are queued behind it until all of them
    are applied.
    """

    def __init__(self, queues: int) -> None:
        self._queues = queues
        self._moves: dict[str, _Move] = {}

    def begin(self, event: StoredEvent) -> int:
        """Returns the queue of an event, and counts the event as in flight."""
        moved = [name for name in event.names if name in self._moves]
        if moved:
            number = self._moves[moved[0]].number
        else:
            number = zlib.crc32((event.sender_key or event.id).encode()) % self._queues
        for name in {*event.moved_to, *moved}:
            self._moves.setdefault(name, _Move(number)).event_ids.add(event.id)
        return number

    def end(self, events: Iterable[StoredEvent]) -> None:
        """Ends events that were applied or left to other processes."""
        done = {event.id for event in events} if self._moves else ()
        for name, move in list(self._moves.items()):
            move.event_ids.difference_update(done)
            if not move.event_ids:
                del self._moves[name]
