"""Meta's webhook signature: created by the load, checked by contenders."""

import hashlib
import hmac


def sign(body: bytes, secret: str) -> str:
    """Returns the value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, secret: str, *, header: str) -> bool:
    return hmac.compare_digest(sign(body, secret).encode(), header.encode("latin-1"))
