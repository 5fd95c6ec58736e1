"""Filter for conversations. Each condition has an index or narrows the scan of another one.

| condition | index |
|---|---|
| `statuses` | `activity_by_status` |
| `assigneeId`, `unassigned` | `activity_by_assignee` |
| `tags` | `activity_by_tag`, a partial index of tagged conversations |
| `waiting`, `waitingSince` | `activity_of_unanswered`, a partial index |
| `unread` | at most 20,000 ids, from the index `unread` of messages |
| `windowOpen`, `activeSince` | a range of the last activity in the index that sorts the list |
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from graph.core.enums import ConversationStatus
from graph.core.errors import bad_input
from graph.core.ids import require_id
from graph.inputs.tag_filter import TagFilter
from models import UNANSWERED
from models.database.base import utc_now
from whatsapp.conversations.conversations import SERVICE_WINDOW
from whatsapp.conversations.inbox import list_unread_conversations


@strawberry.input(description="Filter for conversations; all given conditions must match.")
class ConversationFilter:
    statuses: list[ConversationStatus] | None = strawberry.field(
        default=None,
        description="Conversations with one of these statuses; an empty list does not limit.",
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="Conversations assigned to the agent with this id."
    )
    unassigned: bool | None = strawberry.field(
        default=None,
        description="Returns unassigned conversations if true, assigned ones if false.",
    )
    tags: TagFilter | None = strawberry.field(
        default=None, description="Conversations with these tags."
    )
    unread: bool | None = strawberry.field(
        default=None,
        description="Returns conversations with unread messages if true, others if false.",
    )
    waiting: bool | None = strawberry.field(
        default=None,
        description="Returns conversations whose last message needs an answer if true, others if"
        " false.",
    )
    waiting_since: datetime | None = strawberry.field(
        default=None,
        description="Conversations whose customer has waited for an answer since this time or"
        " longer.",
    )
    window_open: bool | None = strawberry.field(
        default=None,
        description="Returns conversations with an open service window if true, others if false.",
    )
    active_since: datetime | None = strawberry.field(
        default=None, description="Conversations with a message at this time or later."
    )

    @property
    def needs_accounts(self) -> bool:
        """True if its indexes begin with the account."""
        return self.tags is not None or bool(self.waiting) or self.waiting_since is not None

    async def list_conditions(self, of_accounts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match; `of_accounts` is a filter by account.

        Raises:
            RequestError: BAD_USER_INPUT, too many tags or unread conversations.
            NotFound: `assigneeId` is not the id of an agent.
        """
        return [
            *self._list_facts(),
            *(self.tags.list_conditions() if self.tags else []),
            *self._list_waiting(),
            *self._list_times(),
            *([await _match_unread(of_accounts, self.unread)] if self.unread is not None else []),
        ]

    def _list_facts(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.statuses:
            conditions.append({"status": {"$in": [status.value for status in self.statuses]}})
        if self.assignee_id is not None:
            agent_id = require_id(self.assignee_id, "Agent", "filter", "assigneeId")
            conditions.append({"assignee_id": agent_id})
        if self.unassigned is not None:
            conditions.append({"assignee_id": None if self.unassigned else {"$ne": None}})
        return conditions

    def _list_waiting(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.waiting is False:
            conditions.append({"unanswered_at.0": {"$exists": False}})
        if self.waiting or self.waiting_since is not None:
            conditions.append(UNANSWERED)
        if self.waiting_since is not None:
            conditions.append({"unanswered_at.0": {"$lte": self.waiting_since}})
        return conditions

    def _list_times(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.window_open is not None:
            opened = {"$gt": utc_now() - SERVICE_WINDOW}
            conditions.append({"last_inbound_at": opened if self.window_open else {"$not": opened}})
            if self.window_open:
                # The last activity is never before the customer's last message.
                conditions.append({"last_activity_at": opened})
        if self.active_since is not None:
            conditions.append({"last_activity_at": {"$gte": self.active_since}})
        return conditions


async def _match_unread(of_accounts: Mapping[str, Any], is_unread: bool) -> dict[str, Any]:
    ids = await list_unread_conversations(of_accounts)
    if ids is None:
        raise bad_input("Too many unread conversations for this filter; give `accountId`.")
    return {"_id": {"$in" if is_unread else "$nin": ids}}
