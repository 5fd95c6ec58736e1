"""Which worker applies an event: one customer's events stay in order, also when the customer moves.

Of this process only: events that another one takes over may come in any order.
"""

import contextlib
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from models import Identity
from webhooks.apply.fields.customers import list_changed
from webhooks.apply.fields.values import get_object, get_value
from webhooks.payload.identity_changes import list_new_identities, list_old_identities
from webhooks.payload.items import USER_IDS_FIELD, Item, list_items
from webhooks.payload.parsing import parse_json
from webhooks.store.events import StoredEvent
from whatsapp.contacts.identities import list_lookups

# Larger bodies hold many senders, and reading them twice would cost more than their order is worth.
MAX_BYTES_TO_ROUTE = 64 * 1024
# What is parsed takes some ten times the memory of its text, and a whole backlog may wait.
MAX_BYTES_TO_KEEP_PARSED = 8 * 1024


def add_route(event: StoredEvent) -> StoredEvent:
    """The event with what its queue and its processing need of it, if it is small enough."""
    if len(event.body) > MAX_BYTES_TO_ROUTE:
        return event
    # Whatever is wrong with it, processing finds that too, and parks it.
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


def _find_key(item: Item) -> str:
    """Whoever moves has the key of what they wrote before."""
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
    """What leads to a queue that is not the name's own, as long as these events are in flight."""

    number: int
    event_ids: set[str] = field(default_factory=set)


class Routes:
    """The queues of one process. Who moves to another number or user id has another key from then
    on, and what comes from there would overtake the move and make somebody new: so it goes behind
    the move, and what follows goes behind that, until all of it is done.
    """

    def __init__(self, queues: int) -> None:
        self._queues = queues
        self._moves: dict[str, _Move] = {}

    def choose(self, event: StoredEvent) -> int:
        """The same queue for all events of one customer."""
        for name in self._list_followed(event):
            return self._moves[name].number
        key = event.sender_key or event.id
        return zlib.crc32(key.encode()) % self._queues

    def begin(self, event: StoredEvent) -> int:
        """The queue of an event that is in flight from now on."""
        number = self.choose(event)
        for name in {*event.moved_to, *self._list_followed(event)}:
            self._moves.setdefault(name, _Move(number)).event_ids.add(event.id)
        return number

    def end(self, events: Iterable[StoredEvent]) -> None:
        """They are applied, or left to others."""
        done = {event.id for event in events} if self._moves else ()
        for name, move in list(self._moves.items()):
            move.event_ids.difference_update(done)
            if not move.event_ids:
                del self._moves[name]

    def _list_followed(self, event: StoredEvent) -> Collection[str]:
        return [name for name in event.names if name in self._moves] if self._moves else ()
