"""Filling in of template buttons."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from whatsapp.errors import RefusalCollector, TemplateInvalid
from whatsapp.templates.definition import Button
from whatsapp.templates.values import SUFFIX_LIMIT, ButtonValue, FlowValue

# Meta's default for flows without correlation of answers.
UNUSED_TOKEN = "unused"  # noqa: S105 - no secret
# Button type -> field of the input.
_KINDS = {
    "QUICK_REPLY": "payload",
    "COPY_CODE": "couponCode",
    "FLOW": "flow",
    "CATALOG": "thumbnailProductRetailerId",
}
_SUB_TYPES = {
    "QUICK_REPLY": "quick_reply",
    "URL": "url",
    "OTP": "url",
    "COPY_CODE": "copy_code",
    "FLOW": "flow",
    "CATALOG": "CATALOG",
}


def fill_buttons(
    buttons: Sequence[Button], values: Sequence[ButtonValue], *, code: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the components to send, and the buttons as the customer sees them.

    `code` is the one-time code of an authentication template, which its button copies.

    Raises:
        TemplateInvalid: a value is missing or does not fit; its field is relative to `buttons`.
    """
    by_index = _assign_values(buttons, values)
    components, descriptions = [], []
    for button in buttons:
        given = by_index.get(button.index)
        parameter = _build_parameter(button, given, code)
        if parameter is not None:
            components.append(
                {
                    "type": "button",
                    "sub_type": _SUB_TYPES[button.type],
                    "index": str(button.index),
                    "parameters": [parameter],
                }
            )
        descriptions.append(_describe_button(button, parameter))
    return components, descriptions


def _assign_values(
    buttons: Sequence[Button], values: Sequence[ButtonValue]
) -> Mapping[int, ButtonValue]:
    by_index: dict[int, ButtonValue] = {}
    with RefusalCollector() as collect:
        for number, value in enumerate(values):
            collect(_check_value, value, buttons, by_index, [str(number)])
            by_index[value.index] = value
    return by_index


def _check_value(
    value: ButtonValue, buttons: Sequence[Button], given: Container[int], place: list[str]
) -> None:
    if not 0 <= value.index < len(buttons):
        raise TemplateInvalid(
            f"The template has {len(buttons)} buttons, counted from 0.", field=[*place, "index"]
        )
    if value.index in given:
        raise TemplateInvalid(f"Button {value.index} is given twice.", field=[*place, "index"])
    button = buttons[value.index]
    expected = _find_kind(button)
    field = [*place, "value", value.kind]
    if expected is None:
        raise TemplateInvalid(f"{_name(button)} takes no value.", field=field)
    if value.kind != expected:
        raise TemplateInvalid(f"{_name(button)} takes {expected}, not {value.kind}.", field=field)


def _find_kind(button: Button) -> str | None:
    """Returns the input's field for the button, or None if it takes no value."""
    return "urlSuffix" if button.needs_suffix else _KINDS.get(button.type)


def _build_parameter(
    button: Button, given: ButtonValue | None, code: str | None
) -> dict[str, Any] | None:
    value = given.value if given is not None else None
    if button.needs_suffix:
        return {"type": "text", "text": _find_suffix(button, value, code)}
    if button.type == "COPY_CODE":
        if value is None:
            raise TemplateInvalid(f"{_name(button)} needs couponCode.")
        return {"type": "coupon_code", "coupon_code": value}
    if button.type == "FLOW":
        # Meta refuses a flow button without a parameter.
        return _build_flow(value if isinstance(value, FlowValue) else FlowValue())
    if value is None:
        return None
    if button.type == "CATALOG":
        return {"type": "action", "action": {"thumbnail_product_retailer_id": value}}
    return {"type": "payload", "payload": value}


def _find_suffix(button: Button, value: object, code: str | None) -> str:
    suffix = code if value is None else value
    if not isinstance(suffix, str):
        raise TemplateInvalid(f"{_name(button)} needs urlSuffix.")
    if code is not None and suffix != code:
        raise TemplateInvalid(f"{_name(button)} must have the same code as the body, or no value.")
    if button.url is not None and len(_fill_url(button, suffix) or "") > SUFFIX_LIMIT:
        raise TemplateInvalid(f"The filled-in URL is longer than {SUFFIX_LIMIT} characters.")
    return suffix


def _build_flow(flow: FlowValue) -> dict[str, Any]:
    action: dict[str, Any] = {"flow_token": flow.token or UNUSED_TOKEN}
    if flow.data is not None:
        action["flow_action_data"] = flow.data
    return {"type": "action", "action": action}


def _describe_button(button: Button, parameter: Mapping[str, Any] | None) -> dict[str, Any]:
    filled = parameter or {}
    values = {
        "type": button.type,
        "text": button.text,
        "url": _fill_url(button, filled.get("text")),
        "phone_number": button.phone_number,
        "coupon_code": filled.get("coupon_code"),
        "payload": filled.get("payload"),
        "flow_token": filled.get("action", {}).get("flow_token"),
    }
    return {name: value for name, value in values.items() if value is not None}


def _fill_url(button: Button, suffix: str | None) -> str | None:
    if button.url is None:
        return None
    return button.url.fill(dict.fromkeys(button.url.variables, suffix or ""))


def _name(button: Button) -> str:
    return f"Button {button.index} ({button.text or button.type})"
