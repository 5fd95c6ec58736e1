"""The content of a described message as Meta has it; files are stored first."""

import base64
import binascii
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.validation.send_validation import MEDIA_TYPES
from sandbox.webhooks.webhook_bodies import Json
from sandbox.world.media import MediaStore, describe_for_webhook
from sandbox.world.numbers import FakeNumber

# Types that Meta may send without an object of the same name.
BARE_TYPES = ("unsupported", "errors", "request_welcome", "ephemeral", "interactive", "unknown")


class InboundMistakeError(ValueError):
    """Invalid description of a message; the text gives the reason."""


class ContentReader:
    """Reads the object under a message's type: a text may be a string, a file may be base64."""

    def __init__(self, settings: SandboxSettings, media: MediaStore) -> None:
        self._settings = settings
        self._media = media

    def read(self, described: Json, message_type: str, *, number: FakeNumber, base_url: str) -> Any:
        """Returns None for a type without an object. Raises InboundMistakeError."""
        content = described.get(message_type)
        if message_type == "text" and isinstance(content, str):
            return {"body": content}
        if content is None:
            if message_type in BARE_TYPES or "raw" in described:
                return None
            raise InboundMistakeError(f'A message of type "{message_type}" needs "{message_type}".')
        if not isinstance(content, dict | list):
            raise InboundMistakeError(f'"{message_type}" must be an object.')
        if message_type in MEDIA_TYPES and isinstance(content, dict):
            return self._read_media(content, message_type, number=number, base_url=base_url)
        return content

    def _read_media(
        self, content: Json, message_type: str, *, number: FakeNumber, base_url: str
    ) -> Json:
        """Stores a file given as base64, or takes a known file; describes it as Meta does."""
        rest = {name: value for name, value in content.items() if name != "base64"}
        stored = self._media.get(str(content.get("id", "")), number.phone_number_id)
        if "base64" in content:
            try:
                data = base64.b64decode(str(content["base64"]), validate=True)
            except binascii.Error:
                raise InboundMistakeError(f'"{message_type}.base64" is no base64.') from None
            stored = self._media.add(
                data,
                phone_number_id=number.phone_number_id,
                mime_type=str(content.get("mime_type", "application/octet-stream")),
                filename=content.get("filename"),
            )
        if stored is None:
            return rest
        root = (self._settings.public_url or base_url).rstrip("/")
        url = f"{root}/media-content/{self._media.make_link(stored)}"
        return {**describe_for_webhook(stored, url=url), **rest}
