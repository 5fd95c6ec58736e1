"""The parts of a template, read from Meta's components."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import Template

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TEXT = "TEXT"
MEDIA_FORMATS = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
LOCATION = "LOCATION"
# Other formats (PRODUCT, GIF) need inputs that this server lacks, or another API of Meta.
_SENDABLE_FORMATS = frozenset({TEXT, LOCATION, *MEDIA_FORMATS})
_UNSENDABLE_BUTTONS = frozenset({"MPM", "SPM", "ORDER_DETAILS"})
# Meta uses either type for the copy-code button of authentication templates.
_LINK_BUTTONS = frozenset({"URL", "OTP"})


@dataclass(frozen=True)
class VariableText:
    """A text with distinct variables, in the order in which values are given."""

    text: str
    variables: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)

    def fill(self, values: Mapping[str, str]) -> str:
        return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), self.text)


@dataclass(frozen=True)
class Header:
    format: str
    text: VariableText | None = None
    """Only for format TEXT."""
    example: str | None = None
    """URL of the sample file."""


@dataclass(frozen=True)
class Button:
    index: int
    type: str
    text: str
    url: VariableText | None = None
    phone_number: str | None = None
    example: str | None = None

    @property
    def is_link(self) -> bool:
        return self.type in _LINK_BUTTONS

    @property
    def needs_suffix(self) -> bool:
        return self.is_link and (self.url is None or bool(self.url.variables))


@dataclass(frozen=True)
class Part:
    """A template, or a card of a carousel."""

    header: Header | None = None
    body: VariableText | None = None
    footer: str | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A limited-time offer."""

    text: str
    has_expiration: bool


@dataclass(frozen=True)
class Definition:
    part: Part
    cards: tuple[Part, ...] = ()
    offer: Offer | None = None
    is_named: bool = False
    """True if variables have names instead of numbers."""
    unsendable: str | None = None
    """The first part for which this server has no input."""


def read_definition(template: Template) -> Definition:
    components = template.components
    part = _read_part(components)
    cards = tuple(
        _read_part(_list_objects(card, "components"))
        for component in components
        if _read_type(component) == "CAROUSEL"
        for card in _list_objects(component, "cards")
    )
    offers = (
        _read_offer(component)
        for component in components
        if _read_type(component) == "LIMITED_TIME_OFFER"
    )
    return Definition(
        part=part,
        cards=cards,
        offer=next(offers, None),
        is_named=_is_named(template, [part, *cards]),
        unsendable=_find_unsendable([part, *cards]),
    )


def match_sendable() -> dict[str, Any]:
    """Returns the query for templates to which `find_obstacle` has no objection."""
    unsendable = {"$elemMatch": {"format": {"$type": "string", "$nin": sorted(_SENDABLE_FORMATS)}}}
    buttons = sorted(_UNSENDABLE_BUTTONS)
    return {
        "status": "APPROVED",
        "name": {"$ne": None},
        "language": {"$ne": None},
        "components.type": "BODY",
        "components": {"$not": unsendable},
        "components.cards.components": {"$not": unsendable},
        "components.buttons.type": {"$nin": buttons},
        "components.cards.components.buttons.type": {"$nin": buttons},
    }


def find_obstacle(template: Template) -> str | None:
    """Returns the reason why the template can't be sent to any customer, or None."""
    if template.status != "APPROVED":
        reason = f" ({template.status_reason})" if template.status_reason else ""
        return f"The template is {template.status or 'of unknown status'}{reason}, not APPROVED."
    definition = read_definition(template)
    if definition.part.body is None or template.name is None or template.language is None:
        return "The template's text has not been read from Meta yet; run syncTemplates."
    if definition.unsendable is not None:
        return f"The template has {definition.unsendable}, which this server can't send."
    return None


def _read_part(components: Sequence[Mapping[str, Any]]) -> Part:
    by_type = {_read_type(component): component for component in components}
    header, body, footer = by_type.get("HEADER"), by_type.get("BODY"), by_type.get("FOOTER")
    buttons = _list_objects(by_type.get("BUTTONS", {}), "buttons")
    return Part(
        header=None if header is None else _read_header(header),
        body=None if body is None else _read_text(body, "body_text"),
        footer=None if footer is None else _get_text(footer, "text"),
        buttons=tuple(_read_button(index, button) for index, button in enumerate(buttons)),
    )


def _read_header(header: Mapping[str, Any]) -> Header:
    kind = (_get_text(header, "format") or TEXT).upper()
    if kind == TEXT:
        return Header(TEXT, text=_read_text(header, "header_text"))
    example = _get_object(header, "example").get("header_handle")
    return Header(kind, example=_first_text(example))


def _read_text(component: Mapping[str, Any], example_name: str) -> VariableText:
    text = _get_text(component, "text") or ""
    variables = list(dict.fromkeys(_VARIABLE.findall(text)))
    if all(name.isdecimal() for name in variables):
        variables.sort(key=int)
    example = _get_object(component, "example")
    named_samples = {
        str(sample.get("param_name")): str(sample.get("example"))
        for sample in _list_objects(example, f"{example_name}_named_params")
    }
    listed = example.get(example_name)
    # A body has a list of lists: an inner list for each set of samples.
    if isinstance(listed, list) and listed and isinstance(listed[0], list):
        listed = listed[0]
    numbered = listed if isinstance(listed, list) else []
    samples = dict(zip(variables, map(str, numbered), strict=False)) | named_samples
    return VariableText(text, tuple(variables), samples)


def _read_button(index: int, button: Mapping[str, Any]) -> Button:
    url = _get_text(button, "url")
    variables = () if url is None else tuple(dict.fromkeys(_VARIABLE.findall(url)))
    example = button.get("example")
    return Button(
        index=index,
        type=_read_type(button),
        text=_get_text(button, "text") or "",
        url=None if url is None else VariableText(url, variables),
        phone_number=_get_text(button, "phone_number"),
        example=_cut_suffix(url, example if isinstance(example, str) else _first_text(example)),
    )


def _cut_suffix(url: str | None, example: str | None) -> str | None:
    """Returns the end of a sample URL that replaces the variable of `url`."""
    if url is None or example is None:
        return example
    beginning = _VARIABLE.split(url)[0]
    return example.removeprefix(beginning)


def _read_offer(component: Mapping[str, Any]) -> Offer:
    offer = _get_object(component, "limited_time_offer")
    return Offer(_get_text(offer, "text") or "", offer.get("has_expiration") is not False)


def _is_named(template: Template, parts: Sequence[Part]) -> bool:
    if template.parameter_format is not None:
        return template.parameter_format.upper() == "NAMED"
    # A webhook has the text only.
    texts = [part.body for part in parts] + [
        part.header.text for part in parts if part.header is not None
    ]
    variables = [name for text in texts if text is not None for name in text.variables]
    return any(not name.isdecimal() for name in variables)


def _find_unsendable(parts: Sequence[Part]) -> str | None:
    for part in parts:
        if part.header is not None and part.header.format not in _SENDABLE_FORMATS:
            return f"a header of format {part.header.format}"
        for button in part.buttons:
            if button.type in _UNSENDABLE_BUTTONS:
                return f"a button of type {button.type}"
    return None


def _read_type(component: Mapping[str, Any]) -> str:
    return (_get_text(component, "type") or "").upper()


def _get_text(item: Mapping[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None


def _get_object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def _list_objects(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = item.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first_text(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, str) else None
