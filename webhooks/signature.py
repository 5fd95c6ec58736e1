"""Whose app secret signed a body, and whose verify token a handshake shows.

Protects: only who has a known secret gets anything stored, parsed or processed.
Does not protect: against a captured body posted again; storing each body once does.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Sequence

from pymongo.errors import PyMongoError

from models import Account
from models.base import collection
from whatsapp.crypto import DecryptionError, KeyRing, digest_secret
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

RELOAD_SECONDS = 5.0
# A body whose secret is not known may have one that was stored a moment ago.
RELOAD_ON_MISS_SECONDS = 1.0
# With a hundred secrets a larger body takes some 5 ms and more, for which everybody would wait.
MAX_BYTES_ON_LOOP = 64 * 1024
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


class NoSecretKnown(Exception):
    """Neither an account nor the settings have an app secret: nothing can be verified."""


def read_signature(headers: Sequence[str]) -> bytes | None:
    """The hex digest of the one `X-Hub-Signature-256` header, or None if there is no such one."""
    match = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    return match.group(1).encode() if match else None


def default_secret_digest(settings: Settings) -> str | None:
    secret = settings.meta_app_secret
    return digest_secret(secret.get_secret_value()) if secret else None


def _match(secrets: Sequence[tuple[str, bytes]], body: bytes, signature: bytes) -> str | None:
    for digest, secret in secrets:
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        if hmac.compare_digest(expected, signature):
            return digest
    return None


class SecretBook:
    """Every distinct app secret, the default first, kept in memory for a few seconds."""

    def __init__(self, *, settings: Settings, keyring: KeyRing) -> None:
        self._settings = settings
        self._keyring = keyring
        self._secrets: dict[str, bytes] = {}
        self._loaded_at: float | None = None
        self._loading = asyncio.Lock()
        self._matching = asyncio.Lock()

    async def find_signer(self, body: bytes, *, signature: bytes) -> str | None:
        """Digest of the secret that signed these bytes, or None if no known one did.

        Raises:
            NoSecretKnown: there is none to try.
            PyMongoError: the secrets had to be read, and couldn't be.
        """
        if self._is_older_than(RELOAD_SECONDS):
            await self._reload_or_keep()
        signer = await self._match(body, signature)
        if signer is None and self._is_older_than(RELOAD_ON_MISS_SECONDS):
            await self._reload(RELOAD_ON_MISS_SECONDS)
            signer = await self._match(body, signature)
        if not self._secrets:
            raise NoSecretKnown
        return signer

    async def _match(self, body: bytes, signature: bytes) -> str | None:
        secrets = list(self._secrets.items())
        if len(body) <= MAX_BYTES_ON_LOOP:
            return _match(secrets, body, signature)
        # One at a time: whoever posts such bodies unsigned takes no more than one core.
        async with self._matching:
            return await asyncio.to_thread(_match, secrets, body, signature)

    def _is_older_than(self, seconds: float) -> bool:
        return self._loaded_at is None or time.monotonic() - self._loaded_at > seconds

    async def _reload_or_keep(self) -> None:
        """A secret that was right a while ago is still good while MongoDB is away."""
        try:
            await self._reload(RELOAD_SECONDS)
        except PyMongoError:
            if self._loaded_at is None:
                raise

    async def _reload(self, older_than: float) -> None:
        async with self._loading:
            if not self._is_older_than(older_than):
                return
            started = time.monotonic()
            self._secrets = await self._read_secrets()
            self._loaded_at = started

    async def _read_secrets(self) -> dict[str, bytes]:
        secrets: dict[str, bytes] = {}
        default = self._settings.meta_app_secret
        if default is not None:
            text = default.get_secret_value()
            secrets[digest_secret(text)] = text.encode()
        accounts = collection(Account).find(
            {"deleted_at": None, "app_secret": {"$ne": None}}, {"app_secret": 1}
        )
        async for account in accounts:
            try:
                text = self._keyring.decrypt(
                    account["app_secret"],
                    collection="accounts",
                    id=account["_id"],
                    field="app_secret",
                )
            except DecryptionError as error:
                logger.error("%s", error)
                continue
            secrets[digest_secret(text)] = text.encode()
        return secrets


async def is_verify_token(token: str, *, settings: Settings) -> bool:
    """Whether it is the default verify token or that of an account.

    Raises:
        PyMongoError: the accounts had to be asked, and couldn't be.
    """
    default = settings.meta_verify_token
    if default is not None and hmac.compare_digest(
        default.get_secret_value().encode(), token.encode(errors="surrogatepass")
    ):
        return True
    digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
    # Finding a digest in an index tells an attacker's clock nothing about the token.
    query = {"verify_token_digest": digest, "deleted_at": None}
    return await collection(Account).find_one(query, {"_id": 1}) is not None
