"""Filling in of templates: the components to send, and the text that the customer reads.

Errors name the field relative to `parameters`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models import Template
from models.database.base import utc_now
from whatsapp.errors import RefusalCollector, Refused, TemplateInvalid
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
# For a template whose body is the only component.
LONE_BODY_LIMIT = 32768
# Meta, "Sending authentication templates".
CODE_LIMIT = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filled:
    components: list[dict[str, Any]]
    """In the form of Meta's API."""
    shown: dict[str, Any]
    """The parts as the customer sees them."""


@contextmanager
def fields_below(*path: str) -> Iterator[None]:
    """Prepends `path` to the field of errors raised inside the block."""
    try:
        yield
    except Refused as refusal:
        refusal.move_below(*path)
        raise


def fill_template(template: Template, values: TemplateValues) -> Filled:
    """Fills in the values. Raises TemplateInvalid if they do not fit the template."""
    definition = read_definition(template)
    is_body_only = len(template.components) == 1
    filler = _Filler(
        is_named=definition.is_named,
        is_authentication=template.category == "AUTHENTICATION",
        body_limit=LONE_BODY_LIMIT if is_body_only else BODY_LIMIT,
    )
    with RefusalCollector() as collect:
        offer = collect(_fill_offer, definition, values.offer_expires_at)
        filled = collect(filler.fill, definition.part, values.part)
        cards = collect(_fill_cards, filler, definition.cards, values.cards)
    components = offer.components + filled.components
    if cards:
        indexed = [
            {"card_index": index, "components": card.components} for index, card in enumerate(cards)
        ]
        components.append({"type": "carousel", "cards": indexed})
    shown = filled.shown | offer.shown | {"cards": [card.shown for card in cards]}
    return Filled(components, shown)


