"""Validation of the JWT_* settings for tokens from an identity provider."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt

from models import Role

SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
PUBLIC_KEY_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
# Operators have keys from the command line only.
_ROLES = {role.value for role in Role} - {Role.OPERATOR.value}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_algorithms(algorithms: tuple[str, ...]) -> None:
    """Raises ValueError for an unsupported signature algorithm."""
    for name in algorithms:
        if name not in (*SECRET_ALGORITHMS, *PUBLIC_KEY_ALGORITHMS):
            known = ", ".join((*PUBLIC_KEY_ALGORITHMS, *SECRET_ALGORITHMS))
            raise ValueError(f"{name!r} is not supported; use {known}")


def check_jwks_url(url: str) -> None:
    """Raises ValueError unless the URL is https: a changed key set would allow forged tokens."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname:
        raise ValueError("it must be an https URL (http only for loopback hosts)")


def parse_roles(pairs: Iterable[str]) -> dict[str, Role]:
    """Returns the role for each of the provider's role names, in lower case.

    Raises:
        ValueError: a pair is not `name=ROLE`.
    """
    roles: dict[str, Role] = {}
    for pair in pairs:
        name, separator, role = pair.rpartition("=")
        if not separator or not name.strip() or role.strip().upper() not in _ROLES:
            raise ValueError(f"{pair!r} is not `name=ROLE` with ADMIN, AGENT or VIEWER")
        roles[name.strip().lower()] = Role(role.strip().upper())
    return roles


def prepare_keys(text: str, algorithms: Iterable[str]) -> dict[str, Any]:
    """Returns the parsed key for each algorithm it can be used with.

    Raises:
        ValueError: it fits no algorithm; the message does not quote the key.
    """
    if "PRIVATE KEY" in text:
        raise ValueError("it is a private key; set the public key")
    keys: dict[str, Any] = {}
    for name in algorithms:
        algorithm = jwt.get_algorithm_by_name(name)
        try:
            key = algorithm.prepare_key(text)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        weakness = algorithm.check_key_length(key)
        if weakness:
            raise ValueError(f"it is too short for {name}")
        keys[name] = key
    if not keys:
        is_pem = text.startswith("-----BEGIN")
        advice = "add the key's algorithm" if is_pem else "add HS256 if it is a shared secret"
        raise ValueError(f"it fits none of JWT_ALGORITHMS: {advice}")
    return keys


def check_token_settings(settings: Mapping[str, Any]) -> None:
    """Checks that the JWT_* settings fit together.

    Raises:
        ValueError: it names the invalid setting.
    """
    url, key, algorithms = (settings[f"jwt_{name}"] for name in ("jwks_url", "key", "algorithms"))
    if url is None and key is None:
        return
    if url is not None and key is not None:
        raise ValueError("JWT_JWKS_URL and JWT_KEY are both set: set only one of them")
    secret_algorithms = [name for name in algorithms if name in SECRET_ALGORITHMS]
    if not algorithms:
        raise ValueError("JWT_ALGORITHMS is empty: set the algorithms that the provider signs with")
    if secret_algorithms and len(secret_algorithms) < len(algorithms):
        # Otherwise a token could be signed with the public key used as an HMAC secret.
        raise ValueError("JWT_ALGORITHMS mixes HS* with public-key algorithms: use one kind")
    if secret_algorithms and url is not None:
        raise ValueError("JWT_ALGORITHMS has HS*, but JWT_JWKS_URL publishes only public keys")
    if key is not None:
        _check_key(key.get_secret_value(), algorithms)
    for name in ("issuer", "audience") if url is not None else ():
        if not settings[f"jwt_{name}"]:
            # The provider signs tokens for other applications with the same keys.
            raise ValueError(f"JWT_{name.upper()} is not set: JWT_JWKS_URL requires it")


def _check_key(text: str, algorithms: tuple[str, ...]) -> None:
    try:
        prepare_keys(text, algorithms)
    except ValueError as error:
        raise ValueError(f"JWT_KEY is malformed: {error}") from None
