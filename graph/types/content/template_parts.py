"""The parts of a template as they are written, and what is to be filled in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

import models
from graph.core.enums import describe_enum
from graph.types.content.reading import read_objects, read_text
from whatsapp.templates.definition import read_definition
from whatsapp.templates.form import FormParameter, ParameterKind, ParameterPlace, list_parameters

describe_enum(
    ParameterKind,
    name="TemplateParameterKind",
    description="What is to be given for a parameter of a template.",
    values={
        "TEXT": "The value of a variable: `text`, `currency` or `dateTime`.",
        "IMAGE": "A picture.",
        "VIDEO": "A video.",
        "DOCUMENT": "A document.",
        "LOCATION": "A place.",
        "URL_SUFFIX": "The end of the button's address: `urlSuffix`.",
        "PAYLOAD": "A text of yours that comes back when the button is pressed: `payload`.",
        "COUPON_CODE": "The code that the button copies: `couponCode`.",
        "FLOW": "What a flow begins with: `flow`.",
        "CATALOG": "The product whose picture is shown: `thumbnailProductRetailerId`.",
        "EXPIRES_AT": "When the offer ends: `offerExpiresAt`.",
        "OTHER": "Something that this server has no input for: the template can't be sent here.",
    },
)
describe_enum(
    ParameterPlace,
    name="TemplateParameterPlace",
    description="Where in `TemplateParametersInput` a parameter belongs.",
    values={
        "HEADER": "`header`.",
        "BODY": "`body`.",
        "BUTTON": "`buttons`.",
        "LIMITED_TIME_OFFER": "`offerExpiresAt`.",
    },
)


class TemplateParameterFormat(StrEnum):
    POSITIONAL = "POSITIONAL"
    NAMED = "NAMED"


describe_enum(
    TemplateParameterFormat,
    name="TemplateParameterFormat",
    description="How the variables of a template are told apart.",
    values={
        "POSITIONAL": "By their order: {{1}}, {{2}} and so on.",
        "NAMED": "By their names, such as {{first_name}}.",
    },
)


@strawberry.type(description="One thing that is to be filled in of a template.")
class TemplateParameter:
    place: ParameterPlace = strawberry.field(description="Where it belongs.")
    kind: ParameterKind = strawberry.field(description="What is to be given.")
    name: str | None = strawberry.field(
        description="Of a variable: its name, or its number; those with numbers are given in order."
    )
    card_index: int | None = strawberry.field(
        description="Which card of a carousel, counted from 0; null outside of one."
    )
    button_index: int | None = strawberry.field(
        description="Which button, counted from 0: the `index` of its input."
    )
    label: str | None = strawberry.field(description="The words on the button.")
    example: str | None = strawberry.field(
        description="The sample that WhatsApp reviewed; of a file its address."
    )
    required: bool = strawberry.field(description="Whether it can't be left out.")

    @classmethod
    def from_form(cls, parameter: FormParameter) -> Self:
        return cls(
            place=parameter.place,
            kind=parameter.kind,
            name=parameter.name,
            card_index=parameter.card_index,
            button_index=parameter.button_index,
            label=parameter.label,
            example=parameter.example,
            required=parameter.is_required,
        )


@strawberry.type(description="A button of a template as it is written.")
class TemplateButton:
    type: str = strawberry.field(
        description="WhatsApp's word: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW and so on."
    )
    text: str | None = strawberry.field(description="The words on it.")
    url: str | None = strawberry.field(description="The page it opens, perhaps with a variable.")
    phone_number: str | None = strawberry.field(description="Whom it calls.")
    raw: JSON = strawberry.field(description="All of it, as in WhatsApp's API.")


@strawberry.type(description="A card of a carousel template as it is written.")
class TemplateCard:
    components: list["TemplateComponent"] = strawberry.field(description="Its parts.")


@strawberry.type(description="A part of a template as it is written.")
class TemplateComponent:
    type: str = strawberry.field(
        description="WhatsApp's word: HEADER, BODY, FOOTER, BUTTONS, CAROUSEL, LIMITED_TIME_OFFER"
        " and so on."
    )
    format: str | None = strawberry.field(
        description="Of a HEADER: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION and so on."
    )
    text: str | None = strawberry.field(description="Its text, with variables such as {{1}}.")
    buttons: list[TemplateButton] = strawberry.field(description="Of BUTTONS: the buttons.")
    cards: list[TemplateCard] = strawberry.field(description="Of a CAROUSEL: the cards.")
    raw: JSON = strawberry.field(
        description="All of it, as in WhatsApp's API, with the samples that it reviewed."
    )

    @classmethod
    def from_component(cls, component: Mapping[str, Any]) -> Self:
        return cls(
            type=read_text(component, "type") or "",
            format=read_text(component, "format"),
            text=read_text(component, "text"),
            buttons=[_read_button(one) for one in read_objects(component, "buttons")],
            cards=[
                TemplateCard(components=read_components(read_objects(card, "components")))
                for card in read_objects(component, "cards")
            ],
            raw=JSON(component),
        )


def read_components(components: list[dict[str, Any]]) -> list[TemplateComponent]:
    return [TemplateComponent.from_component(one) for one in components]


def read_parameters(document: models.Template) -> list[TemplateParameter]:
    found = list_parameters(read_definition(document), category=document.category)
    return [TemplateParameter.from_form(one) for one in found]


def read_format(document: models.Template) -> TemplateParameterFormat:
    is_named = read_definition(document).is_named
    return TemplateParameterFormat.NAMED if is_named else TemplateParameterFormat.POSITIONAL


def _read_button(button: Mapping[str, Any]) -> TemplateButton:
    return TemplateButton(
        type=read_text(button, "type") or "",
        text=read_text(button, "text"),
        url=read_text(button, "url"),
        phone_number=read_text(button, "phone_number"),
        raw=JSON(button),
    )
