"""Message templates of the sandbox: listing and checks before sending."""

from collections.abc import Callable
from typing import Any

from sandbox.cloud_api.paging import list_page
from sandbox.validation.demo_templates import DEMO_TEMPLATES, Template
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.template_rendering import render_template
from sandbox.validation.template_sends import check_components

Json = dict[str, Any]


class TemplateShelf:
    """The templates of every business account in the sandbox. Tests may change `templates`."""

    def __init__(self) -> None:
        self.templates = list(DEMO_TEMPLATES)

    def list_page(self, query: dict[str, str], *, make_next_url: Callable[[str], str]) -> Json:
        """Returns Meta's answer to GET /{waba_id}/message_templates: filters, `limit`, cursors."""
        names = ("status", "category", "language", "name")
        matching = [
            template
            for template in self.templates
            if all(
                query.get(name, getattr(template, name)) == getattr(template, name)
                for name in names
            )
        ]
        described = [_pick(template.describe(), query.get("fields")) for template in matching]
        return list_page(described, query, make_next_url=make_next_url)

    def check_send(self, content: Json) -> Template:
        """Raises MetaError 132001, 132015, 132016, 132000 or 132012, or 131008, as Meta does."""
        name, language = content["name"], content["language"]["code"]
        template = self._find(name, language)
        if template is None:
            raise MetaError(132001, details=f"template name ({name}) does not exist in {language}")
        if template.status == "PAUSED":
            raise MetaError(132015, details=f"template ({name}) is paused")
        if template.status in ("DISABLED", "REJECTED"):
            raise MetaError(132016, details=f"template ({name}) is disabled")
        check_components(template, content)
        return template

    def render(self, content: Json) -> Json:
        """Returns the template's parts with their variables filled in."""
        template = self._find(content["name"], content["language"]["code"])
        return content if template is None else render_template(template, content)

    def _find(self, name: str, language: str) -> Template | None:
        key = (name, language)
        return next((t for t in self.templates if (t.name, t.language) == key), None)


def _pick(described: Json, fields: str | None) -> Json:
    if not fields:
        return described
    names = {*fields.replace(" ", "").split(","), "id"}
    return {name: value for name, value in described.items() if name in names}
