"""What a customer would read of a template."""

from typing import Annotated

import strawberry

import models
from graph.core.context import Info, IsViewer
from graph.core.ids import require_id
from graph.core.stored import load_template
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.inputs.template import TemplateParametersInput, read_parameters
from graph.types.content.template_content import TemplateContent, read_template
from whatsapp.errors import NotFound
from whatsapp.outbox.content.template import preview_template


@strawberry.type(description="A template filled in, or what is missing.")
class PreviewTemplatePayload:
    content: TemplateContent | None = strawberry.field(
        default=None, description="What the customer would read; null if the values don't fit."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TemplatePreviewQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="A template filled in as `sendMessage` would do it, without sending it; also"
        " one that can't be sent now. Requires role VIEWER.",
    )
    @refusals_as_data(PreviewTemplatePayload)
    async def preview_template(
        self,
        info: Info,
        template_id: Annotated[strawberry.ID, strawberry.argument(description="The template.")],
        parameters: Annotated[
            TemplateParametersInput | None,
            strawberry.argument(description="What it is filled in with."),
        ] = None,
    ) -> PreviewTemplatePayload:
        template = await _get_template(info, template_id)
        content = preview_template(template, read_parameters(parameters))
        return PreviewTemplatePayload(content=read_template(content))


async def _get_template(info: Info, global_id: str) -> models.Template:
    template = await load_template(info, require_id(global_id, "Template", "templateId"))
    if template is None:
        raise NotFound("The template", field=["templateId"])
    return template
