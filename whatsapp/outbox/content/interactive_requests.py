"""Interactive messages with one button: a web page, or a request for place or phone number."""

from dataclasses import dataclass
from typing import Any

from whatsapp.outbox.content.checks import check_text, check_url

# Meta, "Interactive call-to-action URL button messages".
DISPLAY_TEXT_LIMIT = 20


@dataclass(frozen=True)
class CtaUrl:
    """A button that opens a web page."""

    display_text: str
    url: str

    @property
    def name(self) -> str:
        return "ctaUrl"

    @property
    def type(self) -> str:
        return "cta_url"

    def build(self) -> dict[str, Any]:
        parameters = {"display_text": self.display_text, "url": self.url}
        return {"name": "cta_url", "parameters": parameters}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        check_text(self.display_text, limit=DISPLAY_TEXT_LIMIT, field=[*field, "displayText"])
        check_url(self.url, field=[*field, "url"])


@dataclass(frozen=True)
class LocationRequest:
    """A button by which the customer sends a place."""

    @property
    def name(self) -> str:
        return "locationRequest"

    @property
    def type(self) -> str:
        return "location_request_message"

    def build(self) -> dict[str, Any]:
        return {"name": "send_location"}

    def check(self, field: list[str]) -> None:
        """There is nothing to be wrong."""


@dataclass(frozen=True)
class ContactRequest:
    """A button by which the customer shares their phone number."""

    @property
    def name(self) -> str:
        return "contactRequest"

    @property
    def type(self) -> str:
        return "request_contact_info"

    def build(self) -> dict[str, Any]:
        return {"name": "request_contact_info"}

    def check(self, field: list[str]) -> None:
        """There is nothing to be wrong."""
