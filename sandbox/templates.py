"""A few approved demo templates, how they are listed, and what a send of one must look like."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.meta_errors import MetaError
from sandbox.send_validation import refuse_parameter

Json = dict[str, Any]
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One template in one language."""

    id: str
    name: str
    language: str
    category: str
    components: tuple[Json, ...]
    status: str = "APPROVED"
    parameter_format: str = "POSITIONAL"

    def get_text(self, kind: str) -> str:
        """The text of its HEADER, BODY or FOOTER, empty where it has none."""
        found = (part for part in self.components if part["type"] == kind)
        return str(next(found, {}).get("text", ""))

    def describe(self) -> Json:
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": list(self.components),
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "id": self.id,
        }


def _body(text: str, *examples: str) -> Json:
    part: Json = {"type": "BODY", "text": text}
    return part | {"example": {"body_text": [list(examples)]}} if examples else part


DEMO_TEMPLATES = (
    Template(
        "594425479261596",
        "hello_world",
        "en_US",
        "UTILITY",
        (
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            _body(
                "Welcome and congratulations! This message demonstrates your ability to send a "
                "WhatsApp message notification. Thank you for taking the time to test with us."
            ),
            {"type": "FOOTER", "text": "WhatsApp Business Platform sample message"},
        ),
    ),
    Template(
        "1034765432109876",
        "order_shipped",
        "en_US",
        "UTILITY",
        (
            _body("Hi {{1}}, your order {{2}} is on its way.", "Ana", "A-1001"),
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "URL",
                        "text": "Track it",
                        "url": "https://shop.example/track/{{1}}",
                        "example": ["https://shop.example/track/A-1001"],
                    }
                ],
            },
        ),
    ),
    Template(
        "1034765432109877",
        "order_shipped",
        "pt_BR",
        "UTILITY",
        (_body("Olá {{1}}, seu pedido {{2}} está a caminho.", "Ana", "A-1001"),),
    ),
    Template(
        "2045876543210987",
        "spring_offer",
        "en_US",
        "MARKETING",
        (
            {
                "type": "HEADER",
                "format": "IMAGE",
                "example": {"header_handle": ["https://scontent.example/spring.jpg"]},
            },
            {
                "type": "BODY",
                "text": "{{first_name}}, everything green is {{discount}} off until Sunday.",
                "example": {
                    "body_text_named_params": [
                        {"param_name": "first_name", "example": "Ana"},
                        {"param_name": "discount", "example": "20 %"},
                    ]
                },
            },
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Show me"},
                    {"type": "QUICK_REPLY", "text": "Stop promotions"},
                ],
            },
        ),
        parameter_format="NAMED",
    ),
    Template(
        "3056987654321098",
        "login_code",
        "en_US",
        "AUTHENTICATION",
        (
            _body("*{{1}}* is your verification code.", "123456"),
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "URL",
                        "text": "Copy code",
                        "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                        "example": ["https://www.whatsapp.com/otp/code/?code=otp123456"],
                    }
                ],
            },
        ),
    ),
    Template(
        "4067098765432109",
        "appointment_reminder",
        "en_US",
        "UTILITY",
        (_body("See you {{1}} at {{2}}.", "tomorrow", "10:00"),),
        status="PAUSED",
    ),
)


class TemplateShelf:
    """The templates of every business account in the sandbox. Tests may change `templates`."""

    def __init__(self) -> None:
        self.templates = list(DEMO_TEMPLATES)

    def list_page(self, query: dict[str, str], *, make_next_url: Callable[[str], str]) -> Json:
        """Meta's answer to GET /{waba_id}/message_templates: filters, `limit`, cursors."""
        names = ("status", "category", "language", "name")
        found = [
            each
            for each in self.templates
            if all(query.get(name, getattr(each, name)) == getattr(each, name) for name in names)
        ]
        start = _read_cursor(query.get("after"))
        limit = _read_limit(query.get("limit"))
        page = found[start : start + limit]
        answer: Json = {"data": [_pick(each.describe(), query.get("fields")) for each in page]}
        if page:
            end = start + len(page)
            cursors = {"before": _make_cursor(start), "after": _make_cursor(end)}
            answer["paging"] = {"cursors": cursors}
            if end < len(found):
                answer["paging"]["next"] = make_next_url(cursors["after"])
        return answer

    def check_send(self, content: Json) -> Template:
        """Raises MetaError 132001, 132015 or 132000 as Meta does."""
        name, language = content["name"], content["language"]["code"]
        template = self._find(name, language)
        if template is None:
            raise MetaError(132001, details=f"template name ({name}) does not exist in {language}")
        if template.status == "PAUSED":
            raise MetaError(132015, details=f"template ({name}) is paused")
        for kind in ("header", "body"):
            _check_parameters(template, content, kind)
        return template

    def render(self, content: Json) -> Json:
        """What the customer reads: header, body and footer with their variables filled in."""
        template = self._find(content["name"], content["language"]["code"])
        if template is None:
            return content
        shown: Json = {"name": template.name}
        for kind in ("header", "body", "footer"):
            text = template.get_text(kind.upper())
            if text:
                shown[kind] = _fill(text, _read_parameters(content, kind))
        shown["buttons"] = [
            button["text"]
            for part in template.components
            for button in part.get("buttons", ())
            if button["type"] == "QUICK_REPLY"
        ]
        return shown

    def _find(self, name: str, language: str) -> Template | None:
        wanted = (name, language)
        return next((t for t in self.templates if (t.name, t.language) == wanted), None)


def _check_parameters(template: Template, content: Json, kind: str) -> None:
    expected = set(_VARIABLE.findall(template.get_text(kind.upper())))
    given = [each for each in _read_parameters(content, kind) if each.get("type") != "image"]
    if len(given) != len(expected):
        raise MetaError(
            132000,
            details=f"{kind}: number of localizable_params ({len(given)}) does not match the "
            f"expected number of params ({len(expected)})",
        )
    if template.parameter_format == "NAMED":
        names = {each.get("parameter_name") for each in given}
        if names != expected:
            refuse_parameter("Invalid parameter", details="Parameter name is missing or empty")


def _read_parameters(content: Json, kind: str) -> list[Json]:
    for part in content.get("components") or ():
        if str(part.get("type")).lower() == kind:
            return list(part.get("parameters") or ())
    return []


def _fill(text: str, parameters: list[Json]) -> str:
    for index, parameter in enumerate(parameters, start=1):
        name = str(parameter.get("parameter_name", index))
        value = parameter.get("text") or _read_fallback(parameter)
        for variable in {found.group() for found in _VARIABLE.finditer(text) if found[1] == name}:
            text = text.replace(variable, value)
    return text


def _read_fallback(parameter: Json) -> str:
    inner = parameter.get(str(parameter.get("type")))
    return str(inner.get("fallback_value", "")) if isinstance(inner, dict) else ""


def _pick(described: Json, fields: str | None) -> Json:
    if not fields:
        return described
    wanted = {*fields.replace(" ", "").split(","), "id"}
    return {name: value for name, value in described.items() if name in wanted}


def _make_cursor(position: int) -> str:
    return base64.b64encode(f"position:{position}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("position:"))
    except ValueError:
        refuse_parameter("Invalid cursor")


def _read_limit(limit: str | None) -> int:
    if limit is None:
        return 25
    if not limit.isdecimal() or int(limit) < 1:
        refuse_parameter("Param limit must be a positive number.")
    return int(limit)
