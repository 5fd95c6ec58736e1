"""Tokens (JWT) of the operator's identity provider, mapped to a role and accounts.

A token is valid if a known key signed it with an allowed algorithm, for this audience and issuer,
and its `exp` has not passed. Role and accounts apply until the token expires.
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
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from whatsapp.auth.access import RANKS, Viewer
from whatsapp.auth.signing_keys import ConfiguredKey, PublishedKeys, SigningKeys
from whatsapp.common.timeouts import Timeouts
from whatsapp.common.values import check_email
from whatsapp.errors import InvalidInput
from whatsapp.settings import Settings
from whatsapp.token_settings import parse_roles
from whatsapp.workspaces.directory import WorkspaceDirectory

# Tolerated clock skew of the provider for `nbf` and `iat`; `exp` is exact.
CLOCK_SECONDS = 60
MAX_SUBJECT = 255
MAX_NAME = 200
EMAIL_CLAIM = "email"
_COMPACT = re.compile(r"(?:[A-Za-z0-9_-]+\.){2}[A-Za-z0-9_-]+", re.ASCII)
_OBJECT_ID = re.compile(r"(?:Account:)?([0-9a-f]{24})", re.ASCII)
_ABSENT = object()


class IdentityProvider:
    """Verifies the tokens of the provider that the JWT_* settings describe."""

    def __init__(
        self, settings: Settings, keys: SigningKeys, workspaces: WorkspaceDirectory
    ) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._keys = keys
        self._roles = parse_roles(settings.jwt_roles) or {
            # Operators have keys from the command line only.
            role.lower(): role
            for role in Role
            if role is not Role.OPERATOR
        }

    async def authenticate(self, token: str) -> Viewer | None:
        """Returns the token's viewer, or None if it is malformed, foreign, expired or has no role.

        None, too, if it names no workspace, although JWT_WORKSPACE_CLAIM requires it.

        Raises:
            PyMongoError: MongoDB is unavailable.
            ProviderUnavailable: the provider's keys could not be fetched yet.
        """
        header = _read_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._settings.jwt_algorithms:
            return None
        for key in await self._keys.find(algorithm, kid):
            claims = self._verify(token, key, algorithm)
            if claims is not None and _is_valid_now(claims):
                return await self._read_viewer(claims)
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
                    # `_is_valid_now` checks these by the database's clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return None

    async def _read_viewer(self, claims: Mapping[str, Any]) -> Viewer | None:
        expires_at, subject = _read_time(claims["exp"]), claims["sub"]
        role = self._read_role(claims)
        if expires_at is None or role is None:
            return None
        if not 0 < len(subject) <= MAX_SUBJECT or not _is_text(subject):
            return None
        workspace_id = await self._find_workspace(claims)
        if workspace_id is None:
            return None
        return Viewer(
            credential_id=subject,
            name=_read_name(find_claim(claims, self._settings.jwt_name_claim)) or subject,
            role=role,
            workspace_id=workspace_id,
            account_ids=self._read_accounts(claims),
            kind=CredentialKind.JWT,
            expires_at=expires_at,
            email=_read_email(claims.get(EMAIL_CLAIM)),
        )

    async def _find_workspace(self, claims: Mapping[str, Any]) -> PydanticObjectId | None:
        if self._settings.jwt_workspace_claim is None:
            return DEFAULT_WORKSPACE_ID
        text = find_claim(claims, self._settings.jwt_workspace_claim)
        return await self._workspaces.find(text) if isinstance(text, str) else None

    def _read_role(self, claims: Mapping[str, Any]) -> Role | None:
        """Returns the highest role that the claim names."""
        value = find_claim(claims, self._settings.jwt_role_claim)
        names = value if isinstance(value, list) else [value]
        known = [self._roles.get(name.lower()) for name in names if isinstance(name, str)]
        return max(filter(None, known), key=RANKS.__getitem__, default=None)

    def _read_accounts(self, claims: Mapping[str, Any]) -> frozenset[PydanticObjectId] | None:
        """Returns the account ids, or None for all accounts. Malformed ids are ignored."""
        value = find_claim(claims, self._settings.jwt_accounts_claim)
        if value is _ABSENT:
            return None if self._settings.jwt_all_accounts else frozenset()
        names = value if isinstance(value, list) else [value]
        if "*" in names:
            return None
        account_ids = (_read_account_id(name) for name in names if isinstance(name, str))
        return frozenset(account_id for account_id in account_ids if account_id is not None)


def create_identity_provider(
    settings: Settings, *, timeouts: Timeouts = Timeouts()
) -> IdentityProvider | None:
    """Returns the configured provider, or None if JWT_* settings name none."""
    algorithms = settings.jwt_algorithms
    workspaces = WorkspaceDirectory(check_seconds=timeouts.workspace_check_seconds)
    if settings.jwt_key is not None:
        key = ConfiguredKey(settings.jwt_key.get_secret_value(), algorithms)
        return IdentityProvider(settings, key, workspaces)
    if settings.jwt_jwks_url is None:
        return None
    keys = PublishedKeys(
        settings.jwt_jwks_url,
        algorithms=algorithms,
        timeouts=timeouts,
    )
    return IdentityProvider(settings, keys, workspaces)


def find_claim(claims: Mapping[str, Any], path: str) -> Any:
    """Returns the claim with this name, else the claim at this dotted path.

    The name comes first because some providers use URLs, which contain dots.
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
    """Checks `exp`, and `nbf` and `iat` with the tolerated clock skew."""
    now = utc_now()
    expires_at = _read_time(claims["exp"])
    not_before = [_read_time(claims[name]) for name in ("nbf", "iat") if name in claims]
    latest = now + timedelta(seconds=CLOCK_SECONDS)
    return (
        expires_at is not None
        and expires_at > now
        and all(at is not None and at <= latest for at in not_before)
    )


def _read_time(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None  # out of range, such as milliseconds


def _read_name(value: Any) -> str | None:
    if not isinstance(value, str) or not _is_text(value):
        return None
    return " ".join(value.split())[:MAX_NAME] or None


def _read_email(value: Any) -> str | None:
    try:
        return check_email(value) if isinstance(value, str) else None
    except InvalidInput:
        return None


def _is_text(value: str) -> bool:
    """Returns False for lone surrogates and control characters, which JSON allows."""
    return all(character.isprintable() for character in value)


def _read_account_id(text: str) -> PydanticObjectId | None:
    """Reads a GraphQL id or a plain ObjectId."""
    match = _OBJECT_ID.fullmatch(text)
    if match is None:
        try:
            match = _OBJECT_ID.fullmatch(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, ValueError):
            return None
    return PydanticObjectId(match[1]) if match else None
