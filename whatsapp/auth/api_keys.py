"""API keys: creation, authentication and revocation.

A key is `wag_<prefix>_<secret>`. The prefix finds the document, then the SHA-256 of the whole key
is compared. The secret has 256 random bits, so a fast hash is as safe as a slow one.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from beanie import PydanticObjectId

from models import ApiKey, Role
from models.database.base import collection, utc_now
from models.database.coalescing import find_by
from models.database.conversion import from_bson
from whatsapp.auth.access import Viewer
from whatsapp.auth.identity_provider import IdentityProvider
from whatsapp.common.crypto import digest_secret

PREFIX = "wag_"
_TOKEN = re.compile(r"wag_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)
LAST_USED_STEP = timedelta(minutes=1)


async def create_api_key(
    *,
    name: str,
    role: Role,
    account_ids: list[PydanticObjectId] | None = None,
    expires_at: datetime | None = None,
    created_by: str | None = None,
) -> tuple[ApiKey, str]:
    """Creates a key; returns the document and the key itself, which is shown only once."""
    prefix = secrets.token_hex(6)
    token = f"wag_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        name=name,
        prefix=prefix,
        secret_hash=digest_secret(token),
        role=role,
        account_ids=account_ids,
        expires_at=expires_at,
        created_by=created_by,
    )
    await key.insert()
    return key, token


async def authenticate_api_key(token: str) -> Viewer | None:
    """Returns the key's viewer, or None if it is malformed, unknown, expired or revoked."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    stored = await find_by(ApiKey, "prefix").load(match[1])
    key = None if stored is None else from_bson(ApiKey, stored)
    if key is None or not hmac.compare_digest(key.secret_hash, digest_secret(token)):
        return None
    if not is_valid(key, utc_now()):
        return None
    await _record_use(key)
    return view_key(key)


def is_valid(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def view_key(key: ApiKey) -> Viewer:
    accounts = None if key.account_ids is None else frozenset(key.account_ids)
    return Viewer(
        credential_id=key.id,
        name=key.name,
        role=key.role,
        account_ids=accounts,
        expires_at=key.expires_at,
    )


async def list_viewers(key_ids: Iterable[PydanticObjectId]) -> dict[PydanticObjectId, Viewer]:
    """Returns the current rights of the given keys that are still valid."""
    now = utc_now()
    keys = await ApiKey.find({"_id": {"$in": list(key_ids)}}).to_list()
    return {key.id: view_key(key) for key in keys if is_valid(key, now)}


async def revoke_api_key(key: ApiKey) -> ApiKey:
    """Revokes a key; its open sockets are closed within seconds. Repeating it is harmless."""
    await collection(ApiKey).update_one(
        {"_id": key.id, "revoked_at": None}, {"$set": {"revoked_at": utc_now()}}
    )
    return await ApiKey.get(key.id) or key


async def _record_use(key: ApiKey) -> None:
    # At most one write a minute, so that a busy key does not write its document on every request.
    now = utc_now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_STEP:
        await collection(ApiKey).update_one({"_id": key.id}, {"$max": {"last_used_at": now}})


class Authenticator:
    """Authenticates API keys, and tokens of the identity provider if there is one."""

    def __init__(self, provider: IdentityProvider | None = None) -> None:
        self._provider = provider

    async def authenticate(self, credential: str) -> Viewer | None:
        """Returns the viewer, or None if the credential is invalid, expired or revoked.

        Raises:
            PyMongoError: MongoDB is unavailable.
            ProviderUnavailable: the identity provider's keys could not be fetched yet.
        """
        if credential.startswith(PREFIX):
            return await authenticate_api_key(credential)
        return await self._provider.authenticate(credential) if self._provider else None
