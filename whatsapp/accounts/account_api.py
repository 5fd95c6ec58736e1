"""Requests to Meta that somebody waits for: made with the account's own token, refused in words.

Messages don't go this way: they wait in the outbox.
"""

import logging
from collections.abc import AsyncIterator, Mapping
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
)

logger = logging.getLogger(__name__)

RETRY_ADVICE = "Try again in a moment."


def decrypt_access_token(keyring: KeyRing, account: Account) -> str:
    """Raises DecryptionError: the key that it was encrypted with is not in the ring."""
    return keyring.decrypt(
        account.access_token, collection=COLLECTION, id=account.id, field="access_token"
    )


@asynccontextmanager
async def translating_cloud_api_errors(account: Account, what: str) -> AsyncIterator[None]:
    """Turns what may come of a request to Meta into refusals; `what` is for the log.

    An error that means that the account can't work any more stops it, as in the outbox.

    Raises:
        MetaRefused: an error object.
        MetaUnreachable: no connection, no answer in time, or one that can't be read.
    """
    try:
        yield
    except DecryptionError as error:
        logger.error("Account %s can't be used: %s", account.id, error)
        raise MetaUnreachable from None
    except CloudAPIError as error:
        action = classify(error)
        if action is Action.STOP_ACCOUNT:
            reason = describe_stop(error)
            logger.error("Account %s is stopped: %s", account.id, reason)
            await stop_account(account, reason=reason, code=error.code)
        is_transient = action not in (Action.STOP_ACCOUNT, Action.FAIL)
        raise MetaRefused(error, advice=RETRY_ADVICE if is_transient else None) from None
    except (CloudAPINotReached, CloudAPIOutcomeUnknown) as error:
        logger.warning("Account %s: %s: %s", account.id, what, error)
        raise MetaUnreachable from None


class AccountAPI:
    """The Cloud API as one account sees it."""

    def __init__(self, cloud_api: CloudAPI, *, keyring: KeyRing) -> None:
        self._cloud_api = cloud_api
        self._keyring = keyring

    async def call(
        self,
        account: Account,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One request and its answer; `path` follows the version.

        Raises:
            MetaRefused, MetaUnreachable: as `translating_cloud_api_errors`.
        """
        async with translating_cloud_api_errors(account, f"{method} {path[-1]}"):
            token = decrypt_access_token(self._keyring, account)
            answer = await self._cloud_api.call(
                method,
                *path,
                access_token=token,
                graph_api_version=account.graph_api_version,
                query=query,
                body=body,
            )
        return answer  # noqa: RET504 - mypy sees that a context manager might swallow an error
