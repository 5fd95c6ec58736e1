"""Descriptions of templates that another program sent, as the customer reads them."""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId

from models import Template
from whatsapp.templates.definition import TEXT, VariableText, read_definition
from whatsapp.templates.lookup import find_by_name

_Json = Mapping[str, Any]


async def describe_echo(
    account_id: PydanticObjectId, template: _Json
) -> tuple[dict[str, Any], str | None]:
    """Returns the content to store for Meta's object, and its text if it has any."""
    name, language = template.get("name"), template.get("language")
    code = language.get("code") if isinstance(language, dict) else language
    stored_template = None
    if isinstance(name, str) and isinstance(code, str):
        stored_template = await find_by_name(account_id, name, code)
    shown = (
        _describe_known(stored_template, template)
        if stored_template
        else _describe_unknown(template)
    )
    content = {**template, "language": {"code": code}, "shown": shown}
    return content, shown["body"] or (name if isinstance(name, str) else None)


def _describe_known(known: Template, template: _Json) -> dict[str, Any]:
    """Describes a template of this account, filled with the values that were sent."""
    part, stated = read_definition(known).part, _describe_unknown(template)
    header = part.header
    text = header.text if header else None
    filled = _fill_text(text, template, "header")
    return {
        "template_id": str(known.id),
        "category": known.category,
        "header": {"format": header.format, "text": filled} if header else stated["header"],
        "body": _fill_text(part.body, template, "body") or stated["body"],
        "footer": part.footer,
        "buttons": [{"type": button.type, "text": button.text} for button in part.buttons],
    }


def _describe_unknown(template: _Json) -> dict[str, Any]:
    """Describes the texts that the message itself contains."""
    header = _find_component(template, "header").get("text")
    body, footer = (
        _find_component(template, "body").get("text"),
        _find_component(template, "footer").get("text"),
    )
    return {
        "header": {"format": TEXT, "text": header} if isinstance(header, str) else None,
        "body": body if isinstance(body, str) else "",
        "footer": footer if isinstance(footer, str) else None,
        "buttons": [],
    }


def _fill_text(text: VariableText | None, template: _Json, kind: str) -> str | None:
    if text is None:
        return None
    parameters = _find_component(template, kind).get("parameters")
    values: dict[str, str] = {}
    listed = parameters if isinstance(parameters, list) else []
    for number, parameter in enumerate(listed, start=1):
        if isinstance(parameter, dict) and (value := _read_value(parameter)) is not None:
            name = parameter.get("parameter_name")
            values[name if isinstance(name, str) else str(number)] = value
    return text.fill(values)


def _read_value(parameter: _Json) -> str | None:
    """Returns a parameter's text, for amounts and dates the fallback value."""
    inner = parameter.get(str(parameter.get("type")))
    text = inner.get("fallback_value") if isinstance(inner, dict) else parameter.get("text")
    return text if isinstance(text, str) else None


def _find_component(template: _Json, kind: str) -> _Json:
    components = template.get("components")
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict) and str(component.get("type")).lower() == kind:
            return component
    return {}
