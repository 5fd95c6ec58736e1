"""Preview of templates."""

from typing import Annotated

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info, IsViewer, get_viewer
from graph.core.ids import parse_given_id, require_id
from graph.core.user_errors import UserError, refusals_as_data, user_errors
from graph.inputs.one_of import read_one_of
from graph.inputs.template import (
    TemplateInput,
    TemplateNameInput,
    TemplateReferenceInput,
    read_template_values,
)
from graph.types.content.template_content import TemplateContent, read_template
from whatsapp.accounts.accounts import get_account
from whatsapp.auth.access import Viewer
from whatsapp.errors import InvalidInput, NotFound
from whatsapp.outbox.content.template import preview_template
from whatsapp.templates.filling import fields_below
from whatsapp.templates.lookup import get_template


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
        template: Annotated[
            TemplateInput,
            strawberry.argument(description="Template with its parameters, as in `sendMessage`."),
        ],
        account_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Id of the account; required for a template by name."),
        ] = None,
    ) -> TemplatePreview | None:
        viewer = get_viewer(info)
        own_account_id = parse_given_id(account_id, "Account", "accountId")
        document = await _read_template(viewer, template.reference, own_account_id)
        with fields_below("template"):
            values = read_template_values(template.parameters)
            content = preview_template(document, values)
        return TemplatePreview(content=read_template(content))


async def _read_template(
    viewer: Viewer, reference: TemplateReferenceInput, account_id: PydanticObjectId | None
) -> models.Template:
    """Reads the whole document: loaders read only the fields that the operation selects.

    Raises:
        InvalidInput: a template by name lacks the account.
        NotFound: the account, or the template of this id, does not exist or is not visible.
        TemplateInvalid: the account has no template of this name.
    """
    _, value = read_one_of(reference)
    if not isinstance(value, TemplateNameInput):
        return await _find_by_id(viewer, value, account_id)
    if account_id is None:
        raise InvalidInput(
            "Give the accountId together with the name of a template.", field=["accountId"]
        )
    account = await get_account(viewer, account_id)
    with fields_below("template"):
        return await get_template(account.id, reference.to_reference())


async def _find_by_id(
    viewer: Viewer, global_id: str, account_id: PydanticObjectId | None
) -> models.Template:
    place = ["template", "reference", "templateId"]
    query = {"_id": require_id(global_id, "Template", *place), **viewer.limit_accounts()}
    template = await models.Template.find_one(query)
    if template is None or account_id not in (None, template.account_id):
        raise NotFound("The template", field=place)
    return template
