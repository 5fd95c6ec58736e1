"""Outgoing locations."""

from dataclasses import dataclass
from typing import Any, ClassVar

from whatsapp.errors import InvalidInput, RefusalCollector
from whatsapp.messages.message_preview import make_preview
from whatsapp.outbox.content.outgoing_content import ResolvedContent
from whatsapp.outbox.content.text import check_optional_text
from whatsapp.outbox.recipients import Target
from whatsapp.outbox.target_pipeline import References

# Ours: Meta states none.
NAME_LIMIT = 1000
FIELD = ["content", "location"]


@dataclass(frozen=True)
class OutgoingLocation:
    """A location in degrees. WhatsApp shows the address only together with a name."""

    type: ClassVar[str] = "location"
    needs_window: ClassVar[bool] = True
    references: ClassVar[References] = References()
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None

    def describe(self) -> dict[str, Any]:
        location: dict[str, Any] = {"latitude": self.latitude, "longitude": self.longitude}
        labels = {"name": self.name, "address": self.address}
        return location | {key: value for key, value in labels.items() if value is not None}

    def check(self) -> None:
        """Raises InvalidInput."""
        with RefusalCollector() as collect:
            collect(_check_degrees, self.latitude, limit=90, field=[*FIELD, "latitude"])
            collect(_check_degrees, self.longitude, limit=180, field=[*FIELD, "longitude"])
            collect(check_optional_text, self.name, limit=NAME_LIMIT, field=[*FIELD, "name"])
            collect(check_optional_text, self.address, limit=NAME_LIMIT, field=[*FIELD, "address"])

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - needs no look-up
        content = self.describe()
        return ResolvedContent(content, make_preview("location", {"location": content}))


def _check_degrees(degrees: float, *, limit: int, field: list[str]) -> None:
    if not -limit <= degrees <= limit:
        raise InvalidInput(f"Use a number of degrees between -{limit} and {limit}.", field=field)
