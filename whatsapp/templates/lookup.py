"""Finds the template that somebody wants to send."""

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
    """By our id, or by name and language."""

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
    """Raises TemplateInvalid: the account has none like this."""
    found: Template | None
    if reference.template_id is not None:
        found = await Template.find_one({"_id": reference.template_id, "account_id": account_id})
        field = ["templateId"]
    else:
        found = await find_by_name(account_id, reference.name, reference.language)
        field = ["name"]
    if found is None:
        raise TemplateInvalid(
            "The account has no such template: run syncTemplates if it is new.", field=field
        )
    return found


async def find_by_name(
    account_id: PydanticObjectId, name: str | None, language: str | None
) -> Template | None:
    """Of several (Meta gives the name of a deleted one again) the one that can be sent."""
    named = {"account_id": account_id, "name": name, "language": language}
    found = await Template.find(named).sort("-created_at", "-_id").to_list()
    found.sort(key=lambda one: (one.status != "APPROVED", one.status == DELETED))
    return found[0] if found else None


async def find_template_of(message: Message) -> Template | None:
    """The template that a message is sent with, as it is now."""
    language = message.content.get("language") or {}
    return await find_by_name(message.account_id, message.content.get("name"), language.get("code"))


def check_sendable(template: Template) -> None:
    """Raises TemplateInvalid."""
    obstacle = find_obstacle(template)
    if obstacle is not None:
        raise TemplateInvalid(obstacle)
