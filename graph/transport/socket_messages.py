"""Parsing of the messages that a client sends over a WebSocket."""

from collections.abc import Mapping
from typing import Any

from graph.transport.http import RequestRefused, parse_json, read_credential


class MalformedMessage(Exception):
    """A message that violates the protocol; the text becomes the close reason."""


def parse_message(text: str) -> dict[str, Any]:
    """Parses a message as strictly as the body of an HTTP request.

    Raises:
        MalformedMessage: not JSON, too large, a repeated name, or not an object.
    """
    try:
        message = parse_json(text.encode())
    except RequestRefused as error:
        raise MalformedMessage(error.message) from None
    if not isinstance(message, dict):
        raise MalformedMessage("Messages must be objects")
    return message


def find_credential(payload: Mapping[str, Any]) -> str | None:
    """Returns the credential in the payload of `connection_init`, or None.

    Its key is `Authorization` in any case, at the top or, as GraphiQL and Apollo send it, under
    `headers`; its value is the credential, with or without `Bearer`.
    """
    headers = payload.get("headers")
    for values in (payload, headers if isinstance(headers, dict) else {}):
        for name, value in values.items():
            if name.lower() == "authorization" and isinstance(value, str):
                text = value if " " in value.strip() else f"Bearer {value}"
                return read_credential({"authorization": text})
    return None


def get_value(message: Mapping[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if value is not None and not isinstance(value, kind):
        raise MalformedMessage(f"`{name}` has the wrong type")
    return value


def require_value(
    message: Mapping[str, Any], name: str, kind: type, *, may_be_empty: bool = False
) -> Any:
    value = get_value(message, name, kind)
    if value is None or (value == "" and not may_be_empty):
        raise MalformedMessage(f"`{name}` is missing")
    return value
