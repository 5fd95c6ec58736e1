"""Webhook URLs: each names the app secret that signs what is posted to it.

One signature check then decides about a post, however many secrets there are. The name is a
truncated hash of the secret's digest; app secrets have 128 random bits, so it reveals nothing.
"""

import hashlib
from collections.abc import Iterable

from models import Account
from whatsapp.common.crypto import digest_secret
from whatsapp.settings import Settings

WEBHOOK_PATH = "/webhooks/whatsapp"
_NAME_LENGTH = 16


def default_secret_digest(settings: Settings) -> str | None:
    """Returns the digest of META_APP_SECRET, or None if it is not set."""
    secret = settings.meta_app_secret
    return digest_secret(secret.get_secret_value()) if secret else None


def name_secret(digest: str) -> str:
    """Returns the name that a webhook URL has for the secret with this digest."""
    return hashlib.sha256(f"webhook url|{digest}".encode()).hexdigest()[:_NAME_LENGTH]


def make_webhook_url(settings: Settings, account: Account) -> str:
    """Returns the URL for the account's webhooks. Without any secret it is the bare route."""
    return _make_url(settings, account.app_secret_digest or default_secret_digest(settings))


def list_former_urls(settings: Settings, account: Account) -> Iterable[str]:
    """Returns the URLs that were shown before and still lead to the account: the bare route, and
    those that name its former secrets.
    """
    yield _make_url(settings, None)
    for former in account.former_app_secrets:
        yield _make_url(settings, former.digest or default_secret_digest(settings))


def _make_url(settings: Settings, digest: str | None) -> str:
    bare = settings.public_url + WEBHOOK_PATH
    return bare if digest is None else f"{bare}/{name_secret(digest)}"
