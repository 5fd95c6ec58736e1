"""Whose app secret signed a body, and whose verify token a handshake shows.

Protects: only who has a known secret gets anything stored, parsed or processed.
Does not protect: against a captured body posted again; storing each body once does.

A webhook URL names the secret that is tried. It also leads to the present secrets of accounts that
had the named one before, because Meta posts to the same URL after a secret was replaced.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from models import Account
from models.database.base import collection
from webhooks.store.matching import SecretMatcher
from whatsapp.accounts.webhook_subscription import default_secret_digest, name_secret
from whatsapp.common.crypto import DecryptionError, KeyRing, digest_secret
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

RELOAD_SECONDS = 5.0
# A body whose secret is not known may have one that was stored a moment ago.
RELOAD_ON_MISS_SECONDS = 1.0
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


class NoSecretKnown(Exception):
    """No app secret is known to which the URL could refer: nothing can be verified."""


def read_signature(headers: Sequence[str]) -> bytes | None:
    """The hex digest of the one `X-Hub-Signature-256` header, or None if there is no such one."""
    match = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    return match.group(1).encode() if match else None


class SecretBook:
    """Every distinct app secret, the default first, kept in memory for a few seconds."""

    def __init__(self, *, settings: Settings, keyring: KeyRing) -> None:
        self._settings = settings
        self._keyring = keyring
        self._secrets: dict[str, bytes] = {}
        self._named: dict[str, list[str]] = {}
        """Digests of the secrets to which a URL with this name leads."""
        self._default = default_secret_digest(settings)
        self._opened: dict[str, bytes] = {}
        """Secrets by their ciphertexts, so that each is decrypted once."""
        self._loaded_at: float | None = None
        self._loading = asyncio.Lock()
        self._matcher = SecretMatcher()

    async def find_signer(self, body: bytes, *, signature: bytes, name: str | None) -> str | None:
        """Digest of the secret that signed these bytes, or None if no known one did.

        `name` is the URL's name of the secret; without one every known secret is tried.

        Raises:
            NoSecretKnown: there is none to try.
            PyMongoError: the secrets had to be read, and couldn't be.
        """
        if self._is_older_than(RELOAD_SECONDS):
            await self._reload_or_keep()
        signer = await self._matcher.find(self._choose(name), body, signature)
        if signer is None and self._is_older_than(RELOAD_ON_MISS_SECONDS):
            await self._reload(RELOAD_ON_MISS_SECONDS)
            signer = await self._matcher.find(self._choose(name), body, signature)
        if not self._choose(name):
            raise NoSecretKnown
        return signer

    def _choose(self, name: str | None) -> Mapping[str, bytes]:
        """The secrets to try. An unknown name may be that of a former default secret."""
        if name is None:
            return self._secrets
        digests = self._named.get(name) or ([self._default] if self._default else [])
        return {digest: self._secrets[digest] for digest in digests}

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
            await self._read_secrets()
            self._loaded_at = started

    async def _read_secrets(self) -> None:
        secrets: dict[str, bytes] = {}
        named: dict[str, list[str]] = {}
        opened: dict[str, bytes] = {}
        default = self._settings.meta_app_secret
        if default is not None and self._default is not None:
            secrets[self._default] = default.get_secret_value().encode()
            named[name_secret(self._default)] = [self._default]
        fields = {"app_secret": 1, "former_app_secrets.digest": 1}
        accounts = collection(Account).find({"deleted_at": None}, fields)
        async for account in accounts:
            digest = self._default
            if account["app_secret"] is not None:
                secret = self._open(account)
                if secret is None:
                    continue
                opened[account["app_secret"]] = secret
                digest = digest_secret(secret)
                secrets[digest] = secret
            if digest is not None:
                self._add_names(named, account, digest)
        self._secrets, self._named, self._opened = secrets, named, opened

    def _add_names(
        self, named: dict[str, list[str]], account: Mapping[str, Any], digest: str
    ) -> None:
        formers = account.get("former_app_secrets", [])
        for known in {digest, *(former["digest"] or self._default for former in formers)}:
            if known is not None:
                digests = named.setdefault(name_secret(known), [])
                if digest not in digests:
                    digests.append(digest)

    def _open(self, account: Mapping[str, Any]) -> bytes | None:
        sealed = account["app_secret"]
        known = self._opened.get(sealed)
        if known is not None:
            return known
        try:
            return self._keyring.decrypt(
                sealed, collection="accounts", id=account["_id"], field="app_secret"
            ).encode()
        except DecryptionError as error:
            logger.error("%s", error)
            return None


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
