"""Fills a template in: what is sent to WhatsApp, and what the customer reads.

Where a value does not fit, the refusal names its field below `parameters`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models import Template
from models.database.base import utc_now
from whatsapp.errors import Refused, TemplateInvalid
from whatsapp.templates.buttons import fill_buttons
from whatsapp.templates.definition import (
    LOCATION,
    TEXT,
    Definition,
    Header,
    Part,
    VariableText,
    read_definition,
)
from whatsapp.templates.values import (
    BodyValue,
    HeaderValue,
    LocationValue,
    MediaValue,
    PartValues,
    TemplateValues,
    TextValue,
)

# Meta, "Template components".
HEADER_LIMIT = 60
BODY_LIMIT = 1024
# A body that has no other component beside it may be longer.
LONE_BODY_LIMIT = 32768
# Meta, "Sending authentication templates".
CODE_LIMIT = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filled:
    components: list[dict[str, Any]]
    """As Meta's API takes them."""
    shown: dict[str, Any]
    """What the customer sees, part by part."""


@contextmanager
def fields_below(*path: str) -> Iterator[None]:
    """Puts the path before the field of whatever is refused."""
    try:
        yield
    except Refused as refusal:
        refusal.field = [*path, *(refusal.field or ())]
        raise


def fill_template(template: Template, values: TemplateValues) -> Filled:
    """Raises TemplateInvalid: the values are not those that the template needs."""
    definition = read_definition(template)
    is_lone = len(template.components) == 1
    filler = _Filler(
        is_named=definition.is_named,
        is_authentication=template.category == "AUTHENTICATION",
        body_limit=LONE_BODY_LIMIT if is_lone else BODY_LIMIT,
    )
    offer = _fill_offer(definition, values.offer_expires_at)
    filled = filler.fill(definition.part, values.part)
    cards = _fill_cards(filler, definition.cards, values.cards)
    components = offer.components + filled.components
    if cards:
        described = [
            {"card_index": index, "components": card.components} for index, card in enumerate(cards)
        ]
        components.append({"type": "carousel", "cards": described})
    shown = filled.shown | offer.shown | {"cards": [card.shown for card in cards]}
    return Filled(components, shown)


