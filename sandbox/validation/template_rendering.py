"""Renders template sends for the customer's phone."""

from collections.abc import Sequence
from typing import Any

from sandbox.validation.demo_templates import Template
from sandbox.validation.template_components import (
    VARIABLE,
    find,
    find_button,
    get_text,
    list_buttons,
    read_parameters,
)

Json = dict[str, Any]
FILES = ("image", "video", "document")


def render_template(template: Template, content: Json) -> Json:
    """Returns its name, header, body, footer, buttons and cards, with the variables filled in.

    `buttons` are the labels of the quick replies, and `links` the other buttons.
    """
    given = list(content.get("components") or ())
    cards = template.get_part("CAROUSEL").get("cards", [])
    given_cards = find(given, "carousel").get("cards", [])
    shown = {"name": template.name, **_render_parts(template.components, given)}
    shown["cards"] = [
        _render_parts(card["components"], given_card.get("components", []))
        for card, given_card in zip(cards, given_cards, strict=False)
    ]
    return shown


def _render_parts(parts: Sequence[Json], given: Sequence[Json]) -> Json:
    shown: Json = {}
    for kind in ("header", "body", "footer"):
        text = get_text(parts, kind.upper())
        if text:
            shown[kind] = _fill(text, read_parameters(given, kind))
    first = next(iter(read_parameters(given, "header")), {})
    kind = str(first.get("type"))
    if kind in (*FILES, "location"):
        shown["header_file"] = {"type": kind, kind: first.get(kind)}
    buttons = list_buttons(parts)
    shown["buttons"] = [button["text"] for button in buttons if button["type"] == "QUICK_REPLY"]
    shown["payloads"] = _read_payloads(buttons, given)
    shown["links"] = [
        _render_link(button, find_button(given, index))
        for index, button in enumerate(buttons)
        if button["type"] != "QUICK_REPLY"
    ]
    return shown


def _render_link(button: Json, given: Json) -> Json:
    """Returns {"text", "type"} and the value that the button opens or copies."""
    parameter: Json = next(iter(given.get("parameters") or ()), {})
    link: Json = {"text": button["text"], "type": button["type"]}
    if button["type"] == "URL":
        link["url"] = VARIABLE.sub(lambda _: str(parameter.get("text", "")), button["url"])
    elif button["type"] == "PHONE_NUMBER":
        link["phone"] = button["phone_number"]
    elif button["type"] == "COPY_CODE":
        link["code"] = parameter.get("coupon_code", "")
    return link


def _read_payloads(buttons: Sequence[Json], given: Sequence[Json]) -> Json:
    """Returns the payloads by button label."""
    payloads = {}
    for index, button in enumerate(buttons):
        for parameter in find_button(given, index).get("parameters") or ():
            if parameter.get("type") == "payload":
                payloads[button["text"]] = parameter["payload"]
    return payloads


def _fill(text: str, parameters: Sequence[Json]) -> str:
    values = {
        str(parameter.get("parameter_name", index)): parameter.get("text")
        or _read_fallback(parameter)
        for index, parameter in enumerate(parameters, start=1)
    }
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _read_fallback(parameter: Json) -> str:
    inner = parameter.get(str(parameter.get("type")))
    return str(inner.get("fallback_value", "")) if isinstance(inner, dict) else ""
