"""Secrets at rest: AES-256-GCM under a ring of keys.

Protects: tokens and secrets in the database, its backups and its logs, and against moving a
ciphertext to another document (the additional data names collection, document and field).
Does not protect: against an attacker with access to the running process or ENCRYPTION_KEYS.
Limit: random 96-bit nonces, so at most 2^32 secrets per key (NIST SP 800-38D).
"""

import base64
import hashlib
import hmac
import os

from beanie import PydanticObjectId
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp.setting_values import parse_encryption_keys

FORMAT = "v1"
NONCE_BYTES = 12


class DecryptionError(Exception):
    """A stored secret can't be decrypted: unknown key or modified ciphertext."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"The secret at {place} can't be decrypted with any key in ENCRYPTION_KEYS"
        )


class KeyRing:
    """Encrypts with the first key, decrypts with the key that the ciphertext names."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = dict(keys)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.key_ids = tuple(keys)
        self.primary_id = self.key_ids[0]

    @classmethod
    def from_text(cls, text: str) -> "KeyRing":
        return cls(parse_encryption_keys(text))

    def encrypt(self, secret: str, *, collection: str, id: PydanticObjectId, field: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        place = _describe_place(collection, id, field)
        sealed = self._ciphers[self.primary_id].encrypt(nonce, secret.encode(), place.encode())
        return f"{FORMAT}:{self.primary_id}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, ciphertext: str, *, collection: str, id: PydanticObjectId, field: str) -> str:
        """Returns the secret.

        Raises:
            DecryptionError: unknown key, or damaged, or moved from another document or field.
        """
        place = _describe_place(collection, id, field)
        try:
            version, key_id, encoded = ciphertext.split(":", 2)
            sealed = base64.b64decode(encoded, validate=True)
            if version != FORMAT:
                raise DecryptionError(place)
            cipher = self._ciphers[key_id]
            secret = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (ValueError, KeyError, InvalidTag):
            raise DecryptionError(place) from None
        return secret.decode()

    def is_current(self, ciphertext: str) -> bool:
        """Returns True if the ciphertext uses the first key, so that a rotation can skip it."""
        return ciphertext.split(":", 2)[1:2] == [self.primary_id]

    def derive_keys(self, purpose: str) -> list[bytes]:
        """Derives a 32-byte key per ring key for another purpose; the first is the current key."""
        return [
            hmac.new(key, f"wagraph:{purpose}".encode(), hashlib.sha256).digest()
            for key in self._keys.values()
        ]


def get_key_id(ciphertext: str) -> str:
    """Returns the id of the key of a valid ciphertext."""
    return ciphertext.split(":", 2)[1]


def _describe_place(collection: str, id: PydanticObjectId, field: str) -> str:
    return f"{collection}|{id}|{field}"


def digest_secret(secret: str | bytes) -> str:
    """Returns the hex SHA-256 of a secret, by which it can be found without storing it."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()
