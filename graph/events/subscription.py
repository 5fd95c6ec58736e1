"""Subscriptions whose arguments have been checked: a filter and a start position."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from beanie import PydanticObjectId
from graphql import FragmentDefinitionNode, OperationDefinitionNode

from graph.events.differences import EventKind
from graph.events.events import LiveEvent
from graph.events.live_source import EVERYTHING
from models.changes.position import Position
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
            and self._includes_accounts(event)
            and self.conversation_id in (None, event.conversation_id)
        )

    def includes_account(
        self, workspace_id: PydanticObjectId, account_id: PydanticObjectId
    ) -> bool:
        is_visible = workspace_id == self.viewer.workspace_id and self.viewer.is_allowed(account_id)
        return is_visible and self.account_id in (None, account_id)

    def _includes_accounts(self, event: LiveEvent) -> bool:
        if event.account_id is not None:
            return self.includes_account(event.workspace_id, event.account_id)
        if event.workspace_id != self.viewer.workspace_id:
            return False
        account_ids = self.viewer.account_ids if self.account_id is None else {self.account_id}
        if account_ids is None:
            return True
        if event.account_ids is None:
            return bool(account_ids)
        return not account_ids.isdisjoint(event.account_ids)


class CheckedSubscription(NamedTuple):
    """A subscription that passed all checks; its resolver leaves it in the context."""

    event_filter: EventFilter
    position: Position | None
    """Events after this position are sent first; None starts with the next event."""
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
