"""What becomes of each webhook field besides messages: one file for each family of fields.

A field without a handler here, also one that Meta adds one day, is kept as an event of its account.
"""

from collections.abc import Awaitable, Callable, Sequence

from models import Account
from webhooks.apply.fields.accounts import ACCOUNT_FIELDS, find_named
from webhooks.apply.fields.calls import apply_call
from webhooks.apply.fields.customers import apply_preference, apply_user_id
from webhooks.apply.fields.echoes import apply_echo
from webhooks.apply.fields.records import record_change
from webhooks.apply.fields.templates import TEMPLATE_FIELDS
from webhooks.payload.items import (
    CALLS_FIELD,
    ECHOES_FIELD,
    PREFERENCES_FIELD,
    USER_IDS_FIELD,
    Item,
)

Handler = Callable[[Account, Item], Awaitable[None]]

_HANDLERS: dict[str, Handler] = {
    CALLS_FIELD: apply_call,
    ECHOES_FIELD: apply_echo,
    PREFERENCES_FIELD: apply_preference,
    USER_IDS_FIELD: apply_user_id,
    **ACCOUNT_FIELDS,
    **TEMPLATE_FIELDS,
}


async def apply_change(accounts: Sequence[Account], item: Item) -> None:
    """Applies an item of kind CHANGE to the accounts that it is for.

    Raises:
        Unfit: it has not the form that its field must have; nothing is written then.
    """
    handle = _HANDLERS.get(item.field_name or "", record_change)
    named = find_named(accounts, item)
    for account in named:
        await handle(account, item)
    if not named:
        # About a number of the same business that is not connected: worth knowing, no more.
        for account in accounts:
            await record_change(account, item)
