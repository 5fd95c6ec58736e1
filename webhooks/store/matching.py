"""Finds the secret that signed a body, in slices: neither many secrets nor a large body hold up
the event loop, or the verification of other bodies.
"""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

# What is hashed at once on the event loop takes 0.4 ms, in a thread 12 ms.
LOOP_BYTES = 512 * 1024
SLICE_BYTES = 16 * 1024 * 1024
# Beginning with a secret costs as much as hashing these bytes.
SECRET_BYTES = 4096
MAX_RECENT = 16


class SecretMatcher:
    """Tries secrets in turn, those that signed something lately first.

    Bodies that need more than one slice take turns slice by slice. Whoever posts large unsigned
    bodies uses one core at most, and delays a signed body by one slice for each of them.
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
        first = next(iter(secrets), None)  # the default secret, where there is one
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
