"""The parts of a template as they are written, read from Meta's objects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import Template

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TEXT = "TEXT"
MEDIA_FORMATS = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
LOCATION = "LOCATION"
# All others (PRODUCT, GIF) need more than this server has inputs for, or another API of Meta.
_SENDABLE_FORMATS = frozenset({TEXT, LOCATION, *MEDIA_FORMATS})
_UNSENDABLE_BUTTONS = frozenset({"MPM", "SPM", "ORDER_DETAILS"})
# Filled in like a link: Meta gives these buttons of authentication templates either name.
_LINK_BUTTONS = frozenset({"URL", "OTP"})


@dataclass(frozen=True)
class VariableText:
    """A text with variables, each named once, in the order in which they are filled in."""

    text: str
    variables: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)

    def fill(self, values: Mapping[str, str]) -> str:
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), self.text)


@dataclass(frozen=True)
class Header:
    format: str
    text: VariableText | None = None
    """Of format TEXT."""
    example: str | None = None
    """Address of the sample file."""


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
    """A whole template, or one card of a carousel."""

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
    """Whether the variables have names instead of numbers."""
    unsendable: str | None = None
    """The first part of it for which this server has no input."""


def read_definition(template: Template) -> Definition:
    components = template.components
    part = _read_part(components)
    cards = tuple(
        _read_part(_list_objects(card, "components"))
        for component in components
        if _read_type(component) == "CAROUSEL"
        for card in _list_objects(component, "cards")
    )
    offers = (_read_offer(one) for one in components if _read_type(one) == "LIMITED_TIME_OFFER")
    return Definition(
        part=part,
        cards=cards,
        offer=next(offers, None),
        is_named=_is_named(template, [part, *cards]),
        unsendable=_find_unsendable([part, *cards]),
    )


def match_sendable() -> dict[str, Any]:
    """The filter of templates that `find_obstacle` finds nothing against."""
    strange = {"$elemMatch": {"format": {"$type": "string", "$nin": sorted(_SENDABLE_FORMATS)}}}
    buttons = sorted(_UNSENDABLE_BUTTONS)
    return {
        "status": "APPROVED",
        "name": {"$ne": None},
        "language": {"$ne": None},
        "components.type": "BODY",
        "components": {"$not": strange},
        "components.cards.components": {"$not": strange},
        "components.buttons.type": {"$nin": buttons},
        "components.cards.components.buttons.type": {"$nin": buttons},
    }


def find_obstacle(template: Template) -> str | None:
    """Why the template can't be sent, whoever gets it; None if it can."""
    if template.status != "APPROVED":
        reason = f" ({template.status_reason})" if template.status_reason else ""
        return f"The template is {template.status or 'of unknown status'}{reason}, not APPROVED."
    definition = read_definition(template)
    if definition.part.body is None or template.name is None or template.language is None:
        return "The text of the template is not known here yet: run syncTemplates."
    if definition.unsendable is not None:
        return f"The template has {definition.unsendable}, which can't be sent from here."
    return None


def _read_part(components: Sequence[Mapping[str, Any]]) -> Part:
    by_type = {_read_type(one): one for one in components}
    header, body, footer = by_type.get("HEADER"), by_type.get("BODY"), by_type.get("FOOTER")
    buttons = _list_objects(by_type.get("BUTTONS", {}), "buttons")
    return Part(
        header=None if header is None else _read_header(header),
        body=None if body is None else _read_text(body, "body_text"),
        footer=None if footer is None else _get_text(footer, "text"),
        buttons=tuple(_read_button(index, one) for index, one in enumerate(buttons)),
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
    if all(one.isdecimal() for one in variables):
        variables.sort(key=int)
    example = _get_object(component, "example")
    named = {
        str(one.get("param_name")): str(one.get("example"))
        for one in _list_objects(example, f"{example_name}_named_params")
    }
    given = example.get(example_name)
    # Those of a body are in a list of lists: one inner list for each set of samples.
    if isinstance(given, list) and given and isinstance(given[0], list):
        given = given[0]
    numbered = given if isinstance(given, list) else []
    samples = dict(zip(variables, map(str, numbered), strict=False)) | named
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
    """The sample of a link with a variable is the whole address; what is filled in is its end."""
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
    # A webhook tells the text alone.
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
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _first_text(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, str) else None
