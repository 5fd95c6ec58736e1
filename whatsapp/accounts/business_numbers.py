"""The phone numbers of a business account, as Meta lists them for an access token."""

from collections.abc import Mapping
from typing import Any

from models import Account
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.errors import MetaRefused

PAGE_SIZE = 100
MAX_PAGES = 50


async def find_business_number(
    account_api: AccountAPI, account: Account, *, fields: str = "id", may_stop: bool = True
) -> Mapping[str, Any] | None:
    """Returns Meta's fields of the account's number; None if its business account has no such one.

    Raises:
        MetaRefused, MetaUnreachable: the business account can't be read with the account's token.
    """
    path = (account.business_account_id, "phone_numbers")
    query = {"fields": fields, "limit": str(PAGE_SIZE)}
    for _ in range(MAX_PAGES):
        page = await account_api.call(account, "GET", *path, query=query, may_stop=may_stop)
        numbers = page.get("data")
        for number in numbers if isinstance(numbers, list) else ():
            if isinstance(number, dict) and number.get("id") == account.phone_number_id:
                return number
        after = _find_next(page)
        if after is None:
            break
        query |= {"after": after}
    return None


def is_unknown_object(refusal: MetaRefused) -> bool:
    """Returns True for 100/33: the token is valid, but can't read the object."""
    return (refusal.error.code, refusal.error.subcode) == (100, 33)


def _find_next(page: Mapping[str, Any]) -> str | None:
    paging = page.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None
