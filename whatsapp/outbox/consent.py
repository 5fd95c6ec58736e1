"""Restrictions of templates: consent and pauses of marketing, phone numbers for codes."""

from datetime import timedelta

from models import Contact, IdentityKind, Message, MessageError, MessageStatus, Template
from models.database.base import utc_now
from whatsapp.cloud_api.error_codes import ECOSYSTEM_CODE, OPTED_OUT_CODE
from whatsapp.errors import Conflict, OptedOut, TemplateInvalid
from whatsapp.outbox.recipients import Target
from whatsapp.templates.lookup import AUTHENTICATION, MARKETING, find_template_of

MARKETING_PAUSE = timedelta(hours=24)
OPTED_OUT = MessageError(
    code=OPTED_OUT_CODE,
    title="Contact opted out of marketing",
    details="The contact opted out of marketing messages before this message was sent.",
)


def check_recipient(template: Template, target: Target) -> None:
    """Raises OptedOut or TemplateInvalid."""
    contact = target.contact
    if template.category == MARKETING and contact is not None and contact.marketing_opt_out:
        raise OptedOut(contact)
    if template.category == AUTHENTICATION and not _has_phone(target):
        raise TemplateInvalid(
            "WhatsApp sends authentication templates only to phone numbers, and this customer's"
            " number is unknown (error 131062).",
            field=["to"],
        )


async def find_objection(message: Message, contact: Contact) -> MessageError | None:
    """Returns the reason why a queued template may no longer be sent to the contact, or None."""
    if message.type != "template" or not contact.marketing_opt_out:
        return None
    template = await find_template_of(message)
    shown_content = message.content.get("shown") or {}
    # WhatsApp may have changed the template's category since the message was queued.
    categories = {shown_content.get("category"), template.category if template else None}
    return OPTED_OUT if MARKETING in categories else None


def _has_phone(target: Target) -> bool:
    if target.contact is not None:
        return target.contact.wa_id is not None
    return target.identity is not None and target.identity.kind is IdentityKind.WA_ID


def check_marketing_pause(message: Message) -> None:
    """Checks that a message that WhatsApp held back is not sent again within a day.

    WhatsApp counts earlier repetitions against the account.

    Raises:
        Conflict: it may not be sent again yet.
    """
    failed_at = message.status_times.get(MessageStatus.FAILED.key)
    if failed_at is None or ECOSYSTEM_CODE not in {error.code for error in message.errors}:
        return
    if utc_now() < failed_at + MARKETING_PAUSE:
        raise Conflict(
            "WhatsApp limits marketing messages to this customer; send it again after"
            f" {(failed_at + MARKETING_PAUSE).isoformat()}.",
            current=message,
        )