@dataclass(frozen=True)
class _Filler:
    is_named: bool
    is_authentication: bool
    body_limit: int

    def fill(self, part: Part, values: PartValues) -> Filled:
        fill_header = fields_below("header")(self._fill_header)
        fill_body = fields_below("body")(self._fill_body)
        fill_part_buttons = fields_below("buttons")(fill_buttons)
        with RefusalCollector() as collect:
            filled_header = collect(fill_header, part.header, values.header)
            filled_body = collect(fill_body, part.body, values.body)
            code = collect(_read_code, values) if self.is_authentication else None
            filled_buttons = collect(fill_part_buttons, part.buttons, values.buttons, code=code)
        header, shown_header = filled_header
        body, shown_body = filled_body
        buttons, shown_buttons = filled_buttons
        shown = {
            "header": shown_header,
            "body": shown_body,
            "footer": part.footer,
            "buttons": shown_buttons,
        }
        components = [component for component in (header, body) if component is not None]
        return Filled([*components, *buttons], shown)

    def _fill_header(
        self, header: Header | None, value: HeaderValue | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        if header is None:
            if value is not None:
                raise TemplateInvalid("The template has no header; leave it out.")
            return None, None
        if header.text is not None:
            return self._fill_header_text(header.text, value)
        if value is None or _name_format(value) != header.format:
            raise TemplateInvalid(f"The header must be given: {header.format.lower()}.")
        built = value.build()
        # The media id of an uploaded file changes, and customers don't see it.
        inner = {name: each for name, each in built[built["type"]].items() if name != "id"}
        shown = {"format": header.format} | inner
        return {"type": "header", "parameters": [built]}, shown

    def _fill_header_text(
        self, text: VariableText, value: HeaderValue | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        if not text.variables:
            if value is not None:
                raise TemplateInvalid("The header has no variable; leave it out.")
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
                raise TemplateInvalid("This card has no body; leave it out.")
            return None, ""
        parameters, shown = self._fill_text(text, values)
        if len(shown) > self.body_limit:
            raise TemplateInvalid(_too_long("The body", shown, self.body_limit))
        return ({"type": "body", "parameters": parameters} if parameters else None), shown

    def _fill_text(
        self, text: VariableText, values: Sequence[BodyValue]
    ) -> tuple[list[dict[str, Any]], str]:
        by_name = self._assign_values(text, values)
        shown = {name: value.value.shown for name, value in by_name.items()}
        parameters = []
        for name in text.variables:
            built = by_name[name].value.build()
            parameters.append(built | ({"parameter_name": name} if self.is_named else {}))
        return parameters, text.fill(shown)

    def _assign_values(
        self, text: VariableText, values: Sequence[BodyValue]
    ) -> Mapping[str, BodyValue]:
        """Returns the value of each variable by its name."""
        if self.is_named:
            return _assign_by_name(text, values)
        for number, value in enumerate(values):
            if value.name is not None:
                raise TemplateInvalid(
                    "This template's variables are numbered; give the values in order, without"
                    " names.",
                    field=[str(number), "name"],
                )
        if len(values) != len(text.variables):
            raise TemplateInvalid(
                f"The text has {len(text.variables)} variables, {len(values)} values were given."
            )
        return dict(zip(text.variables, values, strict=True))


def _read_code(values: PartValues) -> str | None:
    """Returns the code of an authentication template. Raises TemplateInvalid if it is too long."""
    code = next((given.value.shown for given in values.body), None)
    if code is not None and len(code) > CODE_LIMIT:
        raise TemplateInvalid(
            f"The code has {len(code)} characters; at most {CODE_LIMIT} are allowed.",
            field=["body", "0", "value", "text"],
        )
    return code


def _assign_by_name(text: VariableText, values: Sequence[BodyValue]) -> Mapping[str, BodyValue]:
    by_name: dict[str, BodyValue] = {}
    with RefusalCollector() as collect:
        for number, value in enumerate(values):
            name = collect(_check_name, value.name, text, by_name, field=[str(number), "name"])
            by_name[name] = value
    missing = [name for name in text.variables if name not in by_name]
    if missing:
        raise TemplateInvalid(f"Values are missing for: {_join_names(missing)}.")
    return by_name


def _check_name(
    name: str | None, text: VariableText, given: Collection[str], *, field: list[str]
) -> str:
    if name is None:
        raise TemplateInvalid(
            "This template's variables have names; set the name of this value to one of:"
            f" {_join_names(text.variables)}.",
            field=field,
        )
    if name not in text.variables:
        raise TemplateInvalid(
            f"The text has no variable {name!r}; use: {_join_names(text.variables)}.", field=field
        )
    if name in given:
        raise TemplateInvalid(f"The variable {name!r} is given twice.", field=field)
    return name


def _fill_cards(
    filler: _Filler, cards: Sequence[Part], values: Sequence[PartValues]
) -> list[Filled]:
    if len(cards) != len(values):
        # Every card needs values, because each has an image or a video.
        raise TemplateInvalid(
            f"The template has {len(cards)} cards, {len(values)} were given.", field=["cards"]
        )
    with RefusalCollector() as collect:
        return [
            collect(fields_below("cards", str(index))(filler.fill), card, given)
            for index, (card, given) in enumerate(zip(cards, values, strict=True))
        ]


def _fill_offer(definition: Definition, expires_at: datetime | None) -> Filled:
    offer, field = definition.offer, ["offerExpiresAt"]
    if offer is None or not offer.has_expiration:
        if expires_at is not None:
            raise TemplateInvalid("The template has no offer that expires.", field=field)
        return Filled([], {} if offer is None else {"offer": {"text": offer.text}})
    if expires_at is None:
        raise TemplateInvalid("Give the time when the offer expires.", field=field)
    if expires_at <= utc_now():
        raise TemplateInvalid("The offer must expire in the future.", field=field)
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


def _too_long(part: str, shown: str, limit: int) -> str:
    return f"{part} would have {len(shown)} characters; at most {limit} are allowed."


def _join_names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
