"""The templates of every business account in the sandbox, for all kinds of components."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A template in a language."""

    id: str
    name: str
    language: str
    category: str
    components: tuple[Json, ...]
    status: str = "APPROVED"
    parameter_format: str = "POSITIONAL"
    quality_score: str = "UNKNOWN"
    rejected_reason: str = "NONE"

    def get_text(self, kind: str) -> str:
        """Returns the text of its HEADER, BODY or FOOTER, or an empty string."""
        return str(self.get_part(kind).get("text", ""))

    def get_part(self, kind: str) -> Json:
        return next((part for part in self.components if part["type"] == kind), {})

    def describe(self) -> Json:
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": list(self.components),
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality_score, "date": 1750000000},
            "rejected_reason": self.rejected_reason,
            "id": self.id,
        }


def _body(text: str, *examples: str) -> Json:
    part: Json = {"type": "BODY", "text": text}
    return part | {"example": {"body_text": [list(examples)]}} if examples else part


def _media(format: str, name: str) -> Json:
    example = {"header_handle": [f"https://scontent.example/{name}"]}
    return {"type": "HEADER", "format": format, "example": example}


def _buttons(*buttons: Json) -> Json:
    return {"type": "BUTTONS", "buttons": list(buttons)}


def _card(picture: str, text: str) -> Json:
    link = {
        "type": "URL",
        "text": "Look at it",
        "url": "https://shop.example/p/{{1}}",
        "example": ["https://shop.example/p/BOOT-1"],
    }
    parts = [
        _media("IMAGE", picture),
        _body(text, "89 €"),
        _buttons({"type": "QUICK_REPLY", "text": "Reserve"}, link),
    ]
    return {"components": parts}


TRACK_BUTTON = {
    "type": "URL",
    "text": "Track it",
    "url": "https://shop.example/track/{{1}}",
    "example": ["https://shop.example/track/A-1001"],
}
CODE_BUTTON = {
    "type": "URL",
    "text": "Copy code",
    "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
    "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456"],
}
FLOW_BUTTON = {
    "type": "FLOW",
    "text": "Book a table",
    "flow_id": "1122334455667788",
    "flow_action": "NAVIGATE",
    "navigate_screen": "TABLE",
}
NAMED_EXAMPLES = {
    "body_text_named_params": [
        {"param_name": "first_name", "example": "Ana"},
        {"param_name": "discount", "example": "20 %"},
    ]
}

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
            _buttons(TRACK_BUTTON),
        ),
        quality_score="GREEN",
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
            _media("IMAGE", "spring.jpg"),
            {
                "type": "BODY",
                "text": "{{first_name}}, everything green is {{discount}} off until Sunday.",
                "example": NAMED_EXAMPLES,
            },
            _buttons(
                {"type": "QUICK_REPLY", "text": "Show me"},
                {"type": "QUICK_REPLY", "text": "Stop promotions"},
            ),
        ),
        parameter_format="NAMED",
        quality_score="YELLOW",
    ),
    Template(
        "3056987654321098",
        "login_code",
        "en_US",
        "AUTHENTICATION",
        (_body("*{{1}}* is your verification code.", "123456"), _buttons(CODE_BUTTON)),
    ),
    Template(
        "4067098765432109",
        "appointment_reminder",
        "en_US",
        "UTILITY",
        (_body("See you {{1}} at {{2}}.", "tomorrow", "10:00"),),
        status="PAUSED",
    ),
    Template(
        "5078109876543210",
        "appointment_confirmed",
        "en_US",
        "UTILITY",
        (
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "See you {{day}}",
                "example": {
                    "header_text_named_params": [{"param_name": "day", "example": "on Monday"}]
                },
            },
            {
                "type": "BODY",
                "text": "{{first_name}}, we expect you {{day}} at {{time}}.",
                "example": {
                    "body_text_named_params": [
                        {"param_name": "first_name", "example": "Ana"},
                        {"param_name": "day", "example": "on Monday"},
                        {"param_name": "time", "example": "10:00"},
                    ]
                },
            },
            {"type": "FOOTER", "text": "Call us if you can't come"},
            _buttons(
                {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+15550783881"},
                {"type": "URL", "text": "Our page", "url": "https://shop.example/visit"},
            ),
        ),
        parameter_format="NAMED",
    ),
    Template(
        "5078109876543211",
        "invoice",
        "de",
        "UTILITY",
        (
            _media("DOCUMENT", "invoice.pdf"),
            _body("Ihre Rechnung über {{1}}, fällig am {{2}}.", "12,50 €", "1. März"),
        ),
    ),
    Template(
        "5078109876543212",
        "product_video",
        "en_US",
        "MARKETING",
        (
            _media("VIDEO", "boots.mp4"),
            _body("New boots, {{1}} off with the code below.", "10 %"),
            _buttons(
                {"type": "COPY_CODE", "text": "Copy offer code", "example": ["BOOTS10"]},
                {"type": "QUICK_REPLY", "text": "Stop promotions"},
            ),
        ),
    ),
    Template(
        "5078109876543213",
        "pick_up_here",
        "en_US",
        "UTILITY",
        (
            {"type": "HEADER", "format": "LOCATION"},
            _body("Your order {{1}} waits here for you.", "A-1001"),
        ),
    ),
    Template(
        "5078109876543214",
        "table_booking",
        "en_US",
        "UTILITY",
        (_body("Choose your table for tonight."), _buttons(FLOW_BUTTON)),
    ),
    Template(
        "5078109876543215",
        "intro_catalog_offer",
        "en_US",
        "MARKETING",
        (
            _body("{{1}} € off from {{2}} €, for {{3}} days.", "100", "400", "3"),
            {"type": "FOOTER", "text": "Best deals"},
            _buttons({"type": "CATALOG", "text": "View catalog"}),
        ),
    ),
    Template(
        "5078109876543216",
        "flash_sale",
        "en_US",
        "MARKETING",
        (
            {
                "type": "LIMITED_TIME_OFFER",
                "limited_time_offer": {"text": "Ends soon!", "has_expiration": True},
            },
            _body("Everything {{1}} is half the price.", "red"),
            _buttons(
                {"type": "COPY_CODE", "text": "Copy offer code", "example": ["RED50"]},
                {
                    "type": "URL",
                    "text": "Shop now",
                    "url": "https://shop.example/sale?code={{1}}",
                    "example": ["https://shop.example/sale?code=RED50"],
                },
            ),
        ),
    ),
    Template(
        "5078109876543217",
        "boots_carousel",
        "en_US",
        "MARKETING",
        (
            _body("{{1}}, three of our boots:", "Ana"),
            {
                "type": "CAROUSEL",
                "cards": [
                    _card("black.jpg", "Black boots, {{1}}"),
                    _card("brown.jpg", "Brown boots, {{1}}"),
                ],
            },
        ),
    ),
    Template(
        "5078109876543218",
        "product_picks",
        "en_US",
        "MARKETING",
        (
            {"type": "HEADER", "format": "TEXT", "text": "For you"},
            _body("A few things that you may like."),
            _buttons({"type": "MPM", "text": "View items"}),
        ),
    ),
    Template(
        "5078109876543219",
        "cheap_loans",
        "en_US",
        "MARKETING",
        (_body("Get a loan today."),),
        status="REJECTED",
        rejected_reason="ABUSIVE_CONTENT",
    ),
)
