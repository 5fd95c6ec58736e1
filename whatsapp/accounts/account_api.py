"""Requests to Meta that a caller waits for, made with the account's token.

Messages are not sent this way but through the outbox.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from models import Account
from whatsapp.accounts.accounts import COLLECTION, stop_account
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.cloud_api.error_codes import Action, classify, describe_stop
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.errors import (
    CloudAPIError,
    CloudAPINotReached,
    CloudAPIOutcomeUnknown,
    MetaRefused,
    MetaUnreachable,
    SendingHeld,
)

logger = logging.getLogger(__name__)

RETRY_ADVICE = "Try again in a moment."


def decrypt_access_token(keyring: KeyRing, account: Account) -> str:
    """Returns the access token; raises DecryptionError if its key is not in the ring."""
    return keyring.decrypt(
        account.access_token, collection=COLLECTION, id=account.id, field="access_token"
    )


@asynccontextmanager
async def translating_cloud_api_errors(
    account: Account, operation: str, *, stops_account: bool = True
) -> AsyncIterator[None]:
    """Translates errors of a request to Meta into refusals; `operation` is for the log.

    With `stops_account`, an error such as an invalid token stops the account, as in the outbox.

    Raises:
        MetaRefused: an error object.
        MetaUnreachable: no connection, no response in time, or an unreadable response.
    """
    try:
        yield
    except DecryptionError as error:
        logger.error("The account can't be used: %s", error, extra={"account_id": account.id})
        raise MetaUnreachable from None
    except CloudAPIError as error:
        action = classify(error)
        if action is Action.STOP_ACCOUNT and stops_account:
            reason = describe_stop(error)
            logger.error("The account was stopped: %s", reason, extra={"account_id": account.id})
            await stop_account(account, reason=reason, code=error.code)
        is_transient = action not in (Action.STOP_ACCOUNT, Action.FAIL)
        raise MetaRefused(error, advice=RETRY_ADVICE if is_transient else None) from None
    except (CloudAPINotReached, CloudAPIOutcomeUnknown) as error:
        logger.warning("%s: %s", operation, error, extra={"account_id": account.id})
        raise MetaUnreachable from None


class AccountAPI:
    """Calls the Cloud API with an account's token."""

    def __init__(
        self,
        cloud_api: CloudAPI,
        *,
        keyring: KeyRing,
        stops_accounts: bool = True,
        is_held: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_held` returns True while nothing may reach customers."""
        self._is_held = is_held
        self._cloud_api = cloud_api
        self._keyring = keyring
        self._stops_accounts = stops_accounts

    async def call(
        self,
        account: Account,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        reaches_customer: bool = False,
        may_stop: bool = True,
    ) -> dict[str, Any]:
        """Sends a request and returns the response body; `path` follows the version.

        Args:
            reaches_customer: True for requests that a customer notices.
            may_stop: False for credentials that are tried before they are stored.

        Raises:
            SendingHeld: the request would reach a customer after a restore.
            MetaRefused, MetaUnreachable: see `translating_cloud_api_errors`.
        """
        if reaches_customer and self._is_held():
            raise SendingHeld
        async with translating_cloud_api_errors(
            account, f"{method} {path[-1]}", stops_account=self._stops_accounts and may_stop
        ):
            token = decrypt_access_token(self._keyring, account)
            response = await self._cloud_api.call(
                method,
                *path,
                access_token=token,
                graph_api_version=account.graph_api_version,
                query=query,
                body=body,
            )
        return response  # noqa: RET504 - mypy sees that a context manager might swallow an error
