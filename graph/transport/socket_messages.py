"""Reading what a client sends over a WebSocket."""

from collections.abc import Mapping
from typing import Any

from graph.transport.http import read_credential


class MalformedMessage(Exception):
    """A message that the protocol does not know; the text becomes the close reason."""


def find_credential(payload: Mapping[str, Any]) -> str | None:
    """The credential in a `connection_init` payload, None where there is none.

    Its key is `Authorization` in any case, at the top or under `headers`, where GraphiQL and Apollo
    put it; its value is the bare credential, or `Bearer` and it.
    """
    headers = payload.get("headers")
    for place in (payload, headers if isinstance(headers, dict) else {}):
        for name, value in place.items():
            if name.lower() == "authorization" and isinstance(value, str):
                text = value if " " in value.strip() else f"Bearer {value}"
                return read_credential({"authorization": text})
    return None


def get_part(message: Mapping[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if value is not None and not isinstance(value, kind):
        raise MalformedMessage(f"`{name}` has the wrong type")
    return value


def require_part(
    message: Mapping[str, Any], name: str, kind: type, *, may_be_empty: bool = False
) -> Any:
    value = get_part(message, name, kind)
    if value is None or (value == "" and not may_be_empty):
        raise MalformedMessage(f"`{name}` is missing")
    return value
