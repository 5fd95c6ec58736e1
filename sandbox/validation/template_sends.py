"""Checks template sends."""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from sandbox.validation.demo_templates import Template
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import refuse_parameter
from sandbox.validation.template_components import (
    VARIABLE,
    find,
    find_button,
    get_text,
    list_buttons,
    read_parameters,
)
from sandbox.validation.validation import check_size

Json = dict[str, Any]
MEDIA = ("image", "video", "document")
MAX_BLANKS = 4
MAX_CODE = 15
_SUB_TYPES = {
    "URL": "url",
    "QUICK_REPLY": "quick_reply",
    "COPY_CODE": "copy_code",
    "FLOW": "flow",
    "CATALOG": "catalog",
}
# The parameter of each kind of button, and whether it is optional.
_PARAMETERS = {
    "URL": ("text", False),
    "QUICK_REPLY": ("payload", True),
    "COPY_CODE": ("coupon_code", False),
    "FLOW": ("action", False),
    "CATALOG": ("action", True),
}


def check_components(template: Template, content: Json) -> None:
    """Raises MetaError 132000, 132012, 132018, 131008 or 100."""
    given = list(content.get("components") or ())
    _check_parts(template, list(template.components), given)
    if template.category == "AUTHENTICATION":
        for parameter in read_parameters(given, "body"):
            check_size("One-time password", parameter.get("text"), limit=MAX_CODE)
    offer = template.get_part("LIMITED_TIME_OFFER").get("limited_time_offer", {})
    if offer.get("has_expiration") and not find(given, "limited_time_offer"):
        _miss("limited_time_offer: expiration_time_ms is required")
    cards = template.get_part("CAROUSEL").get("cards", [])
    given_cards = find(given, "carousel").get("cards", [])
    if len(cards) != len(given_cards):
        _mismatch(f"carousel: expected {len(cards)} cards, got {len(given_cards)}")
    for card, given_card in zip(cards, given_cards, strict=True):
        _check_parts(template, card["components"], given_card.get("components", []))


def list_media_ids(content: Json) -> list[str]:
    """Returns the ids of uploaded files in the header."""
    parameters = read_parameters(list(content.get("components") or ()), "header")
    files = [parameter.get(str(parameter.get("type"))) for parameter in parameters]
    return [str(file["id"]) for file in files if isinstance(file, dict) and "id" in file]


def _check_parts(template: Template, parts: Sequence[Json], given: Sequence[Json]) -> None:
    _check_header(next((part for part in parts if part["type"] == "HEADER"), {}), given)
    for kind in ("header", "body"):
        text = get_text(parts, kind.upper())
        _check_variables(template, text, read_parameters(given, kind), kind)
    for index, button in enumerate(list_buttons(parts)):
        _check_button(index, button, given)


def _check_header(header: Json, given: Sequence[Json]) -> None:
    file_format = str(header.get("format", "TEXT")).lower()
    parameters = read_parameters(given, "header")
    if file_format == "text":
        return
    received = str(parameters[0].get("type")) if parameters else "UNKNOWN"
    if received != file_format:
        _mismatch(
            f"header: Format mismatch, expected {file_format.upper()}, received {received.upper()}"
        )
    file = parameters[0].get(file_format)
    if file_format in MEDIA and not (
        isinstance(file, dict) and (file.get("id") or file.get("link"))
    ):
        _mismatch(f"header: {file_format} needs an id or a link")


def _check_variables(template: Template, text: str, parameters: Sequence[Json], kind: str) -> None:
    expected = set(VARIABLE.findall(text))
    types = ("text", "currency", "date_time")
    given = [parameter for parameter in parameters if parameter.get("type") in types]
    if len(given) != len(expected):
        raise MetaError(
            132000,
            details=f"{kind}: number of localizable_params ({len(given)}) does not match the "
            f"expected number of params ({len(expected)})",
        )
    if template.parameter_format == "NAMED":
        names = {parameter.get("parameter_name") for parameter in given}
        if names != expected:
            refuse_parameter("Invalid parameter", details="Parameter name is missing or empty")
    for parameter in given:
        value = str(parameter.get("text", ""))
        if re.search(r"[\n\t]", value) or " " * (MAX_BLANKS + 1) in value:
            raise MetaError(
                132018,
                details="Param text cannot have new-line/tab characters or more than 4 "
                "consecutive spaces",
            )


def _check_button(index: int, button: Json, given: Sequence[Json]) -> None:
    kind = button["type"]
    if kind not in _PARAMETERS or (kind == "URL" and not VARIABLE.search(button["url"])):
        return
    parameter_type, is_optional = _PARAMETERS[kind]
    component = find_button(given, index)
    parameters = component.get("parameters") or []
    if not parameters:
        if is_optional:
            return
        _miss(f"buttons: Button at index {index} of type {kind.title()} requires a parameter")
    if str(component.get("sub_type")).lower() != _SUB_TYPES[kind]:
        _mismatch(f"buttons: Button at index {index} is of type {kind.title()}")
    if parameters[0].get("type") != parameter_type or not parameters[0].get(parameter_type):
        _mismatch(f"buttons: Button at index {index} needs a parameter of type {parameter_type}")


def _mismatch(details: str) -> NoReturn:
    raise MetaError(132012, details=details)


def _miss(details: str) -> NoReturn:
    raise MetaError(131008, details=details)
