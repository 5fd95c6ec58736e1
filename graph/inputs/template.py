"""Templates to send, with their parameters."""

from datetime import datetime

import strawberry
from strawberry import ID

from graph.core.ids import parse_id
from graph.inputs.template_parameters import (
    TemplateBodyParameterInput,
    TemplateButtonParameterInput,
    TemplateHeaderInput,
    read_part,
)
from whatsapp.errors import TemplateInvalid
from whatsapp.outbox.content import OutgoingTemplate
from whatsapp.templates.filling import fields_below
from whatsapp.templates.lookup import TemplateReference
from whatsapp.templates.values import TemplateValues


@strawberry.input(description="Parameters of a carousel card.")
class TemplateCardInput:
    header: TemplateHeaderInput | None = strawberry.field(
        default=None, description="Image or video above the card."
    )
    body: list[TemplateBodyParameterInput] | None = strawberry.field(
        default=None, description="Variables of the card text, in order."
    )
    buttons: list[TemplateButtonParameterInput] | None = strawberry.field(
        default=None, description="Parameters of the card's buttons."
    )


@strawberry.input(
    description="Parameters of a template; `Template.parameters` lists the required ones."
)
class TemplateParametersInput:
    header: TemplateHeaderInput | None = strawberry.field(
        default=None, description="Variable, file or location of the header."
    )
    body: list[TemplateBodyParameterInput] | None = strawberry.field(
        default=None,
        description="Variables of the body; numbered variables must be given in order.",
    )
    buttons: list[TemplateButtonParameterInput] | None = strawberry.field(
        default=None, description="Parameters of the buttons; omit buttons without parameters."
    )
    cards: list[TemplateCardInput] | None = strawberry.field(
        default=None, description="Cards of a carousel, in order."
    )
    offer_expires_at: datetime | None = strawberry.field(
        default=None, description="Time at which a limited-time offer expires."
    )


@strawberry.input(
    description="Message template, by `templateId` or by `name` and `language`. Allowed outside"
    " the customer service window, which it does not open."
)
class TemplateInput:
    template_id: ID | None = strawberry.field(
        default=None, description="Id of a template of the sending account."
    )
    name: str | None = strawberry.field(default=None, description="Name of the template.")
    language: str | None = strawberry.field(
        default=None, description="Language code, such as en_US."
    )
    parameters: TemplateParametersInput | None = strawberry.field(
        default=None, description="Parameters to fill in."
    )

    def to_content(self) -> OutgoingTemplate:
        """Raises TemplateInvalid for an invalid id or value."""
        with fields_below("content", "template"):
            return OutgoingTemplate(self._read_reference(), read_template_values(self.parameters))

    def _read_reference(self) -> TemplateReference:
        if self.template_id is None:
            return TemplateReference(name=self.name, language=self.language)
        template_id = parse_id(self.template_id, "Template")
        if template_id is None:
            raise TemplateInvalid("The account has no such template.", field=["templateId"])
        return TemplateReference(template_id, self.name, self.language)


def read_template_values(parameters: TemplateParametersInput | None) -> TemplateValues:
    """Raises TemplateInvalid; the path of its field starts below `parameters`."""
    if parameters is None:
        return TemplateValues()
    with fields_below("parameters"):
        part = read_part(parameters.header, parameters.body, parameters.buttons)
        cards = []
        for number, card in enumerate(parameters.cards or ()):
            with fields_below("cards", str(number)):
                cards.append(read_part(card.header, card.body, card.buttons))
    return TemplateValues(part, tuple(cards), parameters.offer_expires_at)
