"""A message template to send, and what it is filled in with."""

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


@strawberry.input(description="What one card of a carousel template is filled in with.")
class TemplateCardInput:
    header: TemplateHeaderInput | None = strawberry.field(
        default=None, description="Its picture or video."
    )
    body: list[TemplateBodyParameterInput] | None = strawberry.field(
        default=None, description="The variables of its text, in their order."
    )
    buttons: list[TemplateButtonParameterInput] | None = strawberry.field(
        default=None, description="What its buttons need."
    )


@strawberry.input(
    description="What a template is filled in with; `Template.parameters` lists what it needs."
)
class TemplateParametersInput:
    header: TemplateHeaderInput | None = strawberry.field(
        default=None, description="The header: its variable, file or place."
    )
    body: list[TemplateBodyParameterInput] | None = strawberry.field(
        default=None, description="The variables of the text; where they have numbers, in order."
    )
    buttons: list[TemplateButtonParameterInput] | None = strawberry.field(
        default=None, description="What the buttons need; those that need nothing are left out."
    )
    cards: list[TemplateCardInput] | None = strawberry.field(
        default=None, description="The cards of a carousel, in their order."
    )
    offer_expires_at: datetime | None = strawberry.field(
        default=None, description="When a limited-time offer ends."
    )


@strawberry.input(
    description="A message template: by `templateId`, or by `name` and `language`. It may be sent"
    " outside the service window, and does not open it."
)
class TemplateInput:
    template_id: ID | None = strawberry.field(
        default=None, description="The template, one of the account that sends."
    )
    name: str | None = strawberry.field(default=None, description="Name of the template.")
    language: str | None = strawberry.field(
        default=None, description="Its language, such as en_US."
    )
    parameters: TemplateParametersInput | None = strawberry.field(
        default=None, description="What it is filled in with."
    )

    def to_content(self) -> OutgoingTemplate:
        """Raises TemplateInvalid: an id or a value is malformed."""
        with fields_below("content", "template"):
            return OutgoingTemplate(self._read_reference(), read_parameters(self.parameters))

    def _read_reference(self) -> TemplateReference:
        if self.template_id is None:
            return TemplateReference(name=self.name, language=self.language)
        template_id = parse_id(self.template_id, "Template")
        if template_id is None:
            raise TemplateInvalid("The account has no such template.", field=["templateId"])
        return TemplateReference(template_id, self.name, self.language)


def read_parameters(given: TemplateParametersInput | None) -> TemplateValues:
    """Raises TemplateInvalid, with the field below `parameters` in its path."""
    if given is None:
        return TemplateValues()
    with fields_below("parameters"):
        part = read_part(given.header, given.body, given.buttons)
        cards = []
        for number, card in enumerate(given.cards or ()):
            with fields_below("cards", str(number)):
                cards.append(read_part(card.header, card.body, card.buttons))
    return TemplateValues(part, tuple(cards), given.offer_expires_at)
