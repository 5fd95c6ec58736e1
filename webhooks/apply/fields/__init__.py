"""Handlers of webhook fields other than messages, a file for each family of fields.

A field without a handler is stored as an event of its account, also one that Meta may add.
"""

from collections.abc import Awaitable, Callable

from models import Account
from webhooks.apply.fields.accounts import ACCOUNT_FIELDS, find_named
from webhooks.apply.fields.calls import apply_call
from webhooks.apply.fields.customers import apply_preference, apply_user_id
from webhooks.apply.fields.echoes import apply_echo
from webhooks.apply.fields.records import record_change
from webhooks.apply.fields.templates import TEMPLATE_FIELDS
from webhooks.apply.tasks import Task
from webhooks.payload.items import (
    CALLS_FIELD,
    ECHOES_FIELD,
    PREFERENCES_FIELD,
    USER_IDS_FIELD,
    Item,
)
from whatsapp.common.erased_people import ErasedPerson

Handler = Callable[[Account, Item], Awaitable[None]]

_HANDLERS: dict[str, Handler] = {
    CALLS_FIELD: apply_call,
    ECHOES_FIELD: apply_echo,
    PREFERENCES_FIELD: apply_preference,
    USER_IDS_FIELD: apply_user_id,
    **ACCOUNT_FIELDS,
    **TEMPLATE_FIELDS,
}


async def apply_change(task: Task) -> None:
    """Applies an item of kind CHANGE to its accounts.

    Raises:
        ItemRejected: the value is invalid for its field, and nothing was written.
        ErasedPerson: it is about a customer who was erased after it, of one of the accounts.
    """
    item = task.item
    named_accounts = find_named(task.accounts, item)
    # Without a named account it is about another number of the business, not connected here.
    handle = (
        _HANDLERS.get(item.field_name or "", record_change) if named_accounts else record_change
    )
    erased: ErasedPerson | None = None
    for account in named_accounts or task.accounts:
        try:
            await handle(account, item)
        except ErasedPerson as error:
            erased = error
    if erased is not None:
        raise erased
