"""Makes JSON that Meta sent fit for MongoDB, wherever it came from."""

from typing import Any

_INT64 = 2**63
# Meta's own lists have a few hundred items at most; one that fills a body would block the event
# loop each time it is stored or read.
MAX_LIST_ITEMS = 1_000


def make_storable(value: Any) -> Any:
    """The same value with keys that MongoDB can store anywhere: no NUL, leading "$" or dot.

    A number that it can't hold becomes the text of it.
    """
    if isinstance(value, dict):
        return {_make_key(key): make_storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [make_storable(item) for item in value]
    is_too_large = isinstance(value, int) and not -_INT64 <= value < _INT64
    return str(value) if is_too_large else value


def _make_key(key: str) -> str:
    key = key.replace("\0", "\ufffd").replace(".", "\uff0e")
    return "\uff04" + key[1:] if key.startswith("$") else key
