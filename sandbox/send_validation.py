"""The checks that Meta makes of a send before it accepts it, with Meta's codes and words."""

from collections.abc import Callable
from typing import Any, NoReturn

from sandbox.meta_errors import MetaError

Json = dict[str, Any]
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CALLBACK_DATA = 512
MAX_BUTTONS = 3
MAX_ROWS = 10
MEDIA_TYPES = ("audio", "document", "image", "sticker", "video")
TYPES = (*MEDIA_TYPES, "contacts", "interactive", "location", "reaction", "template", "text", "pin")


def refuse_parameter(message: str, *, details: str | None = None) -> NoReturn:
    raise MetaError(100, message=f"(#100) {message}", details=details or "")


def refuse_value(details: str) -> NoReturn:
    raise MetaError(131009, details=details)


def check_send(body: Any) -> Json:
    """The body as an object, if Meta would take it. Raises MetaError 100, 131008 or 131009."""
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
    for index, contact in enumerate(contacts):
        name = contact.get("name") if isinstance(contact, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            refuse_parameter(
                f"The parameter contacts[{index}]['name']['formatted_name'] is required."
            )


def _check_reaction(_: str, reaction: Json) -> None:
    if not reaction.get("message_id"):
        refuse_parameter("The parameter reaction['message_id'] is required.")
    if not isinstance(reaction.get("emoji"), str):
        refuse_parameter("The parameter reaction['emoji'] is required.")


def _check_template(_: str, template: Json) -> None:
    if not template.get("name"):
        refuse_parameter("The parameter template['name'] is required.")
    language = template.get("language")
    if not isinstance(language, dict) or not language.get("code"):
        refuse_parameter("The parameter template['language']['code'] is required.")


def _check_pin(_: str, pin: Json) -> None:
    if not pin.get("message_id"):
        refuse_parameter("The parameter pin['message_id'] is required.")


def _check_interactive(_: str, interactive: Json) -> None:
    kind = interactive.get("type")
    if not isinstance(kind, str):
        refuse_parameter("The parameter interactive['type'] is required.")
    action = interactive.get("action")
    if not isinstance(action, dict):
        refuse_parameter("The parameter interactive['action'] is required.")
    for part, limit in (("body", 1024), ("footer", 60)):
        if part in interactive:
            text = _read_part(interactive, part)
            check_length(f"interactive['{part}']['text']", text, limit=limit)
    if kind == "button":
        _check_buttons(action)
    elif kind == "list":
        _check_list(action)


def _read_part(interactive: Json, part: str) -> Any:
    value = interactive[part]
    return value.get("text") if isinstance(value, dict) else None


def _check_buttons(action: Json) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        refuse_value(
            f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {MAX_BUTTONS}"
        )
    for button in buttons:
        reply = button.get("reply") if isinstance(button, dict) else None
        if not isinstance(reply, dict):
            refuse_parameter(
                "The parameter interactive['action']['buttons'][]['reply'] is required."
            )
        _check_size("Button title", reply.get("title"), limit=20)
        _check_size("Button ID", reply.get("id"), limit=256)
    titles = [button["reply"]["title"] for button in buttons]
    if len(set(titles)) < len(titles):
        refuse_value("Button title must be unique")


def _check_list(action: Json) -> None:
    _check_size("Button label", action.get("button"), limit=20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= MAX_ROWS:
        refuse_value("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10")
    rows = [row for section in sections for row in section.get("rows", ())]
    if not 1 <= len(rows) <= MAX_ROWS:
        refuse_value("Total row count exceed max allowed count: 10")
    for row in rows:
        _check_size("Row title", row.get("title"), limit=24)
        _check_size("Row ID", row.get("id"), limit=200)
        if row.get("description"):
            _check_size("Row description", row["description"], limit=72)


def _check_size(name: str, text: Any, *, limit: int) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        refuse_value(f"{name} length invalid. Min length: 1, Max length: {limit}")


def check_length(name: str, text: Any, *, limit: int) -> None:
    if not isinstance(text, str) or not text:
        refuse_parameter(f"The parameter {name} is required.")
    if len(text) > limit:
        refuse_parameter(f"Param {name} must be at most {limit} characters long.")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    **dict.fromkeys(MEDIA_TYPES, _check_media),
    "text": _check_text,
    "location": _check_location,
    "contacts": _check_contacts,
    "reaction": _check_reaction,
    "template": _check_template,
    "interactive": _check_interactive,
    "pin": _check_pin,
}
