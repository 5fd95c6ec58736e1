"""Outgoing message templates."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from models import Message, Template, UploadedMedia
from whatsapp.errors import NotFound, TemplateInvalid
from whatsapp.outbox.consent import check_recipient
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References
from whatsapp.templates.filling import fields_below, fill_template
from whatsapp.templates.lookup import (
    TemplateReference,
    check_sendable,
    find_template_of,
)
from whatsapp.templates.values import MediaValue, TemplateValues

FIELD = ("content", "template")


@dataclass(frozen=True)
class OutgoingTemplate:
    type: ClassVar[str] = "template"
    needs_window: ClassVar[bool] = False
    reference: TemplateReference
    values: TemplateValues

    @property
    def references(self) -> References:
        header = self.values.part.header
        upload_id = header.upload_id if isinstance(header, MediaValue) else None
        return References(template=self.reference, upload_id=upload_id)

    def describe(self) -> Any:
        reference = self.reference
        names = [str(reference.template_id), reference.name, reference.language]
        return {"reference": names, "values": self.values.describe()}

    def check(self) -> None:
        with fields_below(*FIELD, "parameters"):
            self.values.check()

    async def resolve(self, target: Target) -> ResolvedContent:
        with fields_below(*FIELD):
            template = self.reference.choose(target.references.templates)
            check_sendable(template)
        check_recipient(template, target)
        with fields_below(*FIELD, "parameters"):
            values, upload = self._fill_header(target)
            content = build_content(template, values)
        return ResolvedContent(
            content=content,
            text=content["shown"]["body"] or template.name,
            upload_id=upload.id if upload else None,
            upload=upload,
        )

    def _fill_header(self, target: Target) -> tuple[TemplateValues, UploadedMedia | None]:
        """Returns the values with the upload of the header, and the upload if there is one.

        Raises:
            NotFound, TemplateInvalid: the account has no such upload, or its kind does not fit.
        """
        part, header = self.values.part, self.values.part.header
        if not isinstance(header, MediaValue) or header.upload_id is None:
            return self.values, None
        place = ["header", header.kind, "source", "uploadId"]
        upload = target.get_upload()
        if upload is None:
            raise NotFound("The upload", field=place)
        if header.kind not in (upload.kind, "document"):
            raise TemplateInvalid(
                f"The upload's kind is {upload.kind}, not {header.kind}.", field=place
            )
        name = header.filename or (upload.filename if header.kind == "document" else None)
        resolved = replace(header, media_id=upload.media_id, filename=name)
        return replace(self.values, part=replace(part, header=resolved)), upload


def build_content(template: Template, values: TemplateValues) -> dict[str, Any]:
    """Builds Meta's object, with the text as the customer reads it under `shown`.

    The text is stored because the template may change later.

    Raises:
        TemplateInvalid: the values do not fit the template.
    """
    filled = fill_template(template, values)
    content: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if filled.components:
        content["components"] = filled.components
    origin = {"template_id": str(template.id), "category": template.category}
    return content | {"shown": origin | filled.shown}


def preview_template(template: Template, values: TemplateValues) -> dict[str, Any]:
    """Builds the content without sending it. Raises TemplateInvalid."""
    with fields_below("parameters"):
        values.check()
        if template.components:
            return build_content(template, values)
    raise TemplateInvalid("The template's text has not been read from Meta yet; run syncTemplates.")


async def check_stored_template(message: Message, target: Target) -> None:
    """Checks that a template message may be sent again.

    Raises:
        OptedOut, TemplateInvalid: it may not.
    """
    template = await find_template_of(message)
    if template is None:
        raise TemplateInvalid("The message's template no longer exists.")
    check_sendable(template)
    check_recipient(template, target)
