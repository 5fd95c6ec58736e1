"""Counts of conversations by filter, such as those beside the folders of an inbox."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

import models
from graph.core.connections import ListCount
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.errors import bad_input
from graph.core.loaders import Count, CountQuery, count_documents
from graph.inputs.conversation_filter import ConversationFilter, list_conditions
from graph.types.connection_field import AccountId, name_accounts

MAX_FILTERS = 20


@strawberry.type
class ConversationCountQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description=f"Counts the conversations that match each filter, in the order of up to"
        f" {MAX_FILTERS} filters. A repeated request waits until a second after the previous equal"
        " one, so it may follow each event. Costs 10 objects per filter. Requires role VIEWER.",
    )
    async def conversation_counts(
        self,
        info: Info,
        filters: Annotated[
            list[ConversationFilter],
            strawberry.argument(description="Filters; an empty one counts all conversations."),
        ],
        account_id: AccountId = None,
    ) -> list[ListCount] | None:
        if len(filters) > MAX_FILTERS:
            raise bad_input(f"Use at most {MAX_FILTERS} filters.")
        # Equal requests of callers with the same rights are one read.
        key = (get_viewer(info).account_ids, account_id, repr(filters))
        counts = await info.context.services.conversation_counts.read(
            key, lambda: _count(info, account_id, filters)
        )
        return [ListCount.from_count(count) for count in counts]


async def _count(
    info: Info, account_id: str | None, filters: Sequence[ConversationFilter]
) -> list[Count]:
    of_accounts = await name_accounts(info, account_id)
    account_ids = of_accounts["account_id"]["$in"]
    await info.context.services.live.summaries.wait(account_ids=account_ids)
    return await count_documents(
        [
            CountQuery(models.Conversation, {"$and": [of_accounts, *conditions]})
            for conditions in await list_conditions(filters, of_accounts)
        ]
    )