@dataclass(frozen=True)
class _Filler:
    is_named: bool
    is_authentication: bool
    body_limit: int

    def fill(self, part: Part, values: PartValues) -> Filled:
        with fields_below("header"):
            header, shown_header = self._fill_header(part.header, values.header)
        with fields_below("body"):
            body, shown_body = self._fill_body(part.body, values.body)
        shared = _read_code(values) if self.is_authentication else None
        with fields_below("buttons"):
            buttons, shown_buttons = fill_buttons(part.buttons, values.buttons, code=shared)
        shown = {
            "header": shown_header,
            "body": shown_body,
            "footer": part.footer,
            "buttons": shown_buttons,
        }
        found = [one for one in (header, body) if one is not None]
        return Filled([*found, *buttons], shown)

    def _fill_header(
        self, header: Header | None, value: HeaderValue | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        if header is None:
            if value is not None:
                raise TemplateInvalid("The template has no header to fill in.")
            return None, None
        if header.text is not None:
            return self._fill_header_text(header.text, value)
        if value is None or _name_format(value) != header.format:
            raise TemplateInvalid(f"The header must be given: {header.format.lower()}.")
        built = value.build()
        inner: dict[str, Any] = built[built["type"]]
        # Meta's id of an uploaded file changes, and says nothing to the customer.
        shown = {"format": header.format} | {
            name: one for name, one in inner.items() if name != "id"
        }
        return {"type": "header", "parameters": [built]}, shown

    def _fill_header_text(
        self, text: VariableText, value: HeaderValue | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        if not text.variables:
            if value is not None:
                raise TemplateInvalid("The header has no variable: leave it out.")
            return None, {"format": TEXT, "text": text.text}
        if not isinstance(value, TextValue):
            raise TemplateInvalid(
                f"The header must be given: text for {{{{{text.variables[0]}}}}}."
            )
        given = (BodyValue(value, text.variables[0] if self.is_named else None),)
        parameters, shown = self._fill_text(text, given)
        if len(shown) > HEADER_LIMIT:
            raise TemplateInvalid(_too_long("The header", shown, HEADER_LIMIT), field=["text"])
        return {"type": "header", "parameters": parameters}, {"format": TEXT, "text": shown}

    def _fill_body(
        self, text: VariableText | None, values: Sequence[BodyValue]
    ) -> tuple[dict[str, Any] | None, str]:
        if text is None:
            if values:
                raise TemplateInvalid("This card has no body to fill in.")
            return None, ""
        parameters, shown = self._fill_text(text, values)
        if len(shown) > self.body_limit:
            raise TemplateInvalid(_too_long("The body", shown, self.body_limit))
        return ({"type": "body", "parameters": parameters} if parameters else None), shown

    def _fill_text(
        self, text: VariableText, values: Sequence[BodyValue]
    ) -> tuple[list[dict[str, Any]], str]:
        by_name = self._assign(text, values)
        shown = {name: value.value.shown for name, value in by_name.items()}
        parameters = []
        for name in text.variables:
            built = by_name[name].value.build()
            parameters.append(built | ({"parameter_name": name} if self.is_named else {}))
        return parameters, text.fill(shown)

    def _assign(self, text: VariableText, values: Sequence[BodyValue]) -> Mapping[str, BodyValue]:
        """The value of each variable."""
        if self.is_named:
            return _assign_by_name(text, values)
        for number, value in enumerate(values):
            if value.name is not None:
                raise TemplateInvalid(
                    "The variables of this template have numbers: give the values in their order,"
                    " without names.",
                    field=[str(number), "name"],
                )
        if len(values) != len(text.variables):
            raise TemplateInvalid(
                f"The text has {len(text.variables)} variables, {len(values)} values are given."
            )
        return dict(zip(text.variables, values, strict=True))


def _read_code(values: PartValues) -> str | None:
    """The one-time code of an authentication template. Raises TemplateInvalid if it is too long."""
    code = next((given.value.shown for given in values.body), None)
    if code is not None and len(code) > CODE_LIMIT:
        raise TemplateInvalid(
            f"The code has {len(code)} characters, {CODE_LIMIT} are allowed.",
            field=["body", "0", "text"],
        )
    return code


def _assign_by_name(text: VariableText, values: Sequence[BodyValue]) -> Mapping[str, BodyValue]:
    by_name: dict[str, BodyValue] = {}
    for number, value in enumerate(values):
        field = [str(number), "name"]
        if value.name is None:
            raise TemplateInvalid(
                "The variables of this template have names: say which of"
                f" {_join(text.variables)} this is.",
                field=field,
            )
        if value.name not in text.variables:
            raise TemplateInvalid(
                f"There is no variable {value.name!r}; those of the text are:"
                f" {_join(text.variables)}.",
                field=field,
            )
        if value.name in by_name:
            raise TemplateInvalid(f"The variable {value.name!r} is given twice.", field=field)
        by_name[value.name] = value
    missing = [name for name in text.variables if name not in by_name]
    if missing:
        raise TemplateInvalid(f"Values are missing of: {_join(missing)}.")
    return by_name


def _fill_cards(
    filler: _Filler, cards: Sequence[Part], values: Sequence[PartValues]
) -> list[Filled]:
    if len(cards) != len(values):
        # A carousel whose cards have nothing to fill in does not exist: each has a picture.
        raise TemplateInvalid(
            f"The template has {len(cards)} cards, {len(values)} are given.", field=["cards"]
        )
    filled = []
    for index, (card, given) in enumerate(zip(cards, values, strict=True)):
        with fields_below("cards", str(index)):
            filled.append(filler.fill(card, given))
    return filled


def _fill_offer(definition: Definition, expires_at: datetime | None) -> Filled:
    offer, field = definition.offer, ["offerExpiresAt"]
    if offer is None or not offer.has_expiration:
        if expires_at is not None:
            raise TemplateInvalid("The template has no offer that expires.", field=field)
        return Filled([], {} if offer is None else {"offer": {"text": offer.text}})
    if expires_at is None:
        raise TemplateInvalid("It must be said when the offer expires.", field=field)
    if expires_at <= utc_now():
        raise TemplateInvalid("The offer must expire later than now.", field=field)
    milliseconds = int((expires_at - _EPOCH).total_seconds() * 1000)
    parameter = {
        "type": "limited_time_offer",
        "limited_time_offer": {"expiration_time_ms": milliseconds},
    }
    shown = {"offer": {"text": offer.text, "expires_at": expires_at.isoformat()}}
    return Filled([{"type": "limited_time_offer", "parameters": [parameter]}], shown)


def _name_format(value: HeaderValue) -> str:
    if isinstance(value, MediaValue):
        return value.kind.upper()
    return LOCATION if isinstance(value, LocationValue) else TEXT


def _too_long(what: str, shown: str, limit: int) -> str:
    return f"{what} would have {len(shown)} characters, {limit} are allowed."


def _join(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
