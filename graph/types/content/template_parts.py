"""Definition of a template: its components and parameters."""

from collections.abc import Mapping
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

import models
from graph.core.enums import DescribedEnum, describe_enum
from graph.types.content.reading import read_objects, read_text
from whatsapp.templates.definition import read_definition
from whatsapp.templates.form import FormParameter, ParameterKind, ParameterPlace, list_parameters

describe_enum(
    ParameterKind,
    name="TemplateParameterKind",
    description="Kind of value that a template parameter takes.",
    values={
        "TEXT": "Value of a variable, given as `text`, `currency` or `dateTime`.",
        "IMAGE": "Image.",
        "VIDEO": "Video.",
        "DOCUMENT": "Document.",
        "LOCATION": "Location.",
        "URL_SUFFIX": "End of the button's URL, given as `urlSuffix`.",
        "PAYLOAD": "Text that is returned when the button is pressed, given as `payload`.",
        "COUPON_CODE": "Code that the button copies, given as `couponCode`.",
        "FLOW": "Initial state of a flow, given as `flow`.",
        "CATALOG": "Product whose image is shown, given as `thumbnailProductRetailerId`.",
        "EXPIRES_AT": "Time at which the offer expires, given as `offerExpiresAt`.",
        "OTHER": "Parameter that this server does not support; the template can't be sent here.",
    },
)
describe_enum(
    ParameterPlace,
    name="TemplateParameterPlace",
    description="Field of `TemplateParametersInput` that takes a parameter.",
    values={
        "HEADER": "Given in `header`.",
        "BODY": "Given in `body`.",
        "BUTTON": "Given in `buttons`.",
        "LIMITED_TIME_OFFER": "Given in `offerExpiresAt`.",
    },
)


class TemplateParameterFormat(DescribedEnum):
    POSITIONAL = "POSITIONAL", "Variables are numbered: {{1}}, {{2}} and so on."
    NAMED = "NAMED", "Variables are named, such as {{first_name}}."


describe_enum(TemplateParameterFormat, description="Naming of a template's variables.")


@strawberry.type(description="Value that is needed to send a template.")
class TemplateParameter:
    place: ParameterPlace = strawberry.field(
        description="Field of `TemplateParametersInput` that takes the parameter."
    )
    kind: ParameterKind = strawberry.field(description="Kind of value.")
    name: str | None = strawberry.field(
        description="Name or number of the variable; null for other parameters. Numbered variables"
        " are given in order."
    )
    card_index: int | None = strawberry.field(
        description="Index of the carousel card, from 0; null outside a carousel."
    )
    button_index: int | None = strawberry.field(
        description="Index of the button, from 0, as in the `index` of its input."
    )
    label: str | None = strawberry.field(description="Button label.")
    example: str | None = strawberry.field(
        description="Sample value that WhatsApp reviewed; for a file, its URL."
    )
    required: bool = strawberry.field(description="True if the parameter must be given.")

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


@strawberry.type(description="Button of a template definition.")
class TemplateButton:
    type: str = strawberry.field(
        description="WhatsApp's button type: QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW and"
        " so on."
    )
    text: str | None = strawberry.field(description="Button label.")
    url: str | None = strawberry.field(
        description="URL that the button opens; may end with a variable."
    )
    phone_number: str | None = strawberry.field(description="Phone number that the button calls.")
    raw: JSON = strawberry.field(description="Complete button as in WhatsApp's API.")


@strawberry.type(description="Card of a carousel template definition.")
class TemplateCard:
    components: list["TemplateComponent"] = strawberry.field(description="Components of the card.")


@strawberry.type(description="Component of a template definition.")
class TemplateComponent:
    type: str = strawberry.field(
        description="WhatsApp's component type: HEADER, BODY, FOOTER, BUTTONS, CAROUSEL,"
        " LIMITED_TIME_OFFER and so on."
    )
    format: str | None = strawberry.field(
        description="Format of a HEADER: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION and so on."
    )
    text: str | None = strawberry.field(description="Text, with variables such as {{1}}.")
    buttons: list[TemplateButton] = strawberry.field(description="Buttons of a BUTTONS component.")
    cards: list[TemplateCard] = strawberry.field(description="Cards of a CAROUSEL component.")
    raw: JSON = strawberry.field(
        description="Complete component as in WhatsApp's API, with the samples that WhatsApp"
        " reviewed."
    )

    @classmethod
    def from_component(cls, component: Mapping[str, Any]) -> Self:
        return cls(
            type=read_text(component, "type") or "",
            format=read_text(component, "format"),
            text=read_text(component, "text"),
            buttons=[_read_button(button) for button in read_objects(component, "buttons")],
            cards=[
                TemplateCard(components=read_components(read_objects(card, "components")))
                for card in read_objects(component, "cards")
            ],
            raw=JSON(component),
        )


def read_components(components: list[dict[str, Any]]) -> list[TemplateComponent]:
    return [TemplateComponent.from_component(component) for component in components]


def read_parameters(document: models.Template) -> list[TemplateParameter]:
    parameters = list_parameters(read_definition(document), category=document.category)
    return [TemplateParameter.from_form(parameter) for parameter in parameters]


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
