"""Verifies signatures of webhook bodies and verify tokens of handshakes.

Protects: only bodies signed with a known app secret are stored, parsed or processed.
Does not protect against a captured body that is posted again; each body is stored once.

A webhook URL names the secret to try. It also leads to the current secrets of accounts that had
the named one before, because Meta posts to the same URL after a secret was replaced.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from models import Account
from models.database.base import collection, utc_now
from whatsapp.accounts.webhook_subscription import default_secret_digest, name_secret
from whatsapp.common.crypto import DecryptionError, KeyRing, digest_secret
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

RELOAD_SECONDS = 5.0
# The secret of a body may have been stored by another process a moment ago.
RELOAD_ON_MISS_SECONDS = 1.0
# Hashing this much takes 0.4 ms on the event loop; a slice in a thread takes 12 ms.
LOOP_BYTES = 512 * 1024
SLICE_BYTES = 16 * 1024 * 1024
# Each secret costs as much as hashing this many bytes.
SECRET_BYTES = 4096
MAX_RECENT = 16
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


class NoSecretKnown(Exception):
    """The URL refers to no known app secret, so nothing can be verified."""


def read_signature(headers: Sequence[str]) -> bytes | None:
    """Returns the hex digest of the only `X-Hub-Signature-256` header, or None if malformed."""
    match = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    return match.group(1).encode() if match else None


class SecretBook:
    """All app secrets, the default first, cached in memory for a few seconds."""

    def __init__(self, *, settings: Settings, keyring: KeyRing) -> None:
        self._settings = settings
        self._keyring = keyring
        self._secrets: dict[str, bytes] = {}
        self._named: dict[str, list[str]] = {}
        """Digests of the secrets that a URL with this name leads to."""
        self._default = default_secret_digest(settings)
        self._opened: dict[str, bytes] = {}
        """Secrets by ciphertext, so that each is decrypted once."""
        self._loaded_at: float | None = None
        self._loading = asyncio.Lock()
        self._matcher = SecretMatcher()

    async def find_signer(self, body: bytes, *, signature: bytes, name: str | None) -> str | None:
        """Returns the digest of the secret that signed the body, or None if it is unknown.

        `name` is the URL's name of the secret; without a name, all known secrets are tried.

        Raises:
            NoSecretKnown: there is no secret to try.
            PyMongoError: the secrets could not be read.
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
        """Returns the secrets to try. An unknown name may belong to a former default secret."""
        if name is None:
            return self._secrets
        digests = self._named.get(name) or ([self._default] if self._default else [])
        return {digest: self._secrets[digest] for digest in digests}

    def _is_older_than(self, seconds: float) -> bool:
        return self._loaded_at is None or time.monotonic() - self._loaded_at > seconds

    async def _reload_or_keep(self) -> None:
        """Reloads the secrets; if MongoDB is unavailable, the cached secrets stay valid."""
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
        cached = self._opened.get(sealed)
        if cached is not None:
            return cached
        try:
            return self._keyring.decrypt(
                sealed, collection="accounts", id=account["_id"], field="app_secret"
            ).encode()
        except DecryptionError as error:
            logger.error("%s", error)
            return None


class SecretMatcher:
    """Finds the secret that signed a body; recently used secrets are tried first.

    Large bodies and many secrets are hashed in slices, in a thread, a slice at a time. So large
    unsigned bodies use a single core, and each delays a signed body by a slice.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._recent: OrderedDict[str, None] = OrderedDict()

    async def find(self, secrets: Mapping[str, bytes], body: bytes, signature: bytes) -> str | None:
        """Returns the digest of the secret that made the signature, or None."""
        for number, batch in enumerate(self._slice(secrets, len(body))):
            if number == 0 and _count_bytes(batch, body) <= LOOP_BYTES:
                signer = _match(batch, body, signature)
            else:
                async with self._turn:
                    signer = await asyncio.to_thread(_match, batch, body, signature)
            if signer is not None:
                self._note(signer)
                return signer
        return None

    def _slice(
        self, secrets: Mapping[str, bytes], body_bytes: int
    ) -> Iterator[Sequence[tuple[str, bytes]]]:
        if len(secrets) == 1:
            yield list(secrets.items())
            return
        first = next(iter(secrets), None)  # the default secret if there is one
        recent = [digest for digest in reversed(self._recent) if digest in secrets]
        order = list(dict.fromkeys([*([first] if first else []), *recent, *secrets]))
        each = body_bytes + SECRET_BYTES
        size, start = max(LOOP_BYTES // each, 1), 0
        while start < len(order):
            yield [(digest, secrets[digest]) for digest in order[start : start + size]]
            start, size = start + size, max(SLICE_BYTES // each, 1)

    def _note(self, signer: str) -> None:
        self._recent[signer] = None
        self._recent.move_to_end(signer)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)


def _count_bytes(batch: Sequence[tuple[str, bytes]], body: bytes) -> int:
    return len(batch) * (len(body) + SECRET_BYTES)


def _match(batch: Sequence[tuple[str, bytes]], body: bytes, signature: bytes) -> str | None:
    for digest, secret in batch:
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        if hmac.compare_digest(expected, signature):
            return digest
    return None


async def is_verify_token(token: str, *, settings: Settings) -> bool:
    """Returns True for the default verify token and for an account's verify token.

    Raises:
        PyMongoError: the accounts could not be read.
    """
    default = settings.meta_verify_token
    if default is not None and hmac.compare_digest(
        default.get_secret_value().encode(), token.encode(errors="surrogatepass")
    ):
        return True
    return await collection(Account).find_one(_match_verify_token(token), {"_id": 1}) is not None


async def record_handshake(token: str) -> None:
    """Stores the time of a handshake with the accounts that have this verify token.

    Raises:
        PyMongoError: the time could not be stored.
    """
    now = utc_now()
    changes = {"webhook_verified_at": now, "updated_at": now}
    await collection(Account).update_many(_match_verify_token(token), {"$set": changes})


def _match_verify_token(token: str) -> dict[str, Any]:
    # The look-up of a digest does not leak the token by its timing.
    digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
    return {"verify_token_digest": digest, "deleted_at": None}
