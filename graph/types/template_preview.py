"""Preview of templates."""

from typing import Annotated

import strawberry

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.inputs.template import TemplateParametersInput, read_template_values
from graph.types.content.template_content import TemplateContent, read_template
from whatsapp.errors import NotFound
from whatsapp.outbox.content.template import preview_template


@strawberry.type(description="Result of `previewTemplate`.")
class TemplatePreview:
    content: TemplateContent | None = strawberry.field(
        default=None,
        description="Content that the customer would read; null if the parameters are invalid.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TemplatePreviewQueries:
    @strawberry.field(
        permission_classes=[IsViewer],
        description="Fills in a template as `sendMessage` does, without sending it; works for"
        " templates that can't be sent, too. Requires role VIEWER.",
    )
    @refusals_as_data(TemplatePreview)
    async def preview_template(
        self,
        info: Info,
        template_id: Annotated[
            strawberry.ID, strawberry.argument(description="Id of the template.")
        ],
        parameters: Annotated[
            TemplateParametersInput | None,
            strawberry.argument(description="Parameters to fill in."),
        ] = None,
    ) -> TemplatePreview:
        template = await _read_template(info, template_id)
        content = preview_template(template, read_template_values(parameters))
        return TemplatePreview(content=read_template(content))


async def _read_template(info: Info, global_id: str) -> models.Template:
    """Reads the whole document: loaders read only the fields that the operation selects."""
    template_id = require_id(global_id, "Template", "templateId")
    visible = get_viewer(info).limit_accounts()
    template = await models.Template.find_one({"_id": template_id, **visible})
    if template is None:
        raise NotFound("The template", field=["templateId"])
    return template
