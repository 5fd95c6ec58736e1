"""Requests to Meta that somebody waits for: made with the account's own token, refused in words.

Messages don't go this way: they wait in the outbox.
"""

import logging
from collections.abc import Mapping
from typing import Any

from models import Account
from whatsapp.accounts import COLLECTION, stop_account
from whatsapp.cloud_api import CloudAPI
from whatsapp.cloud_errors import Action, classify, describe_stop
from whatsapp.crypto import DecryptionError, KeyRing
from whatsapp.errors import (
    CloudAPIError,
    CloudAPINotReached,
    CloudAPIOutcomeUnknown,
    MetaRefused,
    MetaUnreachable,
)

logger = logging.getLogger(__name__)


def open_access_token(keyring: KeyRing, account: Account) -> str:
    """Raises DecryptionError: the key that it was encrypted with is not in the ring."""
    return keyring.decrypt(
        account.access_token, collection=COLLECTION, id=account.id, field="access_token"
    )


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

        An error that means that the account can't work any more stops it, as in the outbox.

        Raises:
            MetaRefused: an error object.
            MetaUnreachable: no connection, no answer in time, or one that can't be read.
        """
        try:
            token = open_access_token(self._keyring, account)
            return await self._cloud_api.call(
                method,
                *path,
                access_token=token,
                graph_api_version=account.graph_api_version,
                query=query,
                body=body,
            )
        except DecryptionError as error:
            logger.error("Account %s can't be used: %s", account.id, error)
            raise MetaUnreachable from None
        except CloudAPIError as error:
            if classify(error) is Action.STOP_ACCOUNT:
                reason = describe_stop(error)
                logger.error("Account %s is stopped: %s", account.id, reason)
                await stop_account(account, reason=reason, code=error.code)
            raise MetaRefused(error) from None
        except (CloudAPINotReached, CloudAPIOutcomeUnknown) as error:
            logger.warning("Account %s: %s %s: %s", account.id, method, path[-1], error)
            raise MetaUnreachable from None
