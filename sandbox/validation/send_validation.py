"""The checks that Meta makes of a send before it accepts it, with Meta's codes and words."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.validation.interactive_validation import check_interactive
from sandbox.validation.validation import check_length, refuse_parameter, refuse_value

__all__ = ["MEDIA_TYPES", "check_message", "check_send", "refuse_parameter", "refuse_value"]

Json = dict[str, Any]
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CALLBACK_DATA = 512
MAX_CONTACTS = 257
MAX_EMOJI = 32
_BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MEDIA_TYPES = ("audio", "document", "image", "sticker", "video")
TYPES = (*MEDIA_TYPES, "contacts", "interactive", "location", "reaction", "template", "text", "pin")


def check_send(body: Any) -> Json:
    """Returns the body as an object. Raises MetaError 100, 131008 or 131009."""
    if not isinstance(body, dict):
        refuse_parameter("Invalid parameter", details="The request body is no JSON object.")
    if body.get("messaging_product") != "whatsapp":
        if "messaging_product" in body:
            refuse_parameter("Param messaging_product must be one of {WHATSAPP}")
        refuse_parameter("The parameter messaging_product is required.")
    return body


def check_message(body: Json) -> str:
    """Checks everything but the recipient; returns the type."""
    _check_envelope(body)
    message_type = body.get("type", "text")
    if message_type not in TYPES:
        allowed = ", ".join(sorted(name.upper() for name in TYPES))
        refuse_parameter(f'Param type must be one of {{{allowed}}} - got "{message_type}".')
    content = body.get(message_type)
    if not content:
        refuse_parameter(f"The parameter {message_type} is required.")
    if not isinstance(content, list if message_type == "contacts" else dict):
        refuse_parameter(f"Param {message_type} must be a JSON object.")
    _CHECKS[message_type](message_type, content)
    return str(message_type)


def _check_envelope(body: Json) -> None:
    if body.get("recipient_type", "individual") not in ("individual", "group"):
        refuse_parameter("Param recipient_type must be one of {INDIVIDUAL, GROUP}")
    data = body.get("biz_opaque_callback_data", "")
    if not isinstance(data, str) or len(data) > MAX_CALLBACK_DATA:
        refuse_parameter(
            f"Param biz_opaque_callback_data must be at most {MAX_CALLBACK_DATA} characters long."
        )
    context = body.get("context")
    if context is not None and not (
        isinstance(context, dict) and isinstance(context.get("message_id"), str)
    ):
        refuse_parameter("The parameter context['message_id'] is required.")


def _check_text(_: str, text: Json) -> None:
    check_length("text['body']", text.get("body"), limit=MAX_TEXT)


def _check_media(kind: str, media: Json) -> None:
    if bool(media.get("id")) == bool(media.get("link")):
        refuse_parameter(f"Either parameter {kind}['id'] or {kind}['link'] is required.")
    link = media.get("link")
    if link is not None and not str(link).startswith(("http://", "https://")):
        refuse_parameter(f"Param {kind}['link'] is not a valid URL.")
    if "caption" in media:
        check_length(f"{kind}['caption']", media["caption"], limit=MAX_CAPTION)


def _check_location(_: str, location: Json) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(location[name])
        except KeyError:
            refuse_parameter(f"The parameter location['{name}'] is required.")
        except (TypeError, ValueError):
            refuse_parameter(f"Param location['{name}'] must be a number.")
        if not -limit <= value <= limit:
            refuse_value(f"{name.capitalize()} is out of range.")


def _check_contacts(_: str, contacts: list[Any]) -> None:
    if len(contacts) > MAX_CONTACTS:
        refuse_value(f"Contacts count exceeds max allowed count: {MAX_CONTACTS}")
    for index, contact in enumerate(contacts):
        name = contact.get("name") if isinstance(contact, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            refuse_parameter(
                f"The parameter contacts[{index}]['name']['formatted_name'] is required."
            )
        if len([part for part in name.values() if part]) == 1:
            refuse_value("A name needs at least one of its parts beside formatted_name.")
        if not _BIRTHDAY.fullmatch(str(contact.get("birthday", "2000-01-01"))):
            refuse_value(f"Param contacts[{index}]['birthday'] must be of the form YYYY-MM-DD.")


def _check_reaction(_: str, reaction: Json) -> None:
    if not reaction.get("message_id"):
        refuse_parameter("The parameter reaction['message_id'] is required.")
    if not isinstance(reaction.get("emoji"), str):
        refuse_parameter("The parameter reaction['emoji'] is required.")
    if len(reaction["emoji"]) > MAX_EMOJI:
        refuse_value("Reaction emoji is invalid.")


def _check_template(_: str, template: Json) -> None:
    if not template.get("name"):
        refuse_parameter("The parameter template['name'] is required.")
    language = template.get("language")
    if not isinstance(language, dict) or not language.get("code"):
        refuse_parameter("The parameter template['language']['code'] is required.")


def _check_pin(_: str, pin: Json) -> None:
    if not pin.get("message_id"):
        refuse_parameter("The parameter pin['message_id'] is required.")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    **dict.fromkeys(MEDIA_TYPES, _check_media),
    "text": _check_text,
    "location": _check_location,
    "contacts": _check_contacts,
    "reaction": _check_reaction,
    "template": _check_template,
    "interactive": check_interactive,
    "pin": _check_pin,
}
