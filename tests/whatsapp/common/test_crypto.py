"""Secrets at rest: bound to their place, under a ring of keys."""

import base64
import os

import pytest

from models.database.base import new_id
from whatsapp.common.crypto import DecryptionError, KeyRing

ACCOUNT = new_id()


def make_key(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}"


def seal(ring: KeyRing, secret: str = "secret", field: str = "access_token") -> str:
    return ring.encrypt(secret, collection="accounts", id=ACCOUNT, field=field)


def open_(ring: KeyRing, ciphertext: str, field: str = "access_token") -> str:
    return ring.decrypt(ciphertext, collection="accounts", id=ACCOUNT, field=field)


def test_what_was_encrypted_comes_back() -> None:
    ring = KeyRing.from_text(make_key("k1"))

    assert open_(ring, seal(ring, "EAAG… token")) == "EAAG… token"


def test_two_encryptions_of_secret_differ() -> None:
    ring = KeyRing.from_text(make_key("k1"))

    assert seal(ring) != seal(ring)


def test_ciphertext_of_another_account_is_refused() -> None:
    ring = KeyRing.from_text(make_key("k1"))
    other = ring.encrypt("secret", collection="accounts", id=new_id(), field="access_token")

    with pytest.raises(DecryptionError):
        open_(ring, other)


def test_ciphertext_of_another_field_is_refused() -> None:
    ring = KeyRing.from_text(make_key("k1"))

    with pytest.raises(DecryptionError):
        open_(ring, seal(ring, field="app_secret"))


@pytest.mark.parametrize("damaged", ["", "v1", "v1:k1", "v1:k1:%%%", "v2:k1:AAAA", "v1:k9:AAAA"])
def test_damaged_ciphertext_is_refused(damaged: str) -> None:
    ring = KeyRing.from_text(make_key("k1"))

    with pytest.raises(DecryptionError):
        open_(ring, damaged)


def test_new_first_key_reads_old_ciphertext() -> None:
    old, new = make_key("old"), make_key("new")
    ciphertext = seal(KeyRing.from_text(old))
    ring = KeyRing.from_text(f"{new},{old}")

    assert open_(ring, ciphertext) == "secret"
    assert not ring.is_current(ciphertext)
    assert ring.is_current(seal(ring))
    with pytest.raises(DecryptionError):
        open_(KeyRing.from_text(new), ciphertext)
