"""Keys that verify token signatures: a configured key, or a provider's published key set."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

import httpx
import jwt

from version import USER_AGENT
from whatsapp.common.timeouts import Timeouts
from whatsapp.token_settings import prepare_keys

logger = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
_HEADERS = {"Accept": "application/json", "User-Agent": USER_AGENT}
_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class ProviderUnavailable(Exception):
    """The provider's keys were never fetched, so no token can be verified."""


class SigningKeys(Protocol):
    async def find(self, algorithm: str, kid: str | None) -> Sequence[Any]:
        """Returns the keys that may verify a signature of this algorithm, as PyJWT takes them.

        Raises:
            ProviderUnavailable: the keys could not be fetched yet.
        """


class ConfiguredKey:
    """The key from the settings; it has no id."""

    def __init__(self, text: str, algorithms: Sequence[str]) -> None:
        self._keys = prepare_keys(text, algorithms)

    async def find(self, algorithm: str, kid: str | None) -> Sequence[Any]:  # noqa: ARG002 - the protocol's
        return [self._keys[algorithm]] if algorithm in self._keys else []


class PublishedKeys:
    """Caches the keys at a JWKS URL; cached keys stay valid while the provider is unavailable.

    An unknown key id triggers a fetch, at most every `jwks_pause_seconds`, because forged tokens
    can name any key id.
    """

    def __init__(
        self, url: str, *, algorithms: Sequence[str], timeouts: Timeouts = Timeouts()
    ) -> None:
        self._url = url
        self._algorithms = algorithms
        self._timeouts = timeouts
        self._keys: list[jwt.PyJWK] = []
        self._fetched_at = float("-inf")
        self._attempted_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, algorithm: str, kid: str | None) -> Sequence[jwt.PyJWK]:
        keys = self._match(algorithm, kid)
        if not keys:
            await self._refresh()
            keys = self._match(algorithm, kid)
        elif time.monotonic() - self._fetched_at > self._timeouts.jwks_keep_seconds:
            self._start_fetch()
        if not self._keys:
            raise ProviderUnavailable
        return keys

    def _match(self, algorithm: str, kid: str | None) -> list[jwt.PyJWK]:
        return [
            key
            for key in self._keys
            if key.algorithm_name == algorithm and kid in (None, key.key_id)
        ]

    async def _refresh(self) -> None:
        task = self._start_fetch()
        if task is not None:
            await asyncio.shield(task)

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """Returns the running fetch, or starts one unless the last attempt was too recent."""
        pause = time.monotonic() - self._attempted_at
        if self._fetching is None and pause >= self._timeouts.jwks_pause_seconds:
            self._attempted_at = time.monotonic()
            self._fetching = asyncio.create_task(self._fetch(), name="signing-keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._timeouts.jwks_fetch_seconds):
                keys = read_key_set(await self._download(), self._algorithms)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            logger.warning(
                "The identity provider's keys can't be fetched: %s", _describe_error(error)
            )
        else:
            self._keys, self._fetched_at = keys, time.monotonic()
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False) as http,
            http.stream("GET", self._url, headers=_HEADERS) as response,
        ):
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
            return bytes(body)


def read_key_set(body: bytes, algorithms: Sequence[str]) -> list[jwt.PyJWK]:
    """Returns the keys of a JWKS document that can verify these algorithms.

    Raises:
        ValueError: it is not a key set, or has no such key.
    """
    try:
        keys = json.loads(body).get("keys")
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("not a JSON object") from None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise ValueError("no list of keys")
    usable = [
        key for fields in keys if isinstance(fields, dict) for key in _read_key(fields, algorithms)
    ]
    if not usable:
        raise ValueError("no key for any of JWT_ALGORITHMS")
    return usable


def _read_key(fields: dict[str, Any], algorithms: Sequence[str]) -> list[jwt.PyJWK]:
    """Returns the key for each algorithm it can verify. Unsupported and broken keys are skipped."""
    # Symmetric keys are never accepted: a published key is no secret.
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


def _describe_error(error: Exception) -> str:
    return str(error) if type(error) is ValueError else type(error).__name__
