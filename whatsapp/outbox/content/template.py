"""A message template to send."""

from dataclasses import dataclass, replace
from typing import Any

from models import Message, Template, UploadedMedia
from whatsapp.errors import NotFound, TemplateInvalid
from whatsapp.media.uploaded_media import find_upload
from whatsapp.outbox.consent import check_recipient
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.recipients import Target
from whatsapp.templates.filling import fields_below, fill_template
from whatsapp.templates.lookup import (
    TemplateReference,
    check_sendable,
    find_template_of,
    get_template,
)
from whatsapp.templates.values import MediaValue, TemplateValues

FIELD = ("content", "template")


@dataclass(frozen=True)
class OutgoingTemplate:
    reference: TemplateReference
    values: TemplateValues

    @property
    def type(self) -> str:
        return "template"

    @property
    def needs_window(self) -> bool:
        return False

    def describe(self) -> Any:
        reference = self.reference
        named = [str(reference.template_id), reference.name, reference.language]
        return {"reference": named, "values": self.values.describe()}

    def check(self) -> None:
        with fields_below(*FIELD):
            self.reference.check()
        with fields_below(*FIELD, "parameters"):
            self.values.check()

    async def resolve(self, target: Target) -> ResolvedContent:
        with fields_below(*FIELD):
            template = await get_template(target.account.id, self.reference)
            check_sendable(template)
        check_recipient(template, target)
        with fields_below(*FIELD, "parameters"):
            values, upload = await self._find_file(target)
            content = build_content(template, values)
        return ResolvedContent(
            content=content,
            text=content["shown"]["body"] or template.name,
            upload_id=upload.id if upload else None,
        )

    async def _find_file(self, target: Target) -> tuple[TemplateValues, UploadedMedia | None]:
        """The values with the header's uploaded file, where that is one.

        Raises:
            NotFound, TemplateInvalid: it is not there for this account, or of another kind.
        """
        part, header = self.values.part, self.values.part.header
        if not isinstance(header, MediaValue) or header.upload_id is None:
            return self.values, None
        place = ["header", header.kind, "uploadId"]
        upload = await find_upload(header.upload_id)
        if upload is None or upload.account_id != target.account.id:
            raise NotFound("The upload", field=place)
        if header.kind not in (upload.kind, "document"):
            raise TemplateInvalid(
                f"The upload is no {header.kind} but a {upload.kind}.", field=place
            )
        name = header.filename or (upload.filename if header.kind == "document" else None)
        found = replace(header, media_id=upload.media_id, filename=name)
        return replace(self.values, part=replace(part, header=found)), upload


def build_content(template: Template, values: TemplateValues) -> dict[str, Any]:
    """Meta's object, and under `shown` what the customer reads: templates change, messages don't.

    Raises:
        TemplateInvalid: the values are not those that the template needs.
    """
    filled = fill_template(template, values)
    content: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if filled.components:
        content["components"] = filled.components
    about = {"template_id": str(template.id), "category": template.category}
    return content | {"shown": about | filled.shown}


def preview_template(template: Template, values: TemplateValues) -> dict[str, Any]:
    """The content of a message that nobody sends. Raises TemplateInvalid."""
    with fields_below("parameters"):
        values.check()
        if template.components:
            return build_content(template, values)
    raise TemplateInvalid("The text of the template is not known here yet: run syncTemplates.")


async def check_stored_template(message: Message, target: Target) -> None:
    """What a template message must still fulfil to be sent once more.

    Raises:
        OptedOut, TemplateInvalid
    """
    template = await find_template_of(message)
    if template is None:
        raise TemplateInvalid("The template of the message is not there any more.")
    check_sendable(template)
    check_recipient(template, target)
