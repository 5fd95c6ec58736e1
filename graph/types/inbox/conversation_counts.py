"""Counts of conversations by filter, such as those beside the folders of an inbox."""

from collections.abc import Hashable, Sequence
from typing import Annotated

import strawberry

import models
from graph.core.connections import ListCount
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.errors import bad_input
from graph.core.loaders import Count, CountQuery, count_documents
from graph.inputs.conversation_filter import ConversationFilter, list_conditions
from graph.types.connection_field import AccountId, name_accounts
from graph.types.id_arguments import read_id_arguments, require_visible_ids

MAX_FILTERS = 20
Filters = Annotated[
    list[ConversationFilter],
    strawberry.argument(description="Filters; an empty one counts all conversations."),
]


@strawberry.type
class ConversationCountQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description=f"Counts the conversations that match each of up to {MAX_FILTERS} filters, in"
        " their order. You may repeat it after each event: an equal request waits until a second"
        " after the previous one. Costs 10 objects per filter. Requires role VIEWER.",
    )
    async def conversation_counts(
        self,
        info: Info,
        filters: Filters,
        account_id: AccountId = None,
    ) -> list[ListCount] | None:
        key = make_counts_key(info, account_id, filters)
        read_id_arguments({"filters": filters})
        counts = await info.context.services.conversation_counts.read(
            key, lambda: count_conversations(info, account_id, filters)
        )
        empty = [each for each, count in zip(filters, counts, strict=True) if not count.value]
        is_empty = len(empty) == len(filters)
        await require_visible_ids(
            info, {"account_id": account_id if is_empty else None, "filters": empty}
        )
        return [ListCount.from_count(count) for count in counts]


def make_counts_key(
    info: Info, account_id: str | None, filters: Sequence[ConversationFilter]
) -> Hashable:
    """Checks the filters; the key is equal for callers with equal rights and filters.

    Raises:
        RequestError: BAD_USER_INPUT, too many filters.
    """
    if len(filters) > MAX_FILTERS:
        raise bad_input(f"Use at most {MAX_FILTERS} filters.")
    viewer = get_viewer(info)
    return (viewer.workspace_id, viewer.account_ids, account_id, repr(filters))


async def count_conversations(
    info: Info, account_id: str | None, filters: Sequence[ConversationFilter]
) -> list[Count]:
    """Counts the conversations that match each filter.

    Raises:
        RequestError: BAD_USER_INPUT, an invalid filter or too many unread conversations.
        NotFound: a filter names an agent that does not exist.
    """
    of_accounts = await name_accounts(info, account_id)
    account_ids = of_accounts["account_id"]["$in"]
    await info.context.services.live.summaries.wait(get_viewer(info), account_ids)
    return await count_documents(
        [
            CountQuery(models.Conversation, {"$and": [of_accounts, *conditions]})
            for conditions in await list_conditions(filters, of_accounts)
        ]
    )
