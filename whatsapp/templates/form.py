"""Lists the parameters of a template, from which an app can build a form."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from whatsapp.templates.definition import Button, Definition, Header, Part, VariableText


class ParameterKind(StrEnum):
    TEXT = "TEXT"
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"
    LOCATION = "LOCATION"
    URL_SUFFIX = "URL_SUFFIX"
    PAYLOAD = "PAYLOAD"
    COUPON_CODE = "COUPON_CODE"
    FLOW = "FLOW"
    CATALOG = "CATALOG"
    EXPIRES_AT = "EXPIRES_AT"
    OTHER = "OTHER"


class ParameterPlace(StrEnum):
    HEADER = "HEADER"
    BODY = "BODY"
    BUTTON = "BUTTON"
    LIMITED_TIME_OFFER = "LIMITED_TIME_OFFER"


@dataclass(frozen=True)
class FormParameter:
    place: ParameterPlace
    kind: ParameterKind
    name: str | None = None
    """The name or number of a variable."""
    card_index: int | None = None
    button_index: int | None = None
    label: str | None = None
    """The button's label."""
    example: str | None = None
    is_required: bool = True


_BUTTON_KINDS = {
    "QUICK_REPLY": ParameterKind.PAYLOAD,
    "COPY_CODE": ParameterKind.COUPON_CODE,
    "FLOW": ParameterKind.FLOW,
    "CATALOG": ParameterKind.CATALOG,
}
# Meta's defaults are the button's label, no token, and the first product.
_OPTIONAL = frozenset({ParameterKind.PAYLOAD, ParameterKind.FLOW, ParameterKind.CATALOG})


def list_parameters(definition: Definition, *, category: str | None) -> list[FormParameter]:
    """Returns the parameters in the order in which the customer sees them."""
    parameters = list(_list_part(definition.part, category))
    if definition.offer is not None and definition.offer.has_expiration:
        place = ParameterPlace.LIMITED_TIME_OFFER
        parameters.insert(0, FormParameter(place, ParameterKind.EXPIRES_AT))
    for index, card in enumerate(definition.cards):
        parameters += [
            replace(parameter, card_index=index) for parameter in _list_part(card, category)
        ]
    return parameters


def _list_part(part: Part, category: str | None) -> Iterator[FormParameter]:
    if part.header is not None:
        yield from _list_header(part.header)
    if part.body is not None:
        yield from _list_text(part.body, ParameterPlace.BODY)
    for button in part.buttons:
        parameter = _read_button(button, category)
        if parameter is not None:
            yield parameter


def _list_header(header: Header) -> Iterator[FormParameter]:
    if header.text is not None:
        yield from _list_text(header.text, ParameterPlace.HEADER)
        return
    kind = ParameterKind.__members__.get(header.format, ParameterKind.OTHER)
    yield FormParameter(ParameterPlace.HEADER, kind, example=header.example)


def _list_text(text: VariableText, place: ParameterPlace) -> Iterator[FormParameter]:
    for name in text.variables:
        example = text.examples.get(name)
        yield FormParameter(place, ParameterKind.TEXT, name=name, example=example)


def _read_button(button: Button, category: str | None) -> FormParameter | None:
    kind = _BUTTON_KINDS.get(button.type)
    if button.needs_suffix:
        kind = ParameterKind.URL_SUFFIX
    if kind is None:
        return None
    # The body of an authentication template already has the code.
    is_code = kind is ParameterKind.URL_SUFFIX and category == "AUTHENTICATION"
    return FormParameter(
        ParameterPlace.BUTTON,
        kind,
        button_index=button.index,
        label=button.text,
        example=button.example,
        is_required=not is_code and kind not in _OPTIONAL,
    )
