"""Mutations of parked items: replay and discard."""

from collections.abc import Sequence

import strawberry

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.user_errors import UserError, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.parked_items import ParkedItem, find_parked_items, load_parked_items
from models import AuditAction, ParkedState
from models.database.base import collection, utc_now
from whatsapp.errors import InvalidInput, NotFound

MAX_ITEMS = 100


@strawberry.input
class ParkedItemIdsInput:
    ids: list[strawberry.ID] = strawberry.field(description="Ids of up to 100 parked items.")


@strawberry.type(description="Result of a mutation that changes parked items.")
class ParkedItemsPayload:
    parked_items: list[ParkedItem] | None = strawberry.field(
        default=None,
        description="Current state of the items, in the given order; null if the mutation was"
        " refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(
    description="Result of `replayParkedItems`: each item is APPLIED, or PARKED with its current"
    " reason."
)
class ReplayParkedItemsPayload(ParkedItemsPayload):
    pass


@strawberry.type
class ParkedItemMutations:
    @mutation_field(
        IsAdmin,
        audit=AuditAction.PARKED_ITEMS_REPLAYED,
        description="Tries to apply parked items again; items that were applied or discarded do"
        " not change. Requires role ADMIN.",
    )
    async def replay_parked_items(
        self, info: Info, input: ParkedItemIdsInput
    ) -> ReplayParkedItemsPayload:
        item_ids = [item.id for item in await _find_items(info, input.ids)]
        await info.context.services.replay_parked(item_ids)
        # A replay may move an item to an account that the caller can't see.
        items = await load_parked_items(item_ids)
        return ReplayParkedItemsPayload(
            parked_items=[ParkedItem.from_document(item) for item in items]
        )

    @mutation_field(
        IsAdmin,
        audit=AuditAction.PARKED_ITEMS_DISCARDED,
        description="Marks parked items as discarded; they stay in the list. Requires role ADMIN.",
    )
    async def discard_parked_items(
        self, info: Info, input: ParkedItemIdsInput
    ) -> ParkedItemsPayload:
        item_ids = [item.id for item in await _find_items(info, input.ids)]
        await collection(models.ParkedItem).update_many(
            {"_id": {"$in": item_ids}, "state": ParkedState.PARKED.value},
            {"$set": {"state": ParkedState.DISCARDED.value, "resolved_at": utc_now()}},
        )
        items = await _find_items(info, input.ids)
        return ParkedItemsPayload(parked_items=[ParkedItem.from_document(item) for item in items])


async def _find_items(info: Info, global_ids: Sequence[str]) -> list[models.ParkedItem]:
    """Loads all items. Raises InvalidInput for too many, NotFound if one is missing."""
    if len(global_ids) > MAX_ITEMS:
        raise InvalidInput(f"Give at most {MAX_ITEMS} items.", field=["ids"])
    documents = await find_parked_items(get_viewer(info), dict.fromkeys(global_ids))
    items = [item for item in documents if item is not None]
    if len(items) < len(documents):
        raise NotFound("A parked item", field=["ids"])
    return items
