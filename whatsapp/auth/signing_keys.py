"""The keys that tokens are signed with: one that is configured, or those a provider publishes."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

import httpx
import jwt

from whatsapp.token_settings import prepare_keys

logger = logging.getLogger(__name__)

FETCH_SECONDS = 5.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class ProviderUnavailable(Exception):
    """The provider's keys were never read, so that no token can be judged."""


class SigningKeys(Protocol):
    async def find(self, algorithm: str, kid: str | None) -> Sequence[Any]:
        """Keys that may have made a signature of this algorithm, as PyJWT takes them.

        Raises:
            ProviderUnavailable: nobody can tell at the moment.
        """


class ConfiguredKey:
    """One key from the settings; it has no id."""

    def __init__(self, text: str, algorithms: Sequence[str]) -> None:
        self._keys = prepare_keys(text, algorithms)

    async def find(self, algorithm: str, kid: str | None) -> Sequence[Any]:  # noqa: ARG002 - the protocol's
        return [self._keys[algorithm]] if algorithm in self._keys else []


class PublishedKeys:
    """The keys at a JWKS URL, kept; those it had last stay good while the provider is away.

    An id that is not among them has them fetched anew, but not more often than `pause_seconds`:
    anybody can make up tokens that name unknown keys.
    """

    def __init__(
        self, url: str, *, algorithms: Sequence[str], keep_seconds: float, pause_seconds: float
    ) -> None:
        self._url = url
        self._algorithms = algorithms
        self._keep_seconds = keep_seconds
        self._pause_seconds = pause_seconds
        self._keys: list[jwt.PyJWK] = []
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, algorithm: str, kid: str | None) -> Sequence[jwt.PyJWK]:
        found = self._match(algorithm, kid)
        if not found:
            await self._refresh()
            found = self._match(algorithm, kid)
        elif time.monotonic() - self._read_at > self._keep_seconds:
            self._start()
        if not self._keys:
            raise ProviderUnavailable
        return found

    def _match(self, algorithm: str, kid: str | None) -> list[jwt.PyJWK]:
        return [
            key
            for key in self._keys
            if key.algorithm_name == algorithm and kid in (None, key.key_id)
        ]

    async def _refresh(self) -> None:
        task = self._start()
        if task is not None:
            await asyncio.shield(task)

    def _start(self) -> asyncio.Task[None] | None:
        """The fetch that is under way, or a new one unless the last was just now."""
        if self._fetching is None and time.monotonic() - self._tried_at >= self._pause_seconds:
            self._tried_at = time.monotonic()
            self._fetching = asyncio.create_task(self._fetch(), name="signing-keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = read_key_set(await self._download(), self._algorithms)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            logger.warning("The identity provider's keys can't be read: %s", _describe(error))
        else:
            self._keys, self._read_at = keys, time.monotonic()
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False) as http,
            http.stream("GET", self._url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
            return bytes(body)


def read_key_set(body: bytes, algorithms: Sequence[str]) -> list[jwt.PyJWK]:
    """The keys of a JWKS document that can check one of these algorithms.

    Raises:
        ValueError: it is no key set, or has no such key.
    """
    try:
        keys = json.loads(body).get("keys")
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("no JSON object") from None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise ValueError("no list of keys")
    usable = [key for one in keys if isinstance(one, dict) for key in _read_key(one, algorithms)]
    if not usable:
        raise ValueError("no key for any of JWT_ALGORITHMS")
    return usable


def _read_key(fields: dict[str, Any], algorithms: Sequence[str]) -> list[jwt.PyJWK]:
    """The key under each algorithm that it may be used with; none where it is not for signatures.

    A set may hold keys of any kind: those that are not ours, or broken, are left out.
    """
    # A symmetric key that is published is no secret.
    families = _FAMILIES.get(str(fields.get("kty")), ())
    if fields.get("use", "sig") != "sig":
        return []
    keys = []
    for name in algorithms:
        if name.startswith(families) and fields.get("alg") in (None, name):
            try:
                key = jwt.PyJWK(fields, algorithm=name)
                if not key.Algorithm.check_key_length(key.key):
                    keys.append(key)
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                continue
    return keys


def _describe(error: Exception) -> str:
    return str(error) if type(error) is ValueError else type(error).__name__
