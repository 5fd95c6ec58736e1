"""Look-up of the template to send."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from models import Message, Template
from whatsapp.errors import TemplateInvalid
from whatsapp.templates.definition import find_obstacle
from whatsapp.templates.records import DELETED

MARKETING = "MARKETING"
AUTHENTICATION = "AUTHENTICATION"


@dataclass(frozen=True)
class TemplateReference:
    """A template by either id, or name and language."""

    template_id: PydanticObjectId | None = None
    name: str | None = None
    language: str | None = None

    def make_query(self) -> dict[str, Any]:
        """Returns the filter for the templates of an account that it may refer to."""
        if self.template_id is not None:
            return {"_id": self.template_id}
        return {"name": self.name, "language": self.language}

    def _matches(self, template: Template) -> bool:
        if self.template_id is not None:
            return template.id == self.template_id
        return (template.name, template.language) == (self.name, self.language)

    def choose(self, templates: Iterable[Template]) -> Template:
        """Returns the template of the account; raises TemplateInvalid if it has none."""
        template = _prefer(filter(self._matches, templates))
        if template is None:
            by_id = self.template_id is not None
            raise TemplateInvalid(
                "The account has no such template; run syncTemplates if it is new.",
                field=["reference", "templateId"] if by_id else ["reference", "byName", "name"],
            )
        return template


async def get_template(account_id: PydanticObjectId, reference: TemplateReference) -> Template:
    """Loads the account's template. Raises TemplateInvalid if it does not exist."""
    query = {"account_id": account_id, **reference.make_query()}
    return reference.choose(await Template.find(query).to_list())


async def find_by_name(
    account_id: PydanticObjectId, name: str | None, language: str | None
) -> Template | None:
    """Returns the template of this name, an APPROVED template if there is any.

    There may be several, because the name of a deleted template can be used again.
    """
    query = {"account_id": account_id, "name": name, "language": language}
    return _prefer(await Template.find(query).to_list())


def _prefer(templates: Iterable[Template]) -> Template | None:
    """Returns the newest APPROVED template, else the newest that is not deleted, else any."""
    return max(
        templates,
        key=lambda each: (
            each.status == "APPROVED",
            each.status != DELETED,
            each.created_at,
            each.id,
        ),
        default=None,
    )


async def find_template_of(message: Message) -> Template | None:
    """Returns the current template of a template message, or None."""
    language = message.content.get("language") or {}
    return await find_by_name(message.account_id, message.content.get("name"), language.get("code"))


def check_sendable(template: Template) -> None:
    """Raises TemplateInvalid."""
    obstacle = find_obstacle(template)
    if obstacle is not None:
        raise TemplateInvalid(obstacle)
