"""Look-up of the template to send."""

from dataclasses import dataclass

from beanie import PydanticObjectId

from models import Message, Template
from whatsapp.errors import TemplateInvalid
from whatsapp.templates.definition import find_obstacle
from whatsapp.templates.records import DELETED

MARKETING = "MARKETING"
AUTHENTICATION = "AUTHENTICATION"


@dataclass(frozen=True)
class TemplateReference:
    """A template by id, or by name and language."""

    template_id: PydanticObjectId | None = None
    name: str | None = None
    language: str | None = None

    def check(self) -> None:
        """Raises TemplateInvalid."""
        if self.template_id is not None:
            if self.name is not None or self.language is not None:
                raise TemplateInvalid(
                    "Give templateId, or name and language, not both.", field=["templateId"]
                )
        elif not self.name or not self.language:
            missing = "language" if self.name else "name"
            raise TemplateInvalid("Give templateId, or name and language.", field=[missing])


async def get_template(account_id: PydanticObjectId, reference: TemplateReference) -> Template:
    """Loads the account's template. Raises TemplateInvalid if it does not exist."""
    template: Template | None
    if reference.template_id is not None:
        template = await Template.find_one({"_id": reference.template_id, "account_id": account_id})
        field = ["templateId"]
    else:
        template = await find_by_name(account_id, reference.name, reference.language)
        field = ["name"]
    if template is None:
        raise TemplateInvalid(
            "The account has no such template; run syncTemplates if it is new.", field=field
        )
    return template


async def find_by_name(
    account_id: PydanticObjectId, name: str | None, language: str | None
) -> Template | None:
    """Returns the template of this name, an APPROVED template if there is any.

    There may be several, because the name of a deleted template can be used again.
    """
    query = {"account_id": account_id, "name": name, "language": language}
    templates = await Template.find(query).sort("-created_at", "-_id").to_list()
    templates.sort(key=lambda each: (each.status != "APPROVED", each.status == DELETED))
    return templates[0] if templates else None


async def find_template_of(message: Message) -> Template | None:
    """Returns the current template of a template message, or None."""
    language = message.content.get("language") or {}
    return await find_by_name(message.account_id, message.content.get("name"), language.get("code"))


def check_sendable(template: Template) -> None:
    """Raises TemplateInvalid."""
    obstacle = find_obstacle(template)
    if obstacle is not None:
        raise TemplateInvalid(obstacle)
