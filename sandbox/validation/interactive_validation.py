"""The checks that Meta makes of an interactive message, kind by kind."""

from collections.abc import Callable
from typing import Any

from sandbox.validation.validation import (
    check_length,
    check_link,
    check_size,
    refuse_parameter,
    refuse_value,
)

Json = dict[str, Any]
MAX_BUTTONS = 3
MAX_ROWS = 10
MAX_SECTIONS = 10
FILES = ("image", "video", "document")
# Catalogs have their own text.
WITHOUT_BODY = ("product", "product_list", "catalog_message")


def check_interactive(_: str, interactive: Json) -> None:
    """Raises MetaError 100 or 131009."""
    kind = interactive.get("type")
    if not isinstance(kind, str):
        refuse_parameter("The parameter interactive['type'] is required.")
    action = interactive.get("action")
    if not isinstance(action, dict):
        refuse_parameter("The parameter interactive['action'] is required.")
    check = _CHECKS.get(kind)
    if check is not None:
        check(action)
    if "body" not in interactive and kind not in WITHOUT_BODY:
        refuse_parameter("The parameter interactive['body'] is required.")
    for part, limit in (("body", 4096 if kind == "list" else 1024), ("footer", 60)):
        if part in interactive:
            text = _read_part(interactive, part)
            check_length(f"interactive['{part}']['text']", text, limit=limit)
    if "header" in interactive:
        _check_header(kind, interactive["header"])


def _read_part(interactive: Json, part: str) -> Any:
    value = interactive[part]
    return value.get("text") if isinstance(value, dict) else None


def _check_header(kind: str, header: Any) -> None:
    name = header.get("type") if isinstance(header, dict) else None
    if name == "text":
        check_size("Header text", header.get("text"), limit=60)
        return
    if name not in FILES or kind == "list":
        refuse_value(f"Header type {name} is not supported for this interactive type.")
    file = header.get(name)
    if not isinstance(file, dict) or bool(file.get("id")) == bool(file.get("link")):
        refuse_parameter(f"Either parameter header['{name}']['id'] or ['link'] is required.")
    if "link" in file:
        check_link(f"header['{name}']['link']", file["link"])


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
        check_size("Button title", reply.get("title"), limit=20)
        check_size("Button ID", reply.get("id"), limit=256)
    for name in ("title", "id"):
        values = [button["reply"][name] for button in buttons]
        if len(set(values)) < len(values):
            refuse_value(f"Button {name} must be unique")


def _check_list(action: Json) -> None:
    check_size("Button label", action.get("button"), limit=20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= MAX_SECTIONS:
        refuse_value("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10")
    for section in sections:
        if not isinstance(section, dict) or not isinstance(section.get("rows"), list):
            refuse_parameter(
                "The parameter interactive['action']['sections'][]['rows'] is required."
            )
        if "title" in section or len(sections) > 1:
            check_size("Section title", section.get("title"), limit=24)
    rows = [row for section in sections for row in section["rows"]]
    if not 1 <= len(rows) <= MAX_ROWS:
        refuse_value("Total row count exceed max allowed count: 10")
    for row in rows:
        check_size("Row title", row.get("title"), limit=24)
        check_size("Row ID", row.get("id"), limit=200)
        if row.get("description"):
            check_size("Row description", row["description"], limit=72)
    ids = [row["id"] for row in rows]
    if len(set(ids)) < len(ids):
        refuse_value("Row ID must be unique")


def _check_link(action: Json) -> None:
    parameters = _read_parameters(action, name="cta_url")
    check_size("Display text", parameters.get("display_text"), limit=20)
    check_link("interactive['action']['parameters']['url']", parameters.get("url"))


def _check_flow(action: Json) -> None:
    parameters = _read_parameters(action, name="flow")
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        refuse_parameter("Either parameter flow_id or flow_name is required.")
    if parameters.get("flow_message_version") != "3":
        refuse_value("Param flow_message_version must be 3")
    check_size("Flow CTA", parameters.get("flow_cta"), limit=30)
    if parameters.get("mode", "published") not in ("draft", "published"):
        refuse_value("Param mode must be one of {DRAFT, PUBLISHED}")
    flow_action = parameters.get("flow_action", "navigate")
    if flow_action not in ("navigate", "data_exchange"):
        refuse_value("Param flow_action must be one of {NAVIGATE, DATA_EXCHANGE}")
    if flow_action == "data_exchange" and "flow_action_payload" in parameters:
        refuse_value("Param flow_action_payload is not allowed with DATA_EXCHANGE")


def _read_parameters(action: Json, *, name: str) -> Json:
    _check_name(action, name)
    parameters = action.get("parameters")
    if not isinstance(parameters, dict):
        refuse_parameter("The parameter interactive['action']['parameters'] is required.")
    return parameters


def _check_name(action: Json, name: str) -> None:
    if action.get("name") != name:
        refuse_value(f"Param interactive['action']['name'] must be {name}")


_CHECKS: dict[str, Callable[[Json], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "flow": _check_flow,
    "location_request_message": lambda action: _check_name(action, "send_location"),
    "request_contact_info": lambda action: _check_name(action, "request_contact_info"),
}
