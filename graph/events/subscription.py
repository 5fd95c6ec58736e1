"""Subscriptions whose arguments have been checked: a filter and a start position."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from beanie import PydanticObjectId
from graphql import FragmentDefinitionNode, OperationDefinitionNode

from graph.events.change_stream import EVERYTHING
from graph.events.cursors import Position
from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from whatsapp.auth.access import Viewer


@dataclass(frozen=True)
class EventFilter:
    """Selects the events that a subscription requests and its viewer may see."""

    viewer: Viewer
    kinds: Collection[EventKind]
    account_id: PydanticObjectId | None = None
    conversation_id: PydanticObjectId | None = None

    @property
    def channel(self) -> str:
        """The narrowest channel that carries all matching events."""
        if self.conversation_id is not None:
            return f"conversation:{self.conversation_id}"
        if self.account_id is not None:
            return f"account:{self.account_id}"
        if self.viewer.account_ids is not None and len(self.viewer.account_ids) == 1:
            return f"account:{next(iter(self.viewer.account_ids))}"
        return EVERYTHING

    def matches(self, event: LiveEvent) -> bool:
        return (
            event.kind in self.kinds
            and self.viewer.can_see(event.account_id)
            and self.account_id in (None, event.account_id)
            and self.conversation_id in (None, event.conversation_id)
        )


class CheckedSubscription(NamedTuple):
    """A subscription that passed all checks; its resolver leaves it in the context."""

    event_filter: EventFilter
    position: Position | None
    """Events after this position are sent first; None starts at the present."""
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
