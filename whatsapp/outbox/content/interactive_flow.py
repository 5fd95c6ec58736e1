"""Interactive messages that open a WhatsApp Flow, a form of several screens."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import emoji

from whatsapp.common.values import check_attributes
from whatsapp.errors import InvalidInput
from whatsapp.outbox.content.checks import check_optional_text, check_text

# Meta, "Sending a Flow": 30 characters without emoji, 20 advised.
CTA_LIMIT = 30
# Ours: Meta states none.
NAME_LIMIT = 200
TOKEN_LIMIT = 1000
MESSAGE_VERSION = "3"
# Emoji for Unicode, but plain text without a variation selector: ©, ® and ™.
TEXT_SIGNS = ("\u00a9", "\u00ae", "\u2122")


class FlowMode(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


class FlowAction(StrEnum):
    NAVIGATE = "NAVIGATE"
    DATA_EXCHANGE = "DATA_EXCHANGE"


@dataclass(frozen=True)
class Flow:
    """Named by Meta's id or by its name. `data` fills the first screen, `token` comes back."""

    cta: str
    flow_id: str | None = None
    flow_name: str | None = None
    token: str | None = None
    mode: FlowMode = FlowMode.PUBLISHED
    action: FlowAction = FlowAction.NAVIGATE
    screen: str | None = None
    data: Any = None

    @property
    def name(self) -> str:
        return "flow"

    @property
    def type(self) -> str:
        return "flow"

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
        if (self.flow_id is None) == (self.flow_name is None):
            raise InvalidInput(
                "Either flowId or flowName is needed, and not both.", field=[*field, "flowId"]
            )
        check_text(self.cta, limit=CTA_LIMIT, field=[*field, "cta"])
        if has_emoji(self.cta):
            raise InvalidInput("It can't have an emoji.", field=[*field, "cta"])
        named = {"flowId": self.flow_id, "flowName": self.flow_name, "screen": self.screen}
        for key, text in named.items():
            check_optional_text(text, limit=NAME_LIMIT, field=[*field, key])
        check_optional_text(self.token, limit=TOKEN_LIMIT, field=[*field, "token"])
        self._check_payload(field)

    def _check_payload(self, field: list[str]) -> None:
        given = {"screen": self.screen, "data": self.data}
        for key, value in given.items():
            if value is not None and self.action is FlowAction.DATA_EXCHANGE:
                raise InvalidInput(
                    "With DATA_EXCHANGE your endpoint says what the first screen shows.",
                    field=[*field, key],
                )
        if self.data is None:
            return
        try:
            check_attributes(self.data)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, field=[*field, "data"]) from None
        if not self.data:
            raise InvalidInput("It must have at least one key.", field=[*field, "data"])


def _drop_missing(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def has_emoji(text: str) -> bool:
    """Returns True if the text contains an emoji."""
    return any(match["emoji"] not in TEXT_SIGNS for match in emoji.emoji_list(text))
