"""Interactive messages with one button: a URL, a Flow, or a request for location or number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import emoji

from whatsapp.common.values import check_attributes, check_body
from whatsapp.errors import InvalidInput, RefusalCollector
from whatsapp.outbox.content.text import URL_LIMIT, check_optional_text

# Meta, "Interactive call-to-action URL button messages".
DISPLAY_TEXT_LIMIT = 20
# Meta, "Sending a Flow": 30 characters without emoji, 20 advised.
CTA_LIMIT = 30
# Ours: Meta states none.
NAME_LIMIT = 200
TOKEN_LIMIT = 1000
MESSAGE_VERSION = "3"
# Emoji for Unicode, but plain text without a variation selector: ©, ® and ™.
TEXT_SIGNS = ("\u00a9", "\u00ae", "\u2122")


@dataclass(frozen=True)
class CtaUrl:
    """A button that opens a web page."""

    name: ClassVar[str] = "ctaUrl"
    type: ClassVar[str] = "cta_url"
    display_text: str
    url: str

    def build(self) -> dict[str, Any]:
        parameters = {"display_text": self.display_text, "url": self.url}
        return {"name": "cta_url", "parameters": parameters}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        with RefusalCollector() as collect:
            text_field = [*field, "displayText"]
            collect(check_body, self.display_text, limit=DISPLAY_TEXT_LIMIT, field=text_field)
            collect(check_body, self.url, limit=URL_LIMIT, field=[*field, "url"])


@dataclass(frozen=True)
class LocationRequest:
    """A button that lets the customer send a location."""

    name: ClassVar[str] = "locationRequest"
    type: ClassVar[str] = "location_request_message"

    def build(self) -> dict[str, Any]:
        return {"name": "send_location"}

    def check(self, field: list[str]) -> None:
        """There is nothing to be wrong."""


@dataclass(frozen=True)
class ContactRequest:
    """A button that lets the customer share their phone number."""

    name: ClassVar[str] = "contactRequest"
    type: ClassVar[str] = "request_contact_info"

    def build(self) -> dict[str, Any]:
        return {"name": "request_contact_info"}

    def check(self, field: list[str]) -> None:
        """There is nothing to be wrong."""


class FlowMode(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


class FlowAction(StrEnum):
    NAVIGATE = "NAVIGATE"
    DATA_EXCHANGE = "DATA_EXCHANGE"


@dataclass(frozen=True)
class Flow:
    """A Flow, by id or name. `data` fills its first screen, `token` is returned with the answer."""

    name: ClassVar[str] = "flow"
    type: ClassVar[str] = "flow"
    cta: str
    flow_id: str | None = None
    flow_name: str | None = None
    token: str | None = None
    mode: FlowMode = FlowMode.PUBLISHED
    action: FlowAction = FlowAction.NAVIGATE
    screen: str | None = None
    data: Any = None

    def build(self) -> dict[str, Any]:
        payload = {"screen": self.screen, "data": self.data}
        parameters = {
            "flow_message_version": MESSAGE_VERSION,
            "flow_id": self.flow_id,
            "flow_name": self.flow_name,
            "flow_token": self.token,
            "flow_cta": self.cta,
            "mode": "draft" if self.mode is FlowMode.DRAFT else None,
            "flow_action": self.action.value.lower(),
            "flow_action_payload": _drop_missing(payload) or None,
        }
        return {"name": "flow", "parameters": _drop_missing(parameters)}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        references = {"flowId": self.flow_id, "flowName": self.flow_name}
        with RefusalCollector() as collect:
            collect(_check_label, self.cta, field=[*field, "cta"])
            for key, name in references.items():
                name_field = [*field, "reference", key]
                collect(check_optional_text, name, limit=NAME_LIMIT, field=name_field)
            screen_field = [*field, "screen"]
            collect(check_optional_text, self.screen, limit=NAME_LIMIT, field=screen_field)
            collect(check_optional_text, self.token, limit=TOKEN_LIMIT, field=[*field, "token"])
            for key, value in {"screen": self.screen, "data": self.data}.items():
                collect(self._check_absence, value, field=[*field, key])
            collect(self._check_data, field=[*field, "data"])

    def _check_absence(self, value: Any, *, field: list[str]) -> None:
        """Refuses a value that only NAVIGATE allows."""
        if value is not None and self.action is FlowAction.DATA_EXCHANGE:
            raise InvalidInput(
                "Leave it out: with DATA_EXCHANGE, your endpoint chooses the first screen.",
                field=field,
            )

    def _check_data(self, *, field: list[str]) -> None:
        if self.data is None or self.action is FlowAction.DATA_EXCHANGE:
            return
        try:
            check_attributes(self.data)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, field=field) from None
        if not self.data:
            raise InvalidInput("Give an object with at least one key.", field=field)


def _check_label(text: str, *, field: list[str]) -> None:
    check_body(text, limit=CTA_LIMIT, field=field)
    if has_emoji(text):
        raise InvalidInput("Remove the emoji from the label.", field=field)


def _drop_missing(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def has_emoji(text: str) -> bool:
    """Returns True if the text contains an emoji."""
    return any(match["emoji"] not in TEXT_SIGNS for match in emoji.emoji_list(text))
