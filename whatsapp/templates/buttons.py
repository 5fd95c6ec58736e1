"""Fills in the buttons of a template."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatsapp.errors import TemplateInvalid
from whatsapp.templates.definition import Button
from whatsapp.templates.values import SUFFIX_LIMIT, ButtonValue, FlowValue

# Meta's own default of a flow that nobody waits for.
UNUSED_TOKEN = "unused"  # noqa: S105 - no secret
# Which field of the input belongs to which type of button.
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
    """The components to send, and the buttons as the customer sees them.

    `code` is that of an authentication template, which its button copies.

    Raises:
        TemplateInvalid: a value is missing, or belongs to no button; the field is below `buttons`.
    """
    by_index = _assign(buttons, values)
    components, shown = [], []
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
        shown.append(_show(button, parameter))
    return components, shown


def _assign(buttons: Sequence[Button], values: Sequence[ButtonValue]) -> Mapping[int, ButtonValue]:
    by_index: dict[int, ButtonValue] = {}
    for number, value in enumerate(values):
        place = [str(number)]
        if not 0 <= value.index < len(buttons):
            raise TemplateInvalid(
                f"There are {len(buttons)} buttons, counted from 0.", field=[*place, "index"]
            )
        if value.index in by_index:
            raise TemplateInvalid(f"Button {value.index} is given twice.", field=[*place, "index"])
        button = buttons[value.index]
        wanted = _find_kind(button)
        if wanted is None:
            raise TemplateInvalid(
                f"{_name(button)} has nothing to fill in.", field=[*place, value.kind]
            )
        if value.kind != wanted:
            raise TemplateInvalid(
                f"{_name(button)} takes {wanted}, not {value.kind}.", field=[*place, value.kind]
            )
        by_index[value.index] = value
    return by_index


def _find_kind(button: Button) -> str | None:
    """The input's field that belongs to the button; None where it has nothing to fill in."""
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
        raise TemplateInvalid(f"{_name(button)} takes the same code as the body, or none.")
    if button.url is not None and len(_fill_url(button, suffix) or "") > SUFFIX_LIMIT:
        raise TemplateInvalid(f"The address would have more than {SUFFIX_LIMIT} characters.")
    return suffix


def _build_flow(flow: FlowValue) -> dict[str, Any]:
    action: dict[str, Any] = {"flow_token": flow.token or UNUSED_TOKEN}
    if flow.data is not None:
        action["flow_action_data"] = flow.data
    return {"type": "action", "action": action}


def _show(button: Button, parameter: Mapping[str, Any] | None) -> dict[str, Any]:
    given = parameter or {}
    shown = {
        "type": button.type,
        "text": button.text,
        "url": _fill_url(button, given.get("text")),
        "phone_number": button.phone_number,
        "coupon_code": given.get("coupon_code"),
        "payload": given.get("payload"),
        "flow_token": given.get("action", {}).get("flow_token"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _fill_url(button: Button, suffix: str | None) -> str | None:
    if button.url is None:
        return None
    return button.url.fill(dict.fromkeys(button.url.variables, suffix or ""))


def _name(button: Button) -> str:
    return f"Button {button.index} ({button.text or button.type})"
