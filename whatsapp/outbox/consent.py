"""Whether a template may go to somebody: marketing needs their consent, a code their number."""

from models import Contact, IdentityKind, Message, MessageError, Template
from whatsapp.cloud_api.error_codes import OPTED_OUT_CODE
from whatsapp.errors import OptedOut, TemplateInvalid
from whatsapp.outbox.recipients import Target
from whatsapp.templates.lookup import AUTHENTICATION, MARKETING, find_template_of

OPTED_OUT = MessageError(
    code=OPTED_OUT_CODE,
    title="No marketing messages wanted",
    details="The contact opted out of marketing messages before the message's turn came.",
)


def check_recipient(template: Template, target: Target) -> None:
    """Raises OptedOut or TemplateInvalid."""
    contact = target.contact
    if template.category == MARKETING and contact is not None and contact.marketing_opt_out:
        raise OptedOut
    if template.category == AUTHENTICATION and not _has_phone(target):
        raise TemplateInvalid(
            "WhatsApp sends authentication templates to phone numbers only, and that of this"
            " customer is not known (error 131062).",
            field=["to"],
        )


async def find_objection(message: Message, contact: Contact) -> MessageError | None:
    """Why a template whose turn has come may not go to the contact any more."""
    if message.type != "template" or not contact.marketing_opt_out:
        return None
    template = await find_template_of(message)
    shown = message.content.get("shown") or {}
    # WhatsApp may have moved it to another category since it was queued.
    categories = {shown.get("category"), template.category if template else None}
    return OPTED_OUT if MARKETING in categories else None


def _has_phone(target: Target) -> bool:
    if target.contact is not None:
        return target.contact.wa_id is not None
    return target.identity is not None and target.identity.kind is IdentityKind.WA_ID
