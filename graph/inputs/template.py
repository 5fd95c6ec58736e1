"""Templates to send, with their parameters."""

from datetime import datetime

import strawberry
from strawberry import ID, Maybe

from graph.core.ids import parse_id
from graph.inputs.one_of import read_one_of
from graph.inputs.template_parameters import (
    TemplateBodyParameterInput,
    TemplateButtonParameterInput,
    TemplateHeaderInput,
    read_part,
)
from whatsapp.errors import RefusalCollector, TemplateInvalid
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


@strawberry.input(description="Name and language of a template.")
class TemplateNameInput:
    name: str = strawberry.field(description="Name of the template.")
    language: str = strawberry.field(description="Language code, such as en_US.")


@strawberry.input(one_of=True, description="A template; exactly one field must be given.")
class TemplateReferenceInput:
    template_id: Maybe[ID] = strawberry.field(description="Id of a template of the account.")
    by_name: Maybe[TemplateNameInput] = strawberry.field(
        description="Template of the account by name and language; an APPROVED one if several have"
        " the name."
    )

    def to_reference(self) -> TemplateReference:
        """Raises TemplateInvalid if `template_id` is not the id of a template."""
        _, value = read_one_of(self)
        if isinstance(value, TemplateNameInput):
            return TemplateReference(name=value.name, language=value.language)
        template_id = parse_id(value, "Template")
        if template_id is None:
            raise TemplateInvalid(
                "The account has no such template.", field=["reference", "templateId"]
            )
        return TemplateReference(template_id)


@strawberry.input(
    description="Message template with its parameters. Allowed outside the customer service"
    " window, which it does not open."
)
class TemplateInput:
    reference: TemplateReferenceInput = strawberry.field(description="Template to send.")
    parameters: TemplateParametersInput | None = strawberry.field(
        default=None, description="Parameters to fill in."
    )

    def to_content(self) -> OutgoingTemplate:
        """Raises TemplateInvalid for an invalid id or value."""
        with fields_below("content", "template"), RefusalCollector() as collect:
            reference = collect(self.reference.to_reference)
            values = collect(read_template_values, self.parameters)
        return OutgoingTemplate(reference, values)


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
