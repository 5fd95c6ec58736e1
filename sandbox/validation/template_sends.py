"""Checks template sends and renders them for the customer's phone."""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from sandbox.validation.demo_templates import Template
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import refuse_parameter
from sandbox.validation.validation import check_size

Json = dict[str, Any]
MEDIA = ("image", "video", "document")
MAX_BLANKS = 4
MAX_CODE = 15
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
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
        for parameter in _read_parameters(given, "body"):
            check_size("One-time password", parameter.get("text"), limit=MAX_CODE)
    offer = template.get_part("LIMITED_TIME_OFFER").get("limited_time_offer", {})
    if offer.get("has_expiration") and not _find(given, "limited_time_offer"):
        _miss("limited_time_offer: expiration_time_ms is required")
    cards = template.get_part("CAROUSEL").get("cards", [])
    given_cards = _find(given, "carousel").get("cards", [])
    if len(cards) != len(given_cards):
        _mismatch(f"carousel: expected {len(cards)} cards, got {len(given_cards)}")
    for card, given_card in zip(cards, given_cards, strict=True):
        _check_parts(template, card["components"], given_card.get("components", []))


def list_media_ids(content: Json) -> list[str]:
    """Returns the ids of uploaded files in the header."""
    parameters = _read_parameters(list(content.get("components") or ()), "header")
    files = [each.get(str(each.get("type"))) for each in parameters]
    return [str(file["id"]) for file in files if isinstance(file, dict) and "id" in file]


def render_template(template: Template, content: Json) -> Json:
    """Returns the phone page's form: texts and reply buttons."""
    given = list(content.get("components") or ())
    shown: Json = {"name": template.name}
    for kind in ("header", "body", "footer"):
        text = template.get_text(kind.upper())
        if text:
            shown[kind] = _fill(text, _read_parameters(given, kind))
    if not template.get_text("HEADER") and template.get_part("HEADER"):
        shown["header"] = _describe_header(_read_parameters(given, "header"))
    cards = template.get_part("CAROUSEL").get("cards", [])
    given_cards = _find(given, "carousel").get("cards", [])
    texts = [
        _fill(_get_text(card["components"], "BODY"), _read_parameters(one["components"], "body"))
        for card, one in zip(cards, given_cards, strict=False)
    ]
    if texts:
        shown["body"] = "\n".join([shown.get("body", ""), *(f"▫ {text}" for text in texts)])
    replies = [one for one in _list_buttons(template.components) if one["type"] == "QUICK_REPLY"]
    shown["buttons"] = [button["text"] for button in replies]
    shown["payloads"] = _read_payloads(_list_buttons(template.components), given)
    return shown


def _check_parts(template: Template, parts: Sequence[Json], given: Sequence[Json]) -> None:
    _check_header(next((one for one in parts if one["type"] == "HEADER"), {}), given)
    for kind in ("header", "body"):
        text = _get_text(parts, kind.upper())
        _check_variables(template, text, _read_parameters(given, kind), kind)
    for index, button in enumerate(_list_buttons(parts)):
        _check_button(index, button, given)


def _check_header(header: Json, given: Sequence[Json]) -> None:
    wanted = str(header.get("format", "TEXT")).lower()
    parameters = _read_parameters(given, "header")
    if wanted == "text":
        return
    received = str(parameters[0].get("type")) if parameters else "UNKNOWN"
    if received != wanted:
        _mismatch(
            f"header: Format mismatch, expected {wanted.upper()}, received {received.upper()}"
        )
    file = parameters[0].get(wanted)
    if wanted in MEDIA and not (isinstance(file, dict) and (file.get("id") or file.get("link"))):
        _mismatch(f"header: {wanted} needs an id or a link")


def _check_variables(template: Template, text: str, parameters: Sequence[Json], kind: str) -> None:
    expected = set(_VARIABLE.findall(text))
    given = [each for each in parameters if each.get("type") in ("text", "currency", "date_time")]
    if len(given) != len(expected):
        raise MetaError(
            132000,
            details=f"{kind}: number of localizable_params ({len(given)}) does not match the "
            f"expected number of params ({len(expected)})",
        )
    if template.parameter_format == "NAMED":
        names = {each.get("parameter_name") for each in given}
        if names != expected:
            refuse_parameter("Invalid parameter", details="Parameter name is missing or empty")
    for each in given:
        value = str(each.get("text", ""))
        if re.search(r"[\n\t]", value) or " " * (MAX_BLANKS + 1) in value:
            raise MetaError(
                132018,
                details="Param text cannot have new-line/tab characters or more than 4 "
                "consecutive spaces",
            )


def _check_button(index: int, button: Json, given: Sequence[Json]) -> None:
    kind = button["type"]
    if kind not in _PARAMETERS or (kind == "URL" and not _VARIABLE.search(button["url"])):
        return
    wanted, is_optional = _PARAMETERS[kind]
    component = _find_button(given, index)
    parameters = component.get("parameters") or []
    if not parameters:
        if is_optional:
            return
        _miss(f"buttons: Button at index {index} of type {kind.title()} requires a parameter")
    if str(component.get("sub_type")).lower() != _SUB_TYPES[kind]:
        _mismatch(f"buttons: Button at index {index} is of type {kind.title()}")
    if parameters[0].get("type") != wanted or not parameters[0].get(wanted):
        _mismatch(f"buttons: Button at index {index} needs a parameter of type {wanted}")


def _read_payloads(buttons: Sequence[Json], given: Sequence[Json]) -> Json:
    """Returns the payloads by button label."""
    payloads = {}
    for index, button in enumerate(buttons):
        for parameter in _find_button(given, index).get("parameters") or ():
            if parameter.get("type") == "payload":
                payloads[button["text"]] = parameter["payload"]
    return payloads


def _describe_header(parameters: Sequence[Json]) -> str:
    first = parameters[0] if parameters else {}
    kind = str(first.get("type", ""))
    inner = first.get(kind)
    inner = inner if isinstance(inner, dict) else {}
    found = inner.get("filename") or inner.get("name") or inner.get("link") or inner.get("id")
    return f"[{kind}] {found or ''}".strip()


def _find(given: Sequence[Json], kind: str) -> Json:
    return next((part for part in given if str(part.get("type")).lower() == kind), {})


def _find_button(given: Sequence[Json], index: int) -> Json:
    found = (
        part
        for part in given
        if str(part.get("type")).lower() == "button" and str(part.get("index")) == str(index)
    )
    return next(found, {})


def _read_parameters(given: Sequence[Json], kind: str) -> list[Json]:
    return list(_find(given, kind).get("parameters") or ())


def _list_buttons(parts: Sequence[Json]) -> list[Json]:
    return [button for part in parts for button in part.get("buttons", ())]


def _get_text(parts: Sequence[Json], kind: str) -> str:
    return next((str(part.get("text", "")) for part in parts if part["type"] == kind), "")


def _fill(text: str, parameters: Sequence[Json]) -> str:
    values = {
        str(parameter.get("parameter_name", index)): parameter.get("text")
        or _read_fallback(parameter)
        for index, parameter in enumerate(parameters, start=1)
    }
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def _read_fallback(parameter: Json) -> str:
    inner = parameter.get(str(parameter.get("type")))
    return str(inner.get("fallback_value", "")) if isinstance(inner, dict) else ""


def _mismatch(details: str) -> NoReturn:
    raise MetaError(132012, details=details)


def _miss(details: str) -> NoReturn:
    raise MetaError(131008, details=details)
