"""Proof at Meta that a number belongs to the caller, before its account is stored.

A proof is that the access token reads the business account, and that Meta lists the number in it.
Without a proof nothing is said about connected accounts: the database is not asked.
"""

import asyncio
import logging
from typing import Any

from models import Account
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.business_numbers import find_business_number, is_unknown_object
from whatsapp.cloud_api.error_codes import TOKEN_CODES
from whatsapp.cloud_api.responses import text_or_none
from whatsapp.errors import MetaRefused, MetaUnreachable, NumberNotProven

logger = logging.getLogger(__name__)

# Every version of the Graph API has these fields, so a refusal is not about them.
_SHOWN_FIELDS = ("display_phone_number", "verified_name")
# Unknown ids, objects of another type, and missing permissions.
_UNREADABLE = frozenset({3, 10, 33, 100, 803, *range(200, 300)})


class NumberProof:
    """Asks Meta about accounts whose credentials are not stored yet."""

    def __init__(self, account_api: AccountAPI, *, seconds: float) -> None:
        """`seconds` is the deadline of a proof, which may read several pages of numbers."""
        self._api = account_api
        self._seconds = seconds

    async def require_number(self, account: Account) -> dict[str, Any]:
        """Returns the fields that Meta reports about the number, to store with the account.

        Raises:
            NumberNotProven: the token is refused, can't read the business account, or the number
                is not in it.
            MetaRefused, MetaUnreachable: Meta did not answer the question.
        """
        try:
            async with asyncio.timeout(self._seconds):
                number = await find_business_number(
                    self._api, account, fields=",".join(("id", *_SHOWN_FIELDS)), may_stop=False
                )
        except TimeoutError:
            raise MetaUnreachable from None
        except MetaRefused as refusal:
            raise _explain(refusal, account) from None
        if number is None:
            raise NumberNotProven(
                f"The business account {account.business_account_id} has no number"
                f" {account.phone_number_id}: correct phoneNumberId or businessAccountId.",
                field=["phoneNumberId"],
            )
        shown = {name: text_or_none(number.get(name)) for name in _SHOWN_FIELDS}
        return {name: value for name, value in shown.items() if value}

    async def require_token(self, account: Account) -> dict[str, Any]:
        """Refuses a new token of a connected number if Meta says that it can't read the number.

        Without an answer the token is accepted, because the number was proven before and an old
        token may have to be replaced while Meta is unavailable.

        Raises:
            NumberNotProven: Meta refused the token, or it can't read the number.
        """
        path, query = account.phone_number_id, {"fields": "id"}
        try:
            async with asyncio.timeout(self._seconds):
                await self._api.call(account, "GET", path, query=query, may_stop=False)
        except MetaRefused as refusal:
            if refusal.error.code in TOKEN_CODES:
                raise _explain(refusal, account) from None
            if is_unknown_object(refusal):
                raise NumberNotProven(
                    f"The access token can't read the number {account.phone_number_id}: assign its"
                    " business account to the token's system user.",
                    field=["accessToken"],
                    error=refusal.error,
                ) from None
            self._log_unproven(account, refusal.message)
        except (TimeoutError, MetaUnreachable):
            self._log_unproven(account, "no answer")
        return {}

    def _log_unproven(self, account: Account, reason: str) -> None:
        logger.warning(
            "A new access token was stored without an answer from Meta: %s",
            reason,
            extra={"account_id": account.id},
        )


def _explain(refusal: MetaRefused, account: Account) -> MetaRefused | NumberNotProven:
    """Returns the refusal that names the value to correct, if Meta's error is about a value."""
    error = refusal.error
    reason = f"{error.title} (error {error.code})"
    if error.code in TOKEN_CODES:
        return NumberNotProven(
            f"WhatsApp refused the access token: {reason}. Generate a new one.",
            field=["accessToken"],
            error=error,
        )
    if error.code in _UNREADABLE:
        return NumberNotProven(
            f"The access token can't read the business account {account.business_account_id}:"
            f" {reason}. Correct businessAccountId, or assign the business account to the token's"
            " system user and generate a token with the permission whatsapp_business_management.",
            field=["businessAccountId"],
            error=error,
        )
    return refusal
