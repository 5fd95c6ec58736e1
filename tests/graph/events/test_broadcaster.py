"""The private parts of broadcaster that the change stream relies on."""

import hashlib
import inspect

from broadcaster import Broadcast, BroadcastBackend


def test_library_is_unchanged() -> None:
    """A new version must be read again before it is used."""
    sources = "".join(map(inspect.getsource, (Broadcast, BroadcastBackend)))

    assert hashlib.sha256(sources.encode()).hexdigest() == (
        "e162ca847c75fcca9dd7a0dcdd8dc83a7fb8bd762e31ba01faeb0e77d8beb7fd"
    )
