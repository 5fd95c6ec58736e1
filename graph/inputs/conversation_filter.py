"""Filter for conversations. Each condition has an index or narrows the scan of another one.

| condition | index |
|---|---|
| `statuses` | `activity_of_account_by_status` |
| `assignee` | `activity_of_account_by_assignee` |
| `tags` | `activity_by_tag`, a partial index of tagged conversations |
| `waiting`, `waitingSince` | `activity_of_unanswered`, a partial index |
| `unread` | at most 20,000 ids, from the index `unread` of messages |
| `contactAttributes` | at most 10,000 ids, from the index `newest_by_attribute` of contacts |
| `windowOpen`, `activeSince` | a range of the last activity in the index that sorts the list |
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry
from beanie import PydanticObjectId
from strawberry import Maybe
from strawberry.scalars import JSON

from graph.core.enums import ConversationStatus
from graph.core.errors import bad_input
from graph.core.ids import require_id
from graph.inputs.contact_filter import ATTRIBUTES, list_attribute_conditions
from graph.inputs.one_of import read_one_of
from graph.inputs.tag_filter import TagFilter
from models import UNANSWERED, Contact
from models.database.base import collection, utc_now
from whatsapp.conversations.conversations import SERVICE_WINDOW
from whatsapp.conversations.inbox import list_unread_conversations

# So many contacts are named in the query for their conversations.
MAX_CONTACTS = 10_000


@strawberry.input(
    one_of=True, description="Filter by assignee; exactly one condition must be given."
)
class AssigneeFilter:
    is_: Maybe[strawberry.ID] = strawberry.field(name="is", description="Assigned to this agent.")
    none: Maybe[bool] = strawberry.field(
        description="Unassigned if true, assigned to any agent if false."
    )

    def match(self) -> dict[str, Any]:
        """Returns a MongoDB filter.

        Raises:
            NotFound: `is` is not the id of an agent.
        """
        name, value = read_one_of(self)
        if name == "is_":
            return {"assignee_id": require_id(value, "Agent", "filter", "assignee", "is")}
        return {"assignee_id": None if value else {"$ne": None}}


@strawberry.input(description="Filter for conversations; all given conditions must match.")
class ConversationFilter:
    statuses: list[ConversationStatus] | None = strawberry.field(
        default=None,
        description="Conversations with one of these statuses; an empty list has no effect.",
    )
    assignee: AssigneeFilter | None = strawberry.field(
        default=None, description="Conversations by their assignee."
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
        " earlier.",
    )
    window_open: bool | None = strawberry.field(
        default=None,
        description="Returns conversations with an open service window if true, others if false.",
    )
    active_since: datetime | None = strawberry.field(
        default=None, description="Conversations with a message at this time or later."
    )
    contact_attributes: JSON | None = strawberry.field(
        default=None,
        description=f"Conversations whose contact has these attributes: {ATTRIBUTES} Refused if"
        f" more than {MAX_CONTACTS:,} contacts with a conversation have them.",
    )

    @property
    def needs_accounts(self) -> bool:
        """True if its indexes begin with the account."""
        has_facts = bool(self.statuses) or self.assignee is not None or self.tags is not None
        has_waiting = bool(self.waiting) or self.waiting_since is not None
        has_indexes = has_facts or has_waiting or self.unread is not None
        return has_indexes or bool(self.contact_attributes)

    def list_conditions(self, unread_ids: Sequence[PydanticObjectId]) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match, without those by the contact.

        Raises:
            RequestError: BAD_USER_INPUT, too many tags.
            NotFound: `assignee.is` is not the id of an agent.
        """
        conditions = [*self._list_facts(), *self._list_waiting(), *self._list_times()]
        if self.tags is not None:
            conditions += self.tags.list_conditions()
        if self.unread is not None:
            conditions.append({"_id": {"$in" if self.unread else "$nin": unread_ids}})
        return conditions

    def list_contact_conditions(self) -> list[dict[str, Any]]:
        """Returns MongoDB filters for the contacts of the conversations; empty for all contacts.

        Raises:
            RequestError: BAD_USER_INPUT, invalid attributes.
        """
        return list_attribute_conditions(self.contact_attributes)

    def _list_facts(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = []
        if self.statuses:
            conditions.append({"status": {"$in": [status.value for status in self.statuses]}})
        if self.assignee is not None:
            conditions.append(self.assignee.match())
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


async def list_conditions(
    filters: Sequence[ConversationFilter], of_accounts: Mapping[str, Any]
) -> list[list[dict[str, Any]]]:
    """Returns the conditions of each filter; `of_accounts` is a filter by account.

    Raises:
        RequestError: BAD_USER_INPUT, invalid attributes, or too many tags, unread conversations
            or contacts with the attributes.
        NotFound: `assignee.is` is not the id of an agent.
    """
    unread_ids: list[PydanticObjectId] | None = []
    if any(conversation_filter.unread is not None for conversation_filter in filters):
        unread_ids = await list_unread_conversations(of_accounts)
    if unread_ids is None:
        raise bad_input("Too many unread conversations for this filter; give `accountId`.")
    contacts = await asyncio.gather(
        *(_match_contacts(conversation_filter, of_accounts) for conversation_filter in filters)
    )
    return [
        [*conversation_filter.list_conditions(unread_ids), *conditions]
        for conversation_filter, conditions in zip(filters, contacts, strict=True)
    ]


async def _match_contacts(
    one: ConversationFilter, of_accounts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    conditions = one.list_contact_conditions()
    if not conditions:
        return []
    matched = {"$and": [of_accounts, {"has_conversation": True}, *conditions]}
    contacts = collection(Contact).find(matched, {"_id": 1}).limit(MAX_CONTACTS + 1)
    ids = [contact["_id"] for contact in await contacts.to_list()]
    if len(ids) > MAX_CONTACTS:
        raise bad_input(
            "Too many contacts have these attributes; give `accountId` or more attributes."
        )
    return [{"contact_id": {"$in": ids}}]
