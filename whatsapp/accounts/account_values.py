"""Checks of the values that a caller gives for an account."""

import re
from typing import Any

from whatsapp.errors import InvalidInput, InvalidReason, RefusalCollector
from whatsapp.settings import GRAPH_API_VERSION_PATTERN, SHORTEST_VERIFY_TOKEN

_META_ID = re.compile(r"[0-9]{1,32}")
_LIMITS = {
    "name": (1, 200),
    "access_token": (1, 4096),
    "app_secret": (1, 256),
    "verify_token": (SHORTEST_VERIFY_TOKEN, 256),
}


def check_values(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values, with their texts stripped.

    Raises:
        InvalidInput: a value is empty, too long or malformed.
        SeveralRefused: several are.
    """
    checked = dict(values)
    with RefusalCollector() as collect:
        for name in ("name", "access_token", "app_secret", "verify_token"):
            if name in checked and (name != "app_secret" or checked[name] is not None):
                checked[name] = collect(_check_text, name, checked[name])
        for name in ("phone_number_id", "business_account_id"):
            if name in checked:
                collect(_check_meta_id, name, checked[name])
        if checked.get("graph_api_version") is not None:
            collect(_check_version, checked["graph_api_version"])
    return checked


def _check_meta_id(name: str, value: Any) -> None:
    if not _META_ID.fullmatch(str(value)):
        raise InvalidInput(
            "Use Meta's numeric id of up to 32 digits.",
            field=[name],
            reason=InvalidReason.MALFORMED,
        )


def _check_version(version: str) -> None:
    if not re.fullmatch(GRAPH_API_VERSION_PATTERN, version):
        raise InvalidInput(
            "Use a Graph API version such as v25.0.",
            field=["graphApiVersion"],
            reason=InvalidReason.MALFORMED,
        )


def _check_text(name: str, value: Any) -> str:
    text = str(value or "").strip()
    shortest, longest = _LIMITS[name]
    if not shortest <= len(text) <= longest or not text.isprintable():
        raise InvalidInput(
            f"Use {shortest} to {longest} printable characters.",
            field=[name],
            reason=InvalidReason.MALFORMED,
        )
    # Meta's tokens and secrets are ASCII, and the token is sent in an HTTP header.
    if name in {"access_token", "app_secret"} and not text.isascii():
        raise InvalidInput(
            "Use ASCII characters only.", field=[name], reason=InvalidReason.MALFORMED
        )
    return text
