"""Tokens (JWT) of the company's own identity provider, read as a role and accounts.

A token is believed with a signature of an allowed algorithm by a known key, for this audience, of
this issuer, and not a second after its `exp`. Nothing of it is stored: its role and accounts hold
as long as it does.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from beanie import PydanticObjectId

from models import CredentialKind, Role
from models.database.base import utc_now
from whatsapp.auth.access import RANKS, Viewer
from whatsapp.auth.signing_keys import ConfiguredKey, PublishedKeys, SigningKeys
from whatsapp.settings import Settings
from whatsapp.token_settings import parse_roles

# How far the provider's clock may be ahead of ours (`nbf`, `iat`); `exp` is exact.
CLOCK_SECONDS = 60
MAX_SUBJECT = 255
MAX_NAME = 200
_COMPACT = re.compile(r"(?:[A-Za-z0-9_-]+\.){2}[A-Za-z0-9_-]+", re.ASCII)
_OBJECT_ID = re.compile(r"(?:Account:)?([0-9a-f]{24})", re.ASCII)
_ABSENT = object()


class IdentityProvider:
    """Reads the tokens of one provider, as the JWT_* settings describe them."""

    def __init__(self, settings: Settings, keys: SigningKeys) -> None:
        self._settings = settings
        self._keys = keys
        self._roles = parse_roles(settings.jwt_roles) or {role.lower(): role for role in Role}

    async def authenticate(self, token: str) -> Viewer | None:
        """Who holds this token; None where it is malformed, foreign, expired, or gives no role.

        Raises:
            ProviderUnavailable: the provider's keys could not be read yet.
        """
        header = _read_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._settings.jwt_algorithms:
            return None
        for key in await self._keys.find(algorithm, kid):
            claims = self._verify(token, key, algorithm)
            if claims is not None and _is_valid_now(claims):
                return self._read_viewer(claims)
        return None

    def _verify(self, token: str, key: Any, algorithm: str) -> dict[str, Any] | None:
        audience, issuer = self._settings.jwt_audience, self._settings.jwt_issuer
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience or None,
                issuer=issuer,
                options={
                    "require": ["exp", "sub"],
                    "verify_aud": bool(audience),
                    # By the database's clock, in `_is_valid_now`.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return None

    def _read_viewer(self, claims: Mapping[str, Any]) -> Viewer | None:
        expires_at, subject = _read_time(claims["exp"]), claims["sub"]
        role = self._read_role(claims)
        if expires_at is None or role is None:
            return None
        if not 0 < len(subject) <= MAX_SUBJECT or not _is_text(subject):
            return None
        return Viewer(
            credential_id=subject,
            name=_read_name(find_claim(claims, self._settings.jwt_name_claim)) or subject,
            role=role,
            account_ids=self._read_accounts(claims),
            kind=CredentialKind.JWT,
            expires_at=expires_at,
        )

    def _read_role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest of the roles that the claim names."""
        value = find_claim(claims, self._settings.jwt_role_claim)
        names = value if isinstance(value, list) else [value]
        known = [self._roles.get(name.lower()) for name in names if isinstance(name, str)]
        return max(filter(None, known), key=RANKS.__getitem__, default=None)

    def _read_accounts(self, claims: Mapping[str, Any]) -> frozenset[PydanticObjectId] | None:
        """None for all accounts; what is no account's id adds none."""
        value = find_claim(claims, self._settings.jwt_accounts_claim)
        if value is _ABSENT:
            return None if self._settings.jwt_all_accounts else frozenset()
        given = value if isinstance(value, list) else [value]
        if "*" in given:
            return None
        found = (_read_account_id(one) for one in given if isinstance(one, str))
        return frozenset(account_id for account_id in found if account_id is not None)


def create_identity_provider(settings: Settings) -> IdentityProvider | None:
    """The provider of the settings; None where they name none."""
    algorithms = settings.jwt_algorithms
    if settings.jwt_key is not None:
        key = ConfiguredKey(settings.jwt_key.get_secret_value(), algorithms)
        return IdentityProvider(settings, key)
    if settings.jwt_jwks_url is None:
        return None
    keys = PublishedKeys(
        settings.jwt_jwks_url,
        algorithms=algorithms,
        keep_seconds=settings.jwt_jwks_seconds,
        pause_seconds=settings.jwt_jwks_pause_seconds,
    )
    return IdentityProvider(settings, keys)


def find_claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name or, where there is none, at this path of names with dots between.

    Names that are URLs, as some providers want them, have dots of their own.
    """
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _read_header(token: str) -> dict[str, Any]:
    if not _COMPACT.fullmatch(token):
        return {}
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return {}


def _is_valid_now(claims: Mapping[str, Any]) -> bool:
    """Whether `exp` is to come, and `nbf` and `iat` are past or a little ahead."""
    now = utc_now()
    expires_at = _read_time(claims["exp"])
    begins = [_read_time(claims[name]) for name in ("nbf", "iat") if name in claims]
    latest = now + timedelta(seconds=CLOCK_SECONDS)
    return (
        expires_at is not None
        and expires_at > now
        and all(at is not None and at <= latest for at in begins)
    )


def _read_time(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None  # milliseconds, say: a time that no clock reaches


def _read_name(value: Any) -> str | None:
    if not isinstance(value, str) or not _is_text(value):
        return None
    return " ".join(value.split())[:MAX_NAME] or None


def _is_text(value: str) -> bool:
    """Whether it can be stored and shown: JSON allows halves of characters and control codes."""
    return all(character.isprintable() for character in value)


def _read_account_id(text: str) -> PydanticObjectId | None:
    """The id as the graph shows it, or the plain one of the database."""
    match = _OBJECT_ID.fullmatch(text)
    if match is None:
        try:
            match = _OBJECT_ID.fullmatch(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, ValueError):
            return None
    return PydanticObjectId(match[1]) if match else None
